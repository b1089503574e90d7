"""Asks gdb to let go of a process in which it waits for something that does not come.

SIGINT is how a user interrupts gdb: it stops what it runs in the process, puts the registers back as they were
(`unwindonsignal`), and lets the process go at the end of its script. Processes that waited for themselves, inside a
function that gdb had called in them, ran on afterwards and answered.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from perftools.collect.child import cpu_time_s
from perftools.target.proc import HOST

PATIENCE_S = 10.0
"""Without any CPU time, though it could run."""
_USED_S = 0.005


class Rescue:
    """Watches one errand of memray's."""

    def __init__(self, pid: int, command: int) -> None:
        """`command`: the process that started gdb."""
        self._pid = pid
        self._command = command
        self._since_s = time.monotonic()
        self._used_s = self._cpu_s()
        self.asked = False
        """Whether gdb was asked to let go."""

    def look(self, *, halted: bool) -> None:
        """Call it often; `halted`: gdb holds the process still, and is at work itself."""
        now_s = time.monotonic()
        if halted:
            self._since_s = now_s
        elif now_s - self._since_s > PATIENCE_S:
            used_s = self._cpu_s()
            if used_s - self._used_s < _USED_S:
                self._interrupt()
            self._since_s, self._used_s = now_s, used_s

    def _cpu_s(self) -> float:
        try:
            return cpu_time_s(self._pid)
        except OSError:
            return 0.0

    def _interrupt(self) -> None:
        for pid in HOST.text(f"proc/{self._command}/task/{self._command}/children", 4096).split():
            stat = HOST.stat(int(pid))
            if stat is not None and stat.comm == "gdb":
                with contextlib.suppress(OSError):
                    os.kill(stat.pid, signal.SIGINT)
                    self.asked = True
