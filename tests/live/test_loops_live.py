"""Long steps of event loops that are never idle, on every CPython here; many short ones are none."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perftools.collect.loops import LoopsRecorder
from perftools.record import EventLoops
from tests.observed import target
from tests.pythons import python_with, readable_pythons

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("loops_target.py")
PATIENCE_S = 20.0


@contextlib.contextmanager
def running(python: str, *arguments: str) -> Iterator[int]:
    """The program on a CPython, its loop busy."""
    process = subprocess.Popen([python, str(TARGET), *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def observe(pid: int, *, looks: int, steps: int = 0) -> EventLoops:
    """Look so often, and until so many steps were seen."""
    recorder = LoopsRecorder(target(pid), budget_cores=1.0)
    end_s = time.monotonic() + PATIENCE_S
    try:
        while True:
            recorder.begin_round(0, "active", 2.0)
            round_s = time.monotonic() + 2.0
            while time.monotonic() < round_s:
                recorder.step()
                time.sleep(0.01)
                seen = recorder.result()
                assert isinstance(seen, EventLoops), seen
                if sum(each.looks for each in seen.loops) >= looks and len(seen.steps) >= steps:
                    return seen
            recorder.end_round()
            assert time.monotonic() < end_s, seen
    finally:
        recorder.close()


def functions(seen: EventLoops, stack: int) -> list[str]:
    """Of a stack, leaf first, without their classes."""
    return [seen.frames[at][0].rpartition(".")[2] for at in seen.stacks[stack]]


WITH_UVLOOP = [(python, "uvloop") for python in python_with("uvloop")[:1]]
LOOPS = [*((python, "asyncio") for python in readable_pythons().values()), *WITH_UVLOOP]
IDS = [*(f"{major}.{minor}" for major, minor in readable_pythons()), *("uvloop" for _ in WITH_UVLOOP)]


@pytest.mark.parametrize(("python", "kind"), LOOPS, ids=IDS)
def test_long_steps_are_seen_with_their_handler_and_cpu_time(python: str, kind: str) -> None:
    with running(python, "blocked", kind) as pid:
        seen = observe(pid, looks=50, steps=4)
    assert [(each.kind, each.tid) for each in seen.loops] == [(kind, pid)]
    for step in seen.steps:
        assert "long_steps" in functions(seen, step.stack)
        assert "short_steps" not in functions(seen, step.stack)
        assert 0.02 <= step.ran_s <= 0.16 + 0.01
        assert step.ran_s <= step.lasted_s + 0.01
    assert max(step.ran_s for step in seen.steps) > 0.06
    assert sum(step.looks for step in seen.steps) > 0.4 * seen.loops[0].looks


@pytest.mark.parametrize(
    ("python", "kind"), dict.fromkeys([LOOPS[0], LOOPS[len(readable_pythons()) - 1], *WITH_UVLOOP])
)
def test_many_short_steps_are_none_however_busy_the_loop(python: str, kind: str) -> None:
    """Not even where one round of the loop takes 160 ms, and tasks come and go at the same addresses."""
    with running(python, "healthy", kind) as pid:
        seen = observe(pid, looks=75)
    assert seen.steps == ()
