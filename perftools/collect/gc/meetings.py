"""Collections of one process that were met while they ran: who ran them, on behalf of which line, on a CPU or not."""

from __future__ import annotations

from collections import Counter as Counts
from collections import deque
from dataclasses import dataclass, field

from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.run_queue import Reading, Readings, RunQueue
from perftools.collect.gc.trigger import Stacks, Walker
from perftools.remote.gc_state import Counter

OPEN_NS = 1_000_000
"""How soon a collection that runs is looked at again."""
_MOST_REMEMBERED = 64
_WALKS = 3
"""Attempts to read the stack of one collection."""


@dataclass
class Met:
    """A collection that was met while it ran."""

    counters: tuple[Counter, ...]
    """They name it: they move when it ends."""
    at_ns: int
    """When it certainly ran."""
    tid: int | None
    stack: int | None = None
    walks: int = 0
    looks: int = 0
    readings: Readings = field(default_factory=Readings)


class Meetings:
    """Told of each look at the process, in the order of time."""

    def __init__(self, pid: int, walker: Walker, stacks: Stacks) -> None:
        self.running: Met | None = None
        self._pid = pid
        self._walker = walker
        self._stacks = stacks
        self._ended: deque[Met] = deque(maxlen=_MOST_REMEMBERED)
        self._looks: Counts[int] = Counts()
        self._queue = self._queue_of(pid)
        """Of the thread that collected last; before that of the main thread."""
        self._before: Reading | None = None

    def look(self, counters: tuple[Counter, ...] | None, at_ns: int, tid: int | None, *, due: bool) -> None:
        """What a look saw: the counters where a collection runs, else None. Raises Unreadable.

        `due`: the look is one of those that are spread evenly over time. `tid`: of the thread, where it is known.
        """
        if self.running is not None and counters != self.running.counters:
            self._end(self.running)
        if counters is None:
            self._before = self._queue.read() if self._queue is not None else None
            return
        if self.running is None:
            self.running = Met(counters, at_ns, tid)
        met = self.running
        met.looks += due
        long = at_ns - met.at_ns >= OPEN_NS // 2
        if met.stack is None and met.walks < _WALKS and (long or due) and self._stacks.may_walk(at_ns, long=long):
            met.walks += 1
            if (found := self._walker.walk(counters)) is not None:
                met.tid, met.stack = met.tid or found.tid, found.stack
        if met.tid is not None:
            self._read(met, met.tid)

    def of(self, pause: RawPause) -> Met | None:
        """The meeting with this collection, which has ended."""
        if self.running is not None and pause.start_ns <= self.running.at_ns <= pause.stop_ns:
            self._end(self.running)
        return next((met for met in self._ended if pause.start_ns <= met.at_ns <= pause.stop_ns), None)

    def take_looks(self) -> Counts[int]:
        """Evenly spread looks that met a collection, by its stack; those since this was last called."""
        looks, self._looks = self._looks, Counts()
        return looks

    def close(self) -> None:
        """Idempotent."""
        if self._queue is not None:
            self._queue.close()

    def _read(self, met: Met, tid: int) -> None:
        if self._queue is None or self._queue.tid != tid:
            self.close()
            self._queue, self._before = self._queue_of(tid), None
        if self._queue is not None:
            met.readings.last = self._queue.read()
            if met.readings.first is None:
                met.readings.before, met.readings.first = self._before, met.readings.last

    def _end(self, met: Met) -> None:
        if met.readings.first is not None and self._queue is not None:
            met.readings.after = self._queue.read()
        if met.stack is not None and met.looks:
            self._looks[met.stack] += met.looks
        self._ended.append(met)
        self.running = None

    def _queue_of(self, tid: int) -> RunQueue | None:
        try:
            return RunQueue(self._pid, tid)
        except OSError:
            return None
