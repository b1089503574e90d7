"""The program that watches the collectors, beside the tool: nothing that the tool does delays its looks.

    python -P -m perftools.collect.gc.watcher ORDER REPORTS

Both are numbers of inherited descriptors. The order is read once; reports are appended ten times a second, until the
program is killed.
"""

from __future__ import annotations

import itertools
import sys
import time
from typing import NamedTuple

from perftools.collect.gc import messages, pace
from perftools.collect.gc.family import Family
from perftools.collect.gc.trigger import Stacks
from perftools.collect.gc.watched import Watched
from perftools.record import Collector, GcCharge, Missing, Pause, Process
from perftools.remote import gc_state, interpreter
from perftools.remote.memory import Unreadable
from perftools.target.proc import HOST

REPORT_NS = 100_000_000
FAMILY_NS = 250_000_000
MOST_PROCESSES = 64
"""At once."""
MOST_BORN = 256
"""In all."""
MOST_PAUSES = 100_000
"""Told in all; those beyond are counted as lost."""

_RETRY_NS = 1_000_000_000


class _Candidate(NamedTuple):
    """A process that is not watched yet."""

    process: Process
    next_ns: int


class Watcher:
    """Watches every process that it is told of, and those born below the service's."""

    def __init__(self, order: messages.Order, output: int) -> None:
        self._output = output
        self._zero_ns = order.zero_ns
        self._stacks = Stacks()
        self._family = Family(order.family, order.zero_ns)
        self._workers = {process.pid for process in order.workers}
        self._candidates = [_Candidate(process, 0) for process in order.workers]
        self._watched: list[Watched] = []
        self._ended: list[Collector] = []
        self._pauses: list[Pause] = []
        self._charges: list[GcCharge] = []
        self._unwatched: dict[int, Missing] = {}
        self._told_pauses = self._told_frames = self._told_stacks = 0
        self._born = self._lost = 0
        self._full = False
        self._pace = pace.Pace()
        self._family_ns = self._report_ns = 0

    def run(self) -> None:
        """Until the program is killed. Raises OSError where nothing can be reported any more."""
        self._attach(time.monotonic_ns())
        pace.run_first()
        next_ns = 0
        while True:
            now_ns = time.monotonic_ns()
            if now_ns >= next_ns:
                next_ns = self._keep_house(now_ns)
            wake_ns = next_ns
            for watched in self._watched:
                if watched.next_ns <= now_ns:
                    try:
                        watched.tick(now_ns)
                    except Exception as error:  # noqa: BLE001 (each process fails alone)
                        self._drop(watched, now_ns, _missing(error))
                        break
                wake_ns = min(wake_ns, watched.next_ns)
            pace.sleep_until(wake_ns)

    def _keep_house(self, now_ns: int) -> int:
        """Look for newcomers and report, where it is time; when it is time again."""
        if now_ns >= self._family_ns:
            self._family_ns = now_ns + FAMILY_NS
            self._take_in(now_ns)
        if now_ns >= self._report_ns:
            self._report_ns = now_ns + REPORT_NS
            self._report(now_ns)
        return min(self._family_ns, self._report_ns)

    def _drop(self, watched: Watched, now_ns: int, why: Missing) -> None:
        """What it saw is kept; a process that still runs is tried again: it may execute another program now."""
        self._watched.remove(watched)
        watched.finish()
        self._collect(watched)
        self._ended.append(watched.collector())
        self._lost += watched.lost
        watched.close()
        if _runs(watched.process):
            self._unwatched[watched.process.pid] = why
            self._candidates.append(_Candidate(watched.process, now_ns + _RETRY_NS))

    def _take_in(self, now_ns: int) -> None:
        born = self._family.born()
        self._candidates += [_Candidate(process, now_ns) for process in born[: max(0, MOST_BORN - self._born)]]
        self._born += len(born)
        self._attach(now_ns)

    def _attach(self, now_ns: int) -> None:
        """Begin to watch those that can be read by now."""
        waiting = []
        for candidate in self._candidates:
            process = candidate.process
            if candidate.next_ns > now_ns:
                waiting.append(candidate)
            elif len(self._watched) >= MOST_PROCESSES:
                self._unwatched[process.pid] = Missing(code="V-BUSY", reason=f"{MOST_PROCESSES} others are watched")
            elif not _runs(process):
                if process.pid in self._workers:
                    self._unwatched.setdefault(process.pid, Missing(code="V-GONE", reason="the process has ended"))
            else:
                try:
                    with self._pace.beside():
                        state = gc_state.find(interpreter.attach(process.pid))
                        self._watched.append(Watched(process, state, self._stacks, self._zero_ns))
                    self._unwatched.pop(process.pid, None)
                except Exception as error:  # noqa: BLE001 (each process fails alone)
                    self._unwatched[process.pid] = _missing(error)
                    waiting.append(_Candidate(process, now_ns + _RETRY_NS))
        self._candidates = waiting
        self._set_pace()

    def _set_pace(self) -> None:
        for watched in self._watched:
            watched.stretch = self._pace.stretch

    def _collect(self, watched: Watched) -> None:
        free = MOST_PAUSES - self._told_pauses - len(self._pauses)
        self._lost += max(0, len(watched.pauses) - free)
        self._pauses += watched.pauses[: max(0, free)]
        self._charges += watched.take_charges()
        watched.pauses.clear()

    def _report(self, now_ns: int) -> None:
        polled = any(watched.polled for watched in self._watched)
        if self._pace.adapt(now_ns, len(self._watched), polled=polled):
            self._set_pace()
        for watched in self._watched:
            self._collect(watched)
        frames, stacks = self._stacks.frames, self._stacks.stacks
        report = messages.Report(
            cpu_s=self._pace.used_s(),
            collectors=(*self._ended, *(watched.collector() for watched in self._watched)),
            pauses=tuple(self._pauses),
            frames=tuple(itertools.islice(frames, self._told_frames, None)),
            stacks=tuple(itertools.islice(stacks, self._told_stacks, None)),
            charges=tuple(self._charges),
            unwatched=self._unwatched,
            born=self._born,
            lost=self._lost + sum(watched.lost for watched in self._watched),
            slowest=self._pace.slowest,
        )
        messages.write(self._output, report)
        self._told_pauses += len(self._pauses)
        self._told_frames, self._told_stacks = len(frames), len(stacks)
        self._pauses.clear()
        self._charges.clear()
        self._ended.clear()


def _missing(error: Exception) -> Missing:
    if isinstance(error, Unreadable):
        return Missing(code=error.code or "V-BUILD", reason=error.reason)
    return Missing(code="E-INTERNAL", reason=f"the watcher failed: {type(error).__name__}: {error}")


def _runs(process: Process) -> bool:
    stat = HOST.stat(process.pid)
    return stat is not None and stat.start_ticks == process.start_ticks and stat.state not in "ZX"


def main(order: int, output: int) -> None:
    """Read the order, and watch."""
    from elftools.elf import elffile  # noqa: F401 (a part of the start, not of what watching costs)

    for message in messages.Reader(order).read(messages.Order):
        Watcher(message, output).run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
