"""Collections from the writes to the flag that says that one is running.

A collection writes 1 to the flag, runs, and writes 0, all in one thread. From CPython 3.13 on it is claimed by a
compare-exchange (gc_collect_main, Python/gc.c), and so an attempt while another one runs, as a finalizer's, is a write
that leaves 1 as it was; before, every write changes the flag.

What is written is not recorded, only by which instruction; but an instruction always leaves the same value, and which
one is learned. Every rule for that holds as well where writes of other threads are missing:
- what was written last before the flag was seen to be 0 is the end of a collection;
- what a thread writes before or after its own end leaves 1;
- and before 3.13, what it writes after its own start is its end, and what it writes before a start is an end: of
  another collection, which `gc.collect` may end by another instruction than an allocation does.
"""

from __future__ import annotations

from collections import deque

from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.perf_events import Sample

_MAX_WAITING = 10_000
"""A second of a very busy collector: long before, the flag was seen to be 0 in a quiet moment."""
_MAX_THREADS = 4096


class Pairing:
    """Pairs a start with its end, and reports nothing that is not proved by both.

    `lost` counts the writes that belong to no pause that was reported. `alternating`: every write changes the flag.
    """

    def __init__(self, *, alternating: bool) -> None:
        self.lost = 0
        self.start: Sample | None = None
        """Of the collection that runs, where it was seen."""
        self._alternating = alternating
        self._idle = False
        """Whether it is known that none runs."""
        self._leaves: dict[int, bool] = {}
        """Instruction -> what it leaves in the flag."""
        self._left: dict[int, bool] = {}
        """Thread -> what its last write left."""
        self._last: Sample | None = None
        self._waiting: deque[Sample] = deque()
        """Writes from the first on of which it is not known what it left."""

    def add(self, write: Sample) -> list[RawPause]:
        """The next write in time; the collections that are complete with it."""
        self._last = write
        self._waiting.append(write)
        if len(self._waiting) > _MAX_WAITING:
            self.interrupt()
        return self._settle()

    def confirm(self, collecting: bool) -> list[RawPause]:
        """The flag was read after the last write that was added, and before any other."""
        if collecting:
            self._idle = self._idle and bool(self._waiting)
            return []
        if self._last:
            self._leaves.setdefault(self._last.ip, False)
        self._learn()
        pauses = self._settle()
        if self._waiting or self.start:
            self.interrupt()
        self._idle = True
        return pauses

    def interrupt(self) -> None:
        """Writes may be missing here: nothing that began before is paired with what ends after it."""
        self.lost += len(self._waiting) + (self.start is not None)
        self._waiting.clear()
        self._left.clear()
        self.start = self._last = None
        self._idle = False

    def _settle(self) -> list[RawPause]:
        pauses: list[RawPause] = []
        while self._waiting:
            write = self._waiting[0]
            value = self._leaves.get(write.ip)
            if value is None:
                value = self._infer(write.tid)
                if value is None:
                    break
                self._leaves[write.ip] = value
            self._waiting.popleft()
            self._left[write.tid] = value
            if value:
                self._begin(write)
            elif pause := self._end(write):
                pauses.append(pause)
        if len(self._left) > _MAX_THREADS:
            self._left.clear()
        return pauses

    def _infer(self, tid: int) -> bool | None:
        """What a thread's next write leaves, where there is only one possibility."""
        left = self._left.get(tid)
        return not left if left is False or (left and self._alternating) else None

    def _learn(self) -> None:
        """What is known of a thread's write tells of the one before it."""
        following: dict[int, Sample] = {}
        for earlier in reversed(self._waiting):
            later = following.get(earlier.tid)
            value = self._leaves.get(later.ip) if later else None
            if value is False or (value and self._alternating):
                self._leaves.setdefault(earlier.ip, not value)
            following[earlier.tid] = earlier

    def _begin(self, write: Sample) -> None:
        if self._alternating or self._idle:
            self.lost += self.start is not None
            self.start = write
        self._idle = False

    def _end(self, write: Sample) -> RawPause | None:
        start, self.start, self._idle = self.start, None, True
        if start is not None and start.tid == write.tid:
            return RawPause(start.time_ns, write.time_ns, write.tid)
        self.lost += 1 + (start is not None)
        return None
