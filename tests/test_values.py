"""The value recorder: counts and votes, its budget, and workers that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from perftools.collect import values
from perftools.collect.sightings import Place, Sightings, Spot
from perftools.collect.values import ValuesRecorder
from perftools.record import Cost, Missing, Position, Process, Type, Values
from perftools.remote.memory import Unreadable
from perftools.source import Watch
from tests.observed import target

FLOAT, INT, TEXT = Type(name="float"), Type(name="int"), Type(name="str")
SPOT = Spot("/srv/app.py", "score", 10, 12)
WATCH = Watch(SPOT.file, 10, 20, ("rows",), ())


def _list(*items: Type) -> Type:
    return Type(name="list", items=items)


def test_types_are_counted_by_name_most_frequent_first() -> None:
    sightings = Sightings()
    for length in (10, 30, 20):
        sightings.saw(1, "rows", 4096, _list(FLOAT), (length,))
    sightings.saw(1, "rows", 8192, _list(TEXT), (5,))
    sightings.saw(1, "x", 4096, FLOAT, ())
    site = sightings.site(SPOT)
    assert [(seen.name, str(seen.type), seen.sizes, seen.count, seen.same) for seen in site.seen] == [
        ("rows", "list[float]", (20,), 3, False),
        ("rows", "list[str]", (5,), 1, False),
        ("x", "float", (), 1, True),
    ]


def test_samples_of_like_elements_are_one_type() -> None:
    sightings = Sightings()
    for _ in range(2):
        sightings.saw(1, "rows", 4096, _list(FLOAT, INT), (9,))
    sightings.saw(1, "rows", 4096, _list(INT, FLOAT), (9,))
    (seen,) = sightings.site(SPOT).seen
    assert (seen.type, seen.count) == (_list(FLOAT, INT), 3)


def test_sizes_of_another_depth_do_not_count() -> None:
    sightings = Sightings()
    for sizes in ((4, 8), (6, 2), (8, 4), (5,)):
        sightings.saw(1, "rows", 4096, _list(_list()), sizes)
    assert sightings.site(SPOT).seen[0].sizes == (6, 4)


def test_the_same_object_is_so_in_each_process() -> None:
    sightings = Sightings()
    for pid, address in ((1, 4096), (2, 8192), (1, 4096)):
        sightings.saw(pid, "table", address, _list(FLOAT), (9,))
    assert sightings.site(SPOT).seen[0].same
    sightings.saw(2, "table", 4096, _list(FLOAT), (9,))
    assert not sightings.site(SPOT).seen[0].same


def test_positions_are_counted() -> None:
    sightings = Sightings()
    for column in (4, 8, 8):
        sightings.stood(Place(12, 12, column, column + 5, calling=column == 8))
    assert sightings.site(SPOT).positions == (
        Position(line=12, end_line=12, column=8, end_column=13, calling=True, count=2),
        Position(line=12, end_line=12, column=4, end_column=9, calling=False, count=1),
    )


class FakeWalker:
    """Sees one list of floats a walk; `costs_s` of CPU each, on the clock of the test."""

    clock: Clock
    costs_s = 0.0
    problems: Mapping[int, list[Unreadable]] = {}

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self.walks = self.failed = 0
        self._raise("attach")

    def refresh(self) -> None:
        pass

    def walk(self, watches: Mapping[str, Sequence[Watch]], sightings: dict[Spot, Sightings]) -> None:
        self._raise("walk")
        self.walks += 1
        self.clock.cpu_s += self.costs_s
        here = sightings.setdefault(SPOT, Sightings())
        here.walks += 1
        here.saw(self.pid, "rows", 4096, _list(FLOAT), (9,))

    def _raise(self, when: str) -> None:
        todo = self.problems.get(self.pid, [])
        if todo and str(todo[0]).startswith(when):
            raise todo.pop(0)


class Clock:
    """The test's time."""

    def __init__(self) -> None:
        self.now_s = self.cpu_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def thread_time(self) -> float:
        return self.cpu_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(values, "time", clock)
    monkeypatch.setattr(values, "Walker", FakeWalker)
    monkeypatch.setattr(FakeWalker, "clock", clock, raising=False)
    monkeypatch.setattr(FakeWalker, "costs_s", 0.0005)
    monkeypatch.setattr(FakeWalker, "problems", {})
    return clock


