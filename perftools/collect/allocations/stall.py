"""How long a process stood still while a debugger was in it, seen from outside.

A debugger that attaches stops every thread (ptrace(2)): each stands in state t until it is let go, or in T where a
signal stopped it (proc(5)). The main thread stands for all. Accounts of CPU time could not tell a stop from a sleep.
"""

from __future__ import annotations

import os
import time

from perftools.collect.allocations.orders import Halt

LOOK_S = 0.001
"""Between two looks."""


class Watch:
    """Looks at the main thread of a process whenever it is asked to."""

    def __init__(self, pid: int) -> None:
        """Raises OSError where there is no such process."""
        self._stat = os.open(f"/proc/{pid}/task/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        self._start_s = self._last_s = time.monotonic()
        self.halted = self._is_halted()
        """At the last look."""
        self._stopped_s = self._run_s = self._longest_s = self._max_gap_s = 0.0

    def look(self) -> None:
        """One look; half of the time since the last one counts where the state changed in between."""
        halted, now_s = self._is_halted(), time.monotonic()
        gap_s = now_s - self._last_s
        self._stopped_s += gap_s * (halted + self.halted) / 2
        self._run_s = (self._run_s if self.halted else 0.0) + gap_s * (halted + self.halted) / 2
        self._longest_s = max(self._longest_s, self._run_s)
        self._max_gap_s = max(self._max_gap_s, gap_s)
        self.halted, self._last_s = halted, now_s

    def close(self) -> Halt:
        """What the looks found."""
        os.close(self._stat)
        return Halt(
            stopped_s=self._stopped_s,
            longest_s=self._longest_s,
            max_gap_s=self._max_gap_s,
            duration_s=self._last_s - self._start_s,
        )

    def _is_halted(self) -> bool:
        try:
            line = os.pread(self._stat, 512, 0)
        except OSError:  # it has ended
            return False
        return line.rpartition(b")")[2].lstrip()[:1] in (b"t", b"T")
