"""What the recorder of waits makes of the kernel's files and of threads that come, go and run, without a process."""

from __future__ import annotations

import os
from typing import Any

import pytest

from perftools.collect import syscalls, waits, waits_process
from perftools.collect.waits import WaitsRecorder
from perftools.collect.waits_process import ProcessWaits, Stacks
from perftools.record import Missing, Waits
from perftools.remote.memory import Unreadable
from tests.observed import process, target

WAITING = {"schedstat": b"10 5 1\n", "syscall": b"45 0x3 0x7f 0x1 0x0 0x0 0x0 0x7ffe 0x7f\n"}
RUNNING = {"schedstat": b"11 5 2\n", "syscall": b"running\n"}


class Frame:
    class code:  # noqa: N801 (a stand-in)
        function, file = "f", "/srv/app.py"

    def __init__(self, line: int) -> None:
        self.line = line


class Fake(ProcessWaits):
    """Threads as the test sets them: files by thread, and what walks give."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **threads: dict[str, bytes]) -> None:
        self.files = {name.lstrip("t"): files for name, files in threads.items()}
        self.walked: list[str] = []
        self.line: int | None = 7
        monkeypatch.setattr(waits_process.interpreter, "attach", lambda pid: None)
        monkeypatch.setattr(waits_process, "gil_area", lambda pid: range(4096, 8192))
        super().__init__(process(os.getpid()), Stacks())
        monkeypatch.setattr(waits_process.os, "listdir", lambda folder: list(self.files))

    def _read(self, thread: Any, name: str) -> bytes:
        return self.files[thread.tid].get(name, b"")

    def _stack(self, thread: Any) -> Any:
        self.walked.append(thread.tid)
        if self.line is None:
            raise Unreadable("torn")
        return (Frame(self.line),) if self.line else ()


def test_a_thread_is_walked_once_as_long_as_it_does_not_run(monkeypatch) -> None:
    seen = Fake(monkeypatch, t1=dict(WAITING))
    for second in range(3):
        seen.look(10.0 + second)
    assert seen.walked == ["1"]
    looks, (wait,) = seen.result()
    assert (looks.looks, looks.span_s, looks.running, looks.failed) == (3, 2.0, 0, 0)
    assert (wait.kind, wait.call, wait.looks, wait.longest_s) == ("thread", "recvfrom", 3, 2.0)
    seen.files["1"]["schedstat"] = b"12 5 2\n"
    seen.line = 8
    seen.look(14.0)
    assert seen.walked == ["1", "1"]
    assert sorted(wait.looks for wait in seen.result()[1]) == [1, 3]
    seen.close()


def test_who_runs_or_waits_for_the_gil_stands_nowhere(monkeypatch) -> None:
    gil = {"schedstat": b"1 1 1\n", "syscall": b"202 0x1800 0x80 0x0 0x0 0x0 0x0 0x7ffe 0x7f\n"}
    lock = {"schedstat": b"1 1 1\n", "syscall": b"202 0x9000 0x80 0x0 0x0 0x0 0x0 0x7ffe 0x7f\n"}
    seen = Fake(monkeypatch, t1=dict(RUNNING), t2=gil, t3=lock)
    monkeypatch.setattr(seen, "_futex", frozenset({b"202"}))
    seen.look(1.0)
    seen.look(2.0)
    looks, waits_ = seen.result()
    assert (looks.running, looks.gil) == (2, 2)
    assert [(wait.call, wait.looks) for wait in waits_] == [("futex", 2)]
    seen.close()


def test_what_cannot_be_read_or_ran_meanwhile_is_a_failure_and_tried_again(monkeypatch) -> None:
    seen = Fake(monkeypatch, t1=dict(WAITING))
    seen.line = None
    seen.look(1.0)
    assert seen.result()[0].failed == 1
    seen.line = 7
    seen.look(2.0)
    assert [wait.looks for wait in seen.result()[1]] == [1]
    seen.close()


def test_a_thread_without_python_and_a_kernel_without_counters(monkeypatch) -> None:
    foreign = Fake(monkeypatch, t1=dict(WAITING))
    foreign.line = 0
    foreign.look(1.0)
    foreign.look(2.0)
    assert foreign.walked == ["1"] and not foreign.result()[1]
    foreign.close()
    uncounted = Fake(monkeypatch, t1={**WAITING, "schedstat": b"0 0 0\n"})
    uncounted.look(1.0)
    uncounted.look(2.0)
    assert uncounted.walked == ["1", "1"], "nothing says that it has not run"
    uncounted.close()
    unnamed = Fake(monkeypatch, t1={"schedstat": b"1 1 1\n", "stat": b"1 (a ) R) R 1"}, t2={"stat": b"2 (b) S 1"})
    unnamed.look(1.0)
    assert unnamed.result()[0].running == 1, "by the state, where system calls are not told"
    unnamed.close()


def test_a_process_without_threads_has_ended(monkeypatch) -> None:
    seen = Fake(monkeypatch)
    with pytest.raises(Unreadable, match="ended"):
        seen.look(1.0)
    seen.close()


def test_too_many_stacks_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(waits_process, "_MOST_STACKS", 2)
    stacks = Stacks()
    assert [stacks.add((Frame(line),)) for line in (1, 2)] == [0, 1]  # type: ignore[arg-type]
    with pytest.raises(Unreadable, match="too many"):
        stacks.add((Frame(3),))  # type: ignore[arg-type]


class Looked:
    """A process whose looks cost so much CPU."""

    def __init__(self, clock: dict[str, float], cpu_s: float) -> None:
        self.clock, self.cpu_s, self.at_s = clock, cpu_s, []

    def look(self, now_s: float) -> None:
        self.clock["cpu"] += self.cpu_s
        self.at_s.append(now_s)


def test_looks_are_regular_in_turn_and_within_the_budget(monkeypatch) -> None:
    clock = {"now": 100.0, "cpu": 0.0}
    monkeypatch.setattr(waits.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(waits.time, "thread_time", lambda: clock["cpu"])

    def run(count: int, cpu_s: float) -> list[list[float]]:
        recorder = WaitsRecorder(target(os.getpid()))
        watched = [Looked(clock, cpu_s) for _ in range(count)]
        recorder._watched = dict(enumerate(watched))  # type: ignore[arg-type]
        recorder._due_s = dict.fromkeys(range(count), clock["now"])
        for _ in range(500):
            clock["now"] += 0.02
            recorder.step()
        return [each.at_s for each in watched]

    (cheap,) = run(1, 0.0001)
    assert 100 < len(cheap) < 200, "10 to 20 looks a second"
    dear = run(4, 0.004)
    spent_s = 0.004 * sum(map(len, dear))
    assert spent_s <= waits.BUDGET_CORES * (10 + 2), "a core's hundredths, with what may be saved up"
    assert max(map(len, dear)) - min(map(len, dear)) <= 1, "each has its turn"


def test_nothing_looked_at_is_missing_with_its_reason() -> None:
    recorder = WaitsRecorder(target(os.getpid()))
    missing = recorder.result()
    assert isinstance(missing, Missing) and not isinstance(missing, Waits)
    recorder._problems[1] = Unreadable("no right", "V-NORIGHT")
    missing = recorder.result()
    assert isinstance(missing, Missing) and missing.remedy


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_system_calls_are_named_by_their_number(machine: str) -> None:
    known = syscalls.names(machine)
    assert len(set(known.values())) >= 30 and {"recvfrom", "futex", "clock_nanosleep"} <= set(known.values())
    assert syscalls.name(b"45 0x3", syscalls.names("x86_64")) == "recvfrom"
    assert syscalls.name(b"207 0x3", syscalls.names("aarch64")) == "recvfrom"
    assert syscalls.name(b"-1 0x7ffe 0x7f", known) == syscalls.name(b"", known) == ""
    assert syscalls.names("riscv64") == {}
