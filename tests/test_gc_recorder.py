"""The recorder of garbage collection: streams of reports made by hand, and a watcher that fails in every way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from perftools.collect import child
from perftools.collect.crew import Crew
from perftools.collect.gc import messages, recorder
from perftools.collect.gc.recorder import GcRecorder
from perftools.record import Collector, Gc, GcCharge, GcMethod, Generation, Missing, Pause
from tests.observed import target

OWN, PARENT = os.getpid(), os.getppid()


class FakeChild:
    """A program that runs until it is told to end."""

    def __init__(self) -> None:
        self.started_s = 0.0
        self.cpu_s = 0.1
        self.status: int | None = None
        self.killed = False

    def ended(self) -> bool:
        return self.status is not None

    def kill(self) -> None:
        self.killed = True


class Watching:
    """A recorder whose watcher is the test."""

    def __init__(self, *pids: int) -> None:
        self.child = FakeChild()
        self.argv: list[str] = []
        self.environment: dict[str, str] = {}
        self.recorder = GcRecorder(target(*pids))

    def start(self, argv: list[str], *, environment: dict[str, str], pass_fds: Any, **_: Any) -> FakeChild:
        self.argv, self.environment, (self.order, self.output) = argv, environment, pass_fds
        return self.child

    def tells(self, **parts: Any) -> None:
        messages.write(self.output, msgspec.structs.replace(EMPTY, **parts))

    def result(self) -> Gc:
        self.recorder.step()
        result = self.recorder.result()
        assert isinstance(result, Gc), result
        return result


EMPTY = messages.Report(
    cpu_s=0.02, collectors=(), pauses=(), frames=(), stacks=(), charges=(), unwatched={}, born=0,
    lost=0, slowest=1.0,
)  # fmt: skip


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start watching some pids."""
    made = []

    def begin(*pids: int) -> Watching:
        watching = Watching(*pids)
        monkeypatch.setattr(child, "start", watching.start)
        monkeypatch.setattr(recorder, "_CHECK_S", 0.0)
        watching.recorder.begin_round(0, "active", 2.0)
        made.append(watching)
        return watching

    yield begin
    for watching in made:
        watching.recorder.close()


Begin = Callable[..., Watching]


def collector(pid: int, end_s: float = 2.0, *, start_s: float = 0.1, method: GcMethod = "watchpoint") -> Collector:
    generation = Generation(collections=3, collected=30, uncollectable=0, threshold=700)
    return Collector(
        pid=pid, method=method, because="", start_s=start_s, end_s=end_s, enabled=True, generations=(generation,),
        frozen=0, long_lived=None, pending=None, unseen=0, max_gap_ms=6.0,
    )  # fmt: skip


def pause(pid: int, start_s: float, stack: int | None = None) -> Pause:
    return Pause(pid=pid, thread_id=pid, start_s=start_s, duration_ms=5.0, generation=0, stack=stack)


FRAME, OTHER = ("score", "/srv/app.py", 12), ("<module>", "/srv/app.py", 90)


def test_reports_add_up(watch: Begin) -> None:
    watching = watch(OWN)
    watching.tells(
        collectors=(collector(OWN, 1.0),), pauses=(pause(OWN, 0.7, 0),), frames=(FRAME, OTHER), stacks=((0, 1),),
        charges=(GcCharge(pid=OWN, stack=0, looks=2),),
    )  # fmt: skip
    assert watching.result().collectors == (collector(OWN, 1.0),)
    watching.tells(
        collectors=(collector(OWN, 2.0),), pauses=(pause(OWN, 0.5), pause(OWN, 1.5, 1)), stacks=((1,),), cpu_s=0.04,
        charges=(GcCharge(pid=OWN, stack=0, looks=1), GcCharge(pid=OWN, stack=1, looks=1)),
    )  # fmt: skip
    seen = watching.result()
    assert seen.collectors == (collector(OWN, 2.0),)
    assert [each.start_s for each in seen.pauses] == [0.5, 0.7, 1.5]
    assert (seen.frames, seen.stacks) == ((FRAME, OTHER), ((0, 1), (1,)))
    assert seen.charges == (GcCharge(pid=OWN, stack=0, looks=3), GcCharge(pid=OWN, stack=1, looks=1))
    assert (seen.cost.cpu_s, seen.cost.max_gap_ms, seen.cost.complete) == (0.04, 6.0, "all workers")
    assert seen.cost.method == "hardware watchpoint on the collector's flag"


def test_each_span_of_a_process_is_kept(watch: Begin) -> None:
    watching = watch(OWN)
    watching.tells(collectors=(collector(OWN, 1.0),))
    watching.tells(collectors=(collector(OWN, 1.1),))
    watching.tells(collectors=(collector(OWN, 2.0, start_s=1.4, method="poll"),), born=1)
    watching.tells(collectors=(collector(PARENT, 2.0, start_s=1.5),), born=2, slowest=2.4, lost=7)
    seen = watching.result()
    assert [(each.pid, each.start_s, each.end_s) for each in seen.collectors] == [
        (OWN, 0.1, 1.1), (OWN, 1.4, 2.0), (PARENT, 1.5, 2.0),
    ]  # fmt: skip
    assert seen.cost.lost == 7
    assert "1 of 2 processes born in the window" in seen.cost.complete
    assert "up to 2.4 times less often than planned" in seen.cost.complete


