"""The watcher of `perftools audit` on one process, held to one method; and what it reported.

As a program, in place of the watcher: watching.py METHOD ORDER REPORTS (the last two are inherited descriptors).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .compare import Seen

if TYPE_CHECKING:
    from perftools.collect.gc.messages import Report
    from perftools.record import GcMethod, Process

METHODS: tuple[GcMethod, ...] = ("watchpoint", "ring", "poll")
CALLBACK = ("note", "waited")
"""Functions of the target that run in each collection, on behalf of the truth."""
PATIENCE_S = 20.0
REPORTED_WITHIN_S = 0.5


class CannotWatch(Exception):
    """The method is not possible here, and why."""


class Watched(NamedTuple):
    """What one watcher reported of one process."""

    began_ns: int
    """When it began to watch (CLOCK_MONOTONIC)."""
    pauses: list[Seen]
    collections: tuple[int, ...]
    """By generation, as the counters have it."""
    cpu_percent: float
    """Of a core; start and imports excluded."""
    max_gap_ms: float
    lost: int
    method: GcMethod


class Watch:
    """A running watcher."""

    def __init__(self, reader_of: int, zero_ns: int, pids: tuple[int, ...]) -> None:
        from perftools.collect.gc import messages

        self._reader = messages.Reader(reader_of)
        self._messages = messages
        self._reports: list[Report] = []
        self._zero_ns = zero_ns
        self._pids = pids
        self._asked = False

    def reports(self) -> list[Report]:
        """All that have come."""
        self._reports += self._reader.read(self._messages.Report)
        return self._reports

    def has_begun(self) -> bool:
        """Whether all that are to be watched are."""
        return set(self._pids) <= {each.pid for report in self.reports() for each in report.collectors}

    def seen(self, pid: int | None = None) -> Watched:
        """What it saw of a process, of the first if none is named, up to when this was first asked."""
        pid = pid or self._pids[0]
        if not self._asked:
            self._asked = True
            time.sleep(REPORTED_WITHIN_S)
        reports = self.reports()
        frames = [frame for report in reports for frame in report.frames]
        stacks = [stack for report in reports for stack in report.stacks]
        pauses = []
        for pause in (pause for report in reports for pause in report.pauses if pause.pid == pid):
            start_ns = self._zero_ns + int(1e9 * pause.start_s)
            stop_ns = start_ns + int(1e6 * pause.duration_ms)
            stack = [] if pause.stack is None else [frames[frame] for frame in stacks[pause.stack]]
            pauses.append(Seen(start_ns, stop_ns, pause.generation, pause.thread_id, _executing(stack)))
        collectors = [each for report in reports for each in report.collectors if each.pid == pid]
        first, last = reports[0], reports[-1]
        span_s = max(1e-9, collectors[-1].end_s - collectors[0].end_s)
        return Watched(
            self._zero_ns + int(1e9 * collectors[0].start_s),
            pauses,
            tuple(each.collections for each in collectors[-1].generations),
            100 * (last.cpu_s - first.cpu_s) / span_s,
            max(each.max_gap_ms for each in collectors),
            last.lost,
            collectors[-1].method,
        )


@contextlib.contextmanager
def watching(method: GcMethod, *pids: int) -> Iterator[Watch]:
    """A watcher that has begun to watch. Raises CannotWatch."""
    from perftools.collect.gc import messages

    order, output = os.memfd_create("order"), os.memfd_create("reports")
    zero_ns = time.monotonic_ns()
    processes = tuple(map(_process, pids))
    messages.write(order, messages.Order(zero_ns=zero_ns, workers=processes, family=pids))
    command = [sys.executable, "-m", __name__, method, str(order), str(output)]
    watcher = subprocess.Popen(command, pass_fds=(order, output), stderr=subprocess.PIPE, text=True)
    try:
        watch = Watch(output, zero_ns, pids)
        deadline = time.monotonic() + PATIENCE_S
        while not watch.has_begun():
            reports = watch.reports()
            if reports and reports[-1].unwatched:
                raise CannotWatch(next(iter(reports[-1].unwatched.values())).reason)
            if watcher.poll() is not None or time.monotonic() > deadline:
                watcher.kill()
                raise CannotWatch(f"the watcher ended: {(watcher.communicate()[1] or '').strip()[-300:]}")
            time.sleep(0.02)
        yield watch
    finally:
        watcher.kill()
        watcher.communicate()
        os.close(order)
        os.close(output)


def _executing(stack: Sequence[tuple[str, str, int]]) -> tuple[str, int] | None:
    """Function and line of the innermost frame, the target's own callback left out."""
    for function, _, line in stack:
        name = function.rpartition(".")[2]
        if name not in CALLBACK:
            return name, line
    return None


def _process(pid: int) -> Process:
    from perftools.record import Process
    from perftools.target.proc import HOST

    stat = HOST.stat(pid)
    if stat is None:
        raise CannotWatch("the process has ended")
    return Process(
        pid=pid,
        ns_pid=pid,
        start_ticks=stat.start_ticks,
        role="worker",
        python=None,
        executable=HOST.executable(pid) or "",
        cmdline=(),
        uid=os.getuid(),
        threads=stat.threads,
    )


def _main(method: GcMethod, order: int, output: int) -> None:
    from perftools.collect.gc import choice, watched, watcher, watchpoint
    from perftools.collect.gc.observer import Observer
    from perftools.collect.gc.poll import Poll
    from perftools.collect.gc.ring import Ring

    from .. import prctl

    prctl.end_with(os.getppid())

    class Only(choice.Chooser):
        """Always the same method."""

        def open(self, per_s: float | None) -> Observer:  # noqa: ARG002 (the interface)
            self.because = "the only one in this run"
            if method == "watchpoint":
                return watchpoint.open(self._pid, self._state)
            return Ring(self._state) if method == "ring" else Poll(self._state)

        def better(self, method: GcMethod, per_s: float) -> bool:  # noqa: ARG002 (the interface)
            return False

    setattr(watched, "Chooser", Only)  # noqa: B010 (it is not ours to export)
    watcher.main(order, output)


if __name__ == "__main__":
    _main(METHODS[METHODS.index(sys.argv[1])], int(sys.argv[2]), int(sys.argv[3]))
