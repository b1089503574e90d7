"""The memory of one process, read again and again."""

from __future__ import annotations

import os
import time

from perftools.collect.smaps import Counters, counters, rollup
from perftools.record import MemoryReading, Missing
from perftools.target.proc import Proc

_NO_RIGHT = "run it as root, or as the service's user with the right to trace it"


class Ended(Exception):
    """The process has no memory any more."""


class Unwalkable(Exception):
    """Its page tables cannot be walked."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.reason)
        self.missing = missing


class MemoryProcess:
    """Readings of one process; times count from `start_s`, of time.monotonic()."""

    def __init__(self, pid: int, start_ticks: int, start_s: float, proc: Proc) -> None:
        self.pid = pid
        self.readings: list[MemoryReading] = []
        now_s = time.clock_gettime(time.CLOCK_BOOTTIME)  # what field 22 of stat counts in, proc(5)
        age_s = now_s - start_ticks / os.sysconf("SC_CLK_TCK")
        self.started_s = time.monotonic() - start_s - age_s
        self._start_ticks = start_ticks
        self._proc = proc
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._walkable = True

    def runs(self) -> bool:
        """Whether it is still the same process."""
        stat = self._proc.stat(self.pid)
        return stat is not None and stat.start_ticks == self._start_ticks and stat.state not in "ZX"

    def count(self, at_s: float) -> None:
        """Read the kernel's counters. Raises Ended."""
        found = self._counters()
        self.readings.append(
            MemoryReading(
                pid=self.pid,
                at_s=at_s,
                rss_bytes=found.rss,
                anonymous_bytes=found.anonymous,
                shmem_bytes=found.shmem,
                swap_bytes=found.swap,
            )
        )

    def walk(self, at_s: float) -> bool:
        """Have the kernel walk its page tables; False where it refused before. Raises Ended, Unwalkable."""
        if not self._walkable:
            return False
        try:
            text = self._proc.read(f"proc/{self.pid}/smaps_rollup", 65536).decode(errors="replace")
        except PermissionError as error:
            self._walkable = False
            reason = f"the page tables of pid {self.pid} may not be read"
            raise Unwalkable(Missing(code="V-NORIGHT", reason=reason, remedy=_NO_RIGHT)) from error
        except FileNotFoundError as error:
            if not self.runs():
                raise Ended from error
            self._walkable = False
            raise Unwalkable(Missing(code="V-BUILD", reason="this kernel has no smaps_rollup (Linux 4.14)")) from error
        except OSError as error:  # ESRCH: it ended between open and read
            raise Ended from error
        walked = rollup(text)
        if walked is None:
            raise Ended
        self.readings.append(
            MemoryReading(
                pid=self.pid,
                at_s=at_s,
                rss_bytes=walked.rss,
                anonymous_bytes=walked.anonymous,
                shmem_bytes=min(self._counters().shmem, max(walked.rss - walked.anonymous, 0)),
                swap_bytes=walked.swap,
                pss_bytes=walked.pss,
                private_bytes=walked.private,
                shared_bytes=walked.shared,
            )
        )
        return True

    def _counters(self) -> Counters:
        folder = f"proc/{self.pid}"
        found = counters(
            self._proc.text(f"{folder}/status", 65536),
            lambda: self._proc.text(f"{folder}/statm", 4096),
            self._page_bytes,
        )
        if found is None:
            raise Ended
        return found
