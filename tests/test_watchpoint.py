"""What the watchpoint makes of the records of several rings."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.perf_events import Gap, Sample
from perftools.collect.gc.watchpoint import Watchpoint
from perftools.remote.memory import Unreadable

SET, CLEAR, EVENT = 0x10, 0x20, 1


class Scene:
    """A watchpoint on two rings that hold what they are given; the flag is 0 whenever it is looked at."""

    def __init__(self) -> None:
        self.flag = b"\0\0\0\0"
        self.records: list[list[Any]] = [[], []]
        memory = SimpleNamespace(window=lambda ranges: lambda: self.flag)
        state: Any = SimpleNamespace(
            collecting_address=4096, collecting_size=4, runtime=SimpleNamespace(memory=memory, version=(3, 13, 0))
        )
        self.watchpoint: Any = Watchpoint(1, state)
        self.watchpoint._rings = {cpu: SimpleNamespace(read=lambda cpu=cpu: self.taken(cpu)) for cpu in (0, 1)}
        self.watchpoint._look_at_flag()
        time.sleep(0.001)
        assert self.watchpoint.drain() == []
        self.collection(0)
        assert len(self.settled()) == 1

    def taken(self, cpu: int) -> list[Any]:
        records, self.records[cpu] = self.records[cpu], []
        return records

    def write(self, cpu: int, ip: int, *, event: int = EVENT, time_ns: int = 0) -> int:
        time_ns = time_ns or time.monotonic_ns()
        self.records[cpu].append(Sample(time_ns, 7, ip, event))
        return time_ns

    def collection(self, cpu: int) -> RawPause:
        return RawPause(self.write(cpu, SET), self.write(cpu, CLEAR), 7)

    def settled(self) -> list[RawPause]:
        pauses = []
        for _ in range(2):
            time.sleep(0.001)
            pauses += self.watchpoint.drain()
        return pauses


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_collection_that_moves_to_another_cpu(scene: Scene) -> None:
    start_ns = scene.write(1, SET)
    stop_ns = scene.write(0, CLEAR)
    assert scene.settled() == [RawPause(start_ns, stop_ns, 7)]


def test_what_is_younger_than_the_call_waits_for_the_next(scene: Scene) -> None:
    start_ns = scene.write(0, SET)
    stop_ns = scene.write(1, CLEAR, time_ns=time.monotonic_ns() + 200_000_000)
    assert scene.watchpoint.drain() == []
    assert scene.watchpoint.open_since_ns == start_ns
    time.sleep(0.2)
    assert scene.watchpoint.drain() == [RawPause(start_ns, stop_ns, 7)]


def test_a_write_recorded_by_two_events_is_one(scene: Scene) -> None:
    start_ns = scene.write(0, SET)
    scene.write(0, SET, event=2)
    stop_ns = scene.write(0, CLEAR)
    scene.write(0, CLEAR, event=2)
    assert scene.settled() == [RawPause(start_ns, stop_ns, 7)]
    assert scene.watchpoint.lost == 0


@pytest.mark.parametrize("dropped", [0, 20])
def test_no_pause_spans_a_gap(scene: Scene, dropped: int) -> None:
    since_ns = scene.write(0, SET)
    within = scene.write(1, CLEAR)
    scene.records[0].append(Gap(since_ns, within, dropped))
    scene.write(0, CLEAR)
    assert scene.settled() == []
    assert scene.watchpoint.lost == dropped + 3
    whole = scene.collection(1)
    assert scene.settled() == [whole]
    scene.write(0, SET)
    scene.watchpoint.drain()
    scene.records[1].append(Gap(time.monotonic_ns(), time.monotonic_ns(), dropped))
    scene.watchpoint.drain()
    assert scene.watchpoint.open_since_ns is None


def test_a_flag_that_holds_something_else_is_none(scene: Scene) -> None:
    scene.flag = b"\2\0\0\0"
    with pytest.raises(Unreadable, match="holds 2"):
        scene.watchpoint.drain()
