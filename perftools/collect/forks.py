"""Which processes of a service were forked from which, and how much of what they inherited they have copied."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from perftools.collect.inherited import inherited
from perftools.collect.smaps import Heap, heaps
from perftools.record import ForkedMemory
from perftools.target.proc import Proc

MOST: Final = 8
"""Forked processes that are looked at: each look reads all of a process's mappings, and walks its page tables."""
LOOKING_CORES: Final = 0.003
"""What looks may use of a core, the first one aside; the last one is so much older than the window's end."""
_SMAPS_BYTES: Final = 1 << 24
"""Text of one process's smaps, about 700 bytes for each mapping."""


class Forks:
    """Keeps the first and the last look at each forked process."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._first: dict[int, ForkedMemory] = {}
        self._last: dict[int, ForkedMemory] = {}
        self._found = 0
        self._next_s = 0.0

    def look(self, pids: Sequence[int], at_s: float) -> None:
        """Compare every forked process with its parent."""
        started_s = time.thread_time()
        pairs = [(pid, parent) for pid in pids if (parent := self._forked_from(pid)) is not None]
        self._found = max(self._found, len(pairs))
        chosen = [pair for pair in pairs if pair[0] in self._first][:MOST]
        chosen += [pair for pair in pairs if pair[0] not in self._first][: MOST - len(chosen)]
        parents: dict[int, list[Heap]] = {}
        for pid, parent in chosen:
            if parent not in parents:
                parents[parent] = self._mappings(parent)
            self._compare(pid, parent, parents[parent], at_s)
        self._next_s = at_s + (time.thread_time() - started_s) / LOOKING_CORES

    def look_again(self, pids: Sequence[int], at_s: float) -> None:
        """The same, unless the last look was too dear for another one so soon."""
        if at_s >= self._next_s:
            self.look(pids, at_s)

    def result(self) -> tuple[ForkedMemory, ...]:
        """Two of each process, by time; one of a process that was looked at once."""
        found = [*self._first.values(), *self._last.values()]
        return tuple(sorted(found, key=lambda each: (each.at_s, each.pid)))

    def left_out(self) -> str:
        """What was not looked at, in words."""
        return f"copies of {MOST} of {self._found} forked processes" if self._found > MOST else ""

    def _forked_from(self, pid: int) -> int | None:
        """The parent, where the process still runs the parent's program: exec would have given it another stack."""
        stat = self._proc.stat(pid)
        parent = self._proc.stat(stat.parent) if stat else None
        if stat is None or parent is None or stat.state in "ZX" or not stat.stack_start:
            return None
        return parent.pid if parent.stack_start == stat.stack_start else None

    def _compare(self, pid: int, parent: int, theirs: Sequence[Heap], at_s: float) -> None:
        ours = self._mappings(pid)
        if not theirs or not ours:
            return
        resident, copied = inherited(theirs, ours)
        seen = ForkedMemory(pid=pid, parent=parent, at_s=at_s, inherited_bytes=resident, copied_bytes=copied)
        if pid in self._first:
            self._last[pid] = seen
        else:
            self._first[pid] = seen

    def _mappings(self, pid: int) -> list[Heap]:
        """Empty where they may not be read, or the process has ended."""
        return list(heaps(self._proc.text(f"proc/{pid}/smaps", _SMAPS_BYTES)))