def test_a_worker_without_right_is_named_and_the_others_go_on(watch: Begin) -> None:
    watching = watch(OWN, PARENT)
    right = Missing(code="V-NORIGHT", reason="the kernel does not let us read this process's memory")
    watching.tells(collectors=(collector(OWN),), unwatched={PARENT: right})
    seen = watching.result()
    assert f"1 of 2 workers ({PARENT}: the kernel does not let us" in seen.cost.complete
    assert seen.unwatched[PARENT].code == "V-NORIGHT"
    assert seen.unwatched[PARENT].remedy


def test_no_right_at_all_is_missing_with_its_remedy(watch: Begin) -> None:
    watching = watch(OWN)
    watching.tells(unwatched={OWN: Missing(code="V-NORIGHT", reason="no right")})
    watching.recorder.step()
    missing = watching.recorder.result()
    assert isinstance(missing, Missing)
    assert (missing.code, missing.reason) == ("V-NORIGHT", "no right")
    assert missing.remedy


def test_a_window_that_ends_at_once_is_missing(watch: Begin) -> None:
    watching = watch(OWN)
    watching.recorder.end_round()
    missing = watching.recorder.result()
    assert isinstance(missing, Missing)
    assert missing.reason == "the window ended before the watcher had begun"


def test_what_was_seen_before_the_watcher_died_is_kept(watch: Begin) -> None:
    watching = watch(OWN)
    watching.tells(collectors=(collector(OWN, 1.3),), pauses=(pause(OWN, 0.5),))
    watching.recorder.step()
    watching.child.status = -9
    seen = watching.result()
    assert len(seen.pauses) == 1
    assert "up to 1.3 s: the watcher ended (signal 9)" in seen.cost.complete
    assert watching.recorder.living_cpu_s == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xff\xff\xff\x7f",
        b"\x02\0\0\0no",
        b"\x01\0\0\0\x80",
        pytest.param({"charges": (GcCharge(pid=1, stack=3, looks=1),)}, id="a stack that is not there"),
        pytest.param({"stacks": ((0, 5),)}, id="a frame that is not there"),
    ],
)
def test_nonsense_ends_the_watcher_with_a_reason(watch: Begin, nonsense: bytes | dict[str, Any]) -> None:
    watching = watch(OWN)
    if isinstance(nonsense, bytes):
        os.write(watching.output, nonsense)
    else:
        watching.tells(**nonsense)
    watching.recorder.step()
    missing = watching.recorder.result()
    assert isinstance(missing, Missing)
    assert missing.reason.startswith("the watcher's report cannot be read: ")
    assert watching.child.killed


def test_a_watcher_that_costs_too_much_is_ended(watch: Begin) -> None:
    watching = watch(OWN)
    watching.child.started_s = 1e12  # just now
    watching.child.cpu_s = 60.0
    watching.recorder.step()
    missing = watching.recorder.result()
    assert isinstance(missing, Missing)
    assert missing.reason == "the watcher used 60.0 s of CPU, and was ended"
    assert watching.child.killed


def test_the_cost_of_a_living_watcher_counts(watch: Begin) -> None:
    watching = watch(OWN)
    crew = Crew([watching.recorder])
    watching.tells(collectors=(collector(OWN),), cpu_s=0.25)
    crew.step()
    assert crew.living_cpu_s() == 0.25


def test_the_watcher_knows_whom_to_watch_and_has_no_more_than_it_needs(
    watch: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "relative", "/opt/modules"]))
    monkeypatch.setenv("SECRET", "1")
    watching = watch(OWN)
    (order,) = messages.Reader(watching.order).read(messages.Order)
    assert ([worker.pid for worker in order.workers], order.family) == ([OWN], (OWN,))
    assert watching.argv[:4] == [sys.executable, "-P", "-m", "perftools.collect.gc.watcher"]
    paths = watching.environment["PYTHONPATH"].split(os.pathsep)
    assert "/opt/modules" in paths
    assert all(path.startswith("/") for path in paths)
    assert "SECRET" not in watching.environment


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise RuntimeError('no luck\\x1b[31m')", "the watcher ended (exit code 1): RuntimeError: no luck[31m"),
        ("import os; os.kill(os.getpid(), 6)", "the watcher ended (signal 6): it said nothing"),
        ("import sys, os; os.write(int(sys.argv[2]), b'abcdefgh'); input()", "the watcher's report cannot be read"),
    ],
)
def test_a_real_program_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, reason: str) -> None:
    (tmp_path / "failing_watcher.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(recorder, "_PROGRAM", "failing_watcher")
    monkeypatch.setattr(recorder, "_CHECK_S", 0.0)
    failing = GcRecorder(target(OWN))
    failing.begin_round(0, "active", 1.0)
    try:
        started = failing._child
        assert isinstance(started, child.Child)
        started.wait(10)
        failing.step()
        missing = failing.result()
    finally:
        failing.close()
    assert isinstance(missing, Missing)
    assert missing.reason.startswith(reason)
    assert "\x1b" not in missing.reason
