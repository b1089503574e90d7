"""Garbage collection of all workers over the window: starts the watcher, and takes in what it reports."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter

from perftools.collect import child
from perftools.collect.gc import messages
from perftools.collect.gc.pace import MOST_CORES, MOST_CORES_EACH
from perftools.collect.recorder import Kind
from perftools.collect.values import REMEDIES
from perftools.record import Collector, Cost, Gc, GcCharge, GcMethod, Missing, Pause, Target

_PROGRAM = "perftools.collect.gc.watcher"
_LIMITS = child.Limits(cpu_s=900, file_bytes=messages.MOST_BYTES)
_MOST_CORES = 0.25
"""The watcher keeps within much less; one that does not is ended."""
_GRACE_CPU_S = 1.0
_CHECK_S = 0.5
_METHODS: dict[GcMethod, str] = {
    "watchpoint": "hardware watchpoint on the collector's flag",
    "ring": "the statistics that CPython keeps",
    "poll": "polling by process_vm_readv, 1,000 times a second",
}


class GcRecorder:
    """The watcher runs from the first round's start until `close`; between rounds it goes on."""

    id = "gc"

    def __init__(self, target: Target) -> None:
        self._target = target
        self._workers = [process.pid for process in target.workers]
        self._child: child.Child | None = None
        self._order = self._output = self._log = -1
        self._reader: messages.Reader | None = None
        self._failed: Missing | None = None
        self._checked_s = 0.0
        self._report: messages.Report | None = None
        """The latest."""
        self._collectors: dict[tuple[int, float], Collector] = {}
        self._pauses: list[Pause] = []
        self._frames: list[tuple[str, str, int]] = []
        self._stacks: list[tuple[int, ...]] = []
        self._charges: Counter[tuple[int, int]] = Counter()

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Start the watcher with the first round."""
        if self._child is None and self._failed is None:
            self._start()

    def step(self) -> None:
        """Take in what has come."""
        self._read()
        now = time.monotonic()
        if self._child is None or self._failed is not None or now - self._checked_s < _CHECK_S:
            return
        self._checked_s = now
        if self._child.ended():
            self._fail(f"the watcher ended ({_how(self._child.status)}): {self._last_words()}")
        elif self._child.cpu_s > _GRACE_CPU_S + _MOST_CORES * (now - self._child.started_s):
            self._fail(f"the watcher used {self._child.cpu_s:.1f} s of CPU, and was ended")

    def end_round(self) -> None:
        """Take in what has come; the watcher goes on."""
        self._read()

    def result(self) -> Gc | Missing:
        """All that was reported up to now. What the watcher saw before it failed is kept."""
        report = self._report
        if report is None or not self._collectors:
            if self._failed is not None:
                return self._failed
            if report is None or not report.unwatched:
                return Missing(code="E-GC", reason="the window ended before the watcher had begun")
            return _with_remedy(next(iter(report.unwatched.values())))
        return Gc(
            cost=Cost(
                method=", ".join(_METHODS[method] for method in self._methods()),
                cpu_s=report.cpu_s,
                lost=report.lost,
                max_gap_ms=max(each.max_gap_ms for each in self._collectors.values()),
                complete=self._complete(report),
            ),
            collectors=tuple(sorted(self._collectors.values(), key=lambda each: (each.start_s, each.pid))),
            pauses=tuple(sorted(self._pauses, key=lambda pause: pause.start_s)),
            frames=tuple(self._frames),
            stacks=tuple(self._stacks),
            charges=tuple(
                GcCharge(pid=pid, stack=stack, looks=looks) for (pid, stack), looks in self._charges.most_common()
            ),
            unwatched={pid: _with_remedy(why) for pid, why in report.unwatched.items()},
        )

    @property
    def living_cpu_s(self) -> float:
        """What the running watcher has used, start excluded."""
        return self._report.cpu_s if self._report and self._child and self._child.status is None else 0.0

    def close(self) -> None:
        """End the watcher."""
        if self._child is not None:
            self._child.kill()
        for descriptor in (self._order, self._output, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._order = self._output = self._log = -1
        self._reader = None

    def _start(self) -> None:
        processes = self._target.processes
        order = messages.Order(
            zero_ns=time.monotonic_ns(),
            workers=self._target.workers,
            family=tuple(process.pid for process in processes),
        )
        self._order, self._output, self._log = map(child.memory_file, ("order", "reports", "log"))
        messages.write(self._order, order)
        self._reader = messages.Reader(self._output)
        try:
            self._child = child.start(
                [sys.executable, "-P", "-m", _PROGRAM, str(self._order), str(self._output)],
                stdout=self._log,
                stderr=self._log,
                pass_fds=(self._order, self._output),
                environment=child.python_environment(),
                limits=_LIMITS,
            )
        except OSError as error:
            self._failed = Missing(code="E-TOOL", reason=f"the watcher cannot be started: {error.strerror}")

    def _read(self) -> None:
        if self._reader is None or self._failed is not None:
            return
        try:
            for report in self._reader.read(messages.Report):
                self._take(report)
        except (messages.Nonsense, OSError) as problem:
            self._fail(f"the watcher's report cannot be read: {problem}")

    def _take(self, report: messages.Report) -> None:
        stacks = len(self._stacks) + len(report.stacks)
        frames = len(self._frames) + len(report.frames)
        used = [pause.stack for pause in report.pauses if pause.stack is not None]
        used += [charge.stack for charge in report.charges]
        if not all(0 <= at < stacks for at in used):
            raise messages.Nonsense("a stack that was not told")
        if not all(0 <= at < frames for stack in report.stacks for at in stack):
            raise messages.Nonsense("a frame that was not told")
        self._report = report
        self._collectors |= {(each.pid, each.start_s): each for each in report.collectors}
        self._pauses += report.pauses
        self._frames += report.frames
        self._stacks += report.stacks
        for charge in report.charges:
            self._charges[charge.pid, charge.stack] += charge.looks

    def _fail(self, reason: str) -> None:
        self._failed = Missing(code="E-TOOL", reason=reason)
        if self._child is not None:
            self._child.kill()

    def _last_words(self) -> str:
        """The last line that it wrote, in at most 200 printable characters."""
        size = os.fstat(self._log).st_size
        lines = os.pread(self._log, 4096, max(0, size - 4096)).decode(errors="replace").strip().splitlines()
        return "".join(char for char in lines[-1] if char.isprintable())[:200] if lines else "it said nothing"

    def _methods(self) -> list[GcMethod]:
        used = {each.method for each in self._collectors.values()}
        return [method for method in _METHODS if method in used]

    def _complete(self, report: messages.Report) -> str:
        """What could not be seen, in words."""
        watched = {each.pid for each in self._collectors.values()}
        missed = [pid for pid in self._workers if pid not in watched]
        text = "all workers"
        if missed:
            whose = "; ".join(f"{pid}: {report.unwatched[pid].reason}" for pid in missed if pid in report.unwatched)
            text = f"{len(self._workers) - len(missed)} of {len(self._workers)} workers ({whose})"
        parts = [text]
        if report.born:
            parts.append(f"{len(watched - set(self._workers))} of {report.born} processes born in the window")
        if report.slowest > 1:
            share = f"{100 * MOST_CORES_EACH:g} % of a core each and {100 * MOST_CORES:g} % in all"
            parts.append(f"up to {report.slowest:.1f} times less often than planned, to stay within {share}")
        if self._failed is not None:
            parts.append(f"up to {max(each.end_s for each in self._collectors.values()):.1f} s: {self._failed.reason}")
        return ", ".join(parts)


def _how(status: int | None) -> str:
    return f"exit code {status}" if status is not None and status >= 0 else f"signal {-(status or 0)}"


def _with_remedy(why: Missing) -> Missing:
    return Missing(code=why.code, reason=why.reason, remedy=REMEDIES.get(why.code))