def _run(recorder: ValuesRecorder, clock: Clock, rounds: int = 1, steps: int = 50) -> Any:
    for number in range(rounds):
        recorder.begin_round(number, "active", 2.0)
        for _ in range(steps):
            recorder.step()
            clock.now_s += 0.04
        recorder.end_round()
    return recorder.result()


def test_nothing_is_read_before_it_is_told_where(clock: Clock) -> None:
    recorder = ValuesRecorder(target(os.getpid()))
    result = _run(recorder, clock)
    assert isinstance(result, Missing)
    assert result.code == "V-NOTHING"
    recorder.watch([WATCH])
    result = _run(recorder, clock)
    assert isinstance(result, Values)
    assert (result.walks, result.failed, result.sites[0].walks) == (50, 0, 50)
    assert result.cost.max_gap_ms == pytest.approx(40)
    assert result.cost.complete == "all workers"


def test_workers_take_turns(clock: Clock) -> None:
    recorder = ValuesRecorder(target(os.getpid(), os.getppid()))
    recorder.watch([WATCH])
    assert _run(recorder, clock, steps=10).walks == 10
    assert {walker.walks for walker in recorder._walkers.values()} == {5}  # type: ignore[attr-defined]


def test_walks_beyond_the_budget_are_left_out(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeWalker, "costs_s", 0.008)
    recorder = ValuesRecorder(target(os.getpid()), budget_cores=0.02)
    recorder.watch([WATCH])
    result = _run(recorder, clock, rounds=10)
    cost: Cost = result.cost
    assert cost.cpu_s <= 0.02 * 20 + 0.07  # the burst and the last walk come on top
    assert cost.cpu_s > 0.02 * 20 * 0.8
    assert cost.lost == 500 - result.walks
    assert f"{cost.lost} of 500 steps left out to stay within 2 % of a core" in cost.complete
    assert cost.max_gap_ms > 100


def test_a_worker_that_cannot_be_read_is_named_and_the_others_go_on(clock: Clock) -> None:
    FakeWalker.problems = {os.getppid(): [Unreadable("attach: no right", "V-NORIGHT")] * 9}
    recorder = ValuesRecorder(target(os.getppid(), os.getpid()))
    recorder.watch([WATCH])
    result = _run(recorder, clock, rounds=2)
    assert result.walks == 100
    assert result.cost.complete == f"1 of 2 workers ({os.getppid()}: attach: no right)"


def test_all_unreadable_is_missing_with_its_reason_and_remedy(clock: Clock) -> None:
    FakeWalker.problems = {os.getpid(): [Unreadable("attach: no right", "V-NORIGHT")] * 9}
    recorder = ValuesRecorder(target(os.getpid()))
    recorder.watch([WATCH])
    result = _run(recorder, clock)
    assert isinstance(result, Missing)
    assert (result.code, result.reason) == ("V-NORIGHT", "attach: no right")
    assert result.remedy


def test_a_worker_is_tried_again_and_what_it_gave_is_kept(clock: Clock) -> None:
    FakeWalker.problems = {os.getpid(): [Unreadable("attach: starting", "V-BUILD"), Unreadable("walk: gone", "V-GONE")]}
    recorder = ValuesRecorder(target(os.getpid()))
    recorder.watch([WATCH])
    assert isinstance(_run(recorder, clock), Missing)
    assert isinstance(_run(recorder, clock), Missing)  # ended at its first walk
    assert _run(recorder, clock).walks == 50
    FakeWalker.problems = {os.getpid(): [Unreadable("walk: gone", "V-GONE")] * 9}
    result = _run(recorder, clock)
    assert (result.walks, result.sites[0].walks) == (50, 50)
    assert "0 of 1 workers" in result.cost.complete


def test_a_pid_that_another_process_has_now_is_not_read(clock: Clock) -> None:
    mine = target(os.getpid())
    stranger = type(mine)(
        root_pid=mine.root_pid,
        asked=mine.asked,
        processes=tuple(_renamed(process) for process in mine.processes),
        cpus=mine.cpus,
    )
    recorder = ValuesRecorder(stranger)
    recorder.watch([WATCH])
    result = _run(recorder, clock)
    assert isinstance(result, Missing)
    assert result.code == "V-GONE"


def _renamed(process: Process) -> Process:
    return msgspec.structs.replace(process, start_ticks=process.start_ticks + 1)
