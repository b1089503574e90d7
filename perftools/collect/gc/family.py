"""Python processes that are born below a service's while it is watched."""

from __future__ import annotations

import os
import time

from perftools.record import Process
from perftools.target import program
from perftools.target.proc import HOST, Proc, Stat

_PATIENCE = 40
"""Looks after which a process that is no Python by then will not be one."""


class Family:
    """Looks for newcomers. Only what is new in the list of all processes is read."""

    def __init__(self, pids: tuple[int, ...], zero_ns: int, proc: Proc = HOST) -> None:
        """`zero_ns`: CLOCK_MONOTONIC before which nobody counts as born."""
        self._proc = proc
        self._members = set(pids)
        self._known = set(pids)
        self._young: dict[int, tuple[Stat, int]] = {}
        """Not known yet to be Python, and at how many looks."""
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - 1e-9 * (time.monotonic_ns() - zero_ns)
        self._zero_ticks = int(age_s * os.sysconf("SC_CLK_TCK"))

    def born(self) -> list[Process]:
        """Those found since the last call, each once.

        What is seen for the first time waits for the next call: between fork and exec it is its parent's program.
        """
        self._members &= (pids := set(self._proc.pids())) | self._young.keys()
        stats = [stat for pid in pids - self._known if (stat := self._proc.stat(pid)) is not None]
        self._known = pids
        found = []
        for pid, (stat, looks) in list(self._young.items()):
            if pid not in pids or looks >= _PATIENCE:
                del self._young[pid]
            elif (process := self._python(stat)) is not None:
                found.append(process)
                del self._young[pid]
            else:
                self._young[pid] = stat, looks + 1
        for stat in sorted(stats, key=lambda stat: stat.start_ticks):  # parents before their children
            if stat.parent in self._members and stat.pid not in self._members and stat.start_ticks >= self._zero_ticks:
                self._members.add(stat.pid)
                self._young[stat.pid] = stat, 0
        return found

    def _python(self, stat: Stat) -> Process | None:
        """None where it is no Python (yet), or one of multiprocessing's helpers."""
        executable = self._proc.executable(stat.pid) or ""
        interpreter = program.is_interpreter(executable)
        if not interpreter and not any("/libpython" in mapping.path for mapping in self._proc.maps(stat.pid)):
            return None
        cmdline = self._proc.cmdline(stat.pid)
        if program.part(program.parse(cmdline)) == "tracker":
            return None
        status = self._proc.status(stat.pid)
        if "Uid" not in status:
            return None
        return Process(
            pid=stat.pid,
            ns_pid=int((status.get("NSpid", "").split() or [str(stat.pid)])[-1]),
            start_ticks=stat.start_ticks,
            role="worker",
            python=None,
            executable=executable,
            cmdline=(),
            uid=int(status["Uid"].split()[1]),
            threads=stat.threads,
        )
