"""One process, followed over the span: its threads as they come and go, its CPU clock, memory and native pools."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from typing import Final

from perftools.collect import native_pools
from perftools.collect.child import cpu_time_s
from perftools.collect.gil_waiters import gil_area
from perftools.collect.sched_threads import ThreadWatch
from perftools.record import ProcessSched, ThreadSched
from perftools.remote.memory import Unreadable

_MOST_HELD: Final = 512
"""Threads whose files are held open, in all; two descriptors each."""
COUNT_EVERY: Final = 5
"""Looks at the threads that ran lately between two at all of them."""


class HeldFiles:
    """How many threads' files may still be held open; a quarter of our descriptors at most."""

    def __init__(self) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._left = _MOST_HELD if soft == resource.RLIM_INFINITY else min(_MOST_HELD, soft // 8)

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def give_back(self) -> None:
        self._left += 1


class ProcessWatch:
    """Follows one process, from `begin` on. Raises OSError where it has ended already."""

    def __init__(self, pid: int, held: HeldFiles) -> None:
        self.pid = pid
        self.ended = False
        self.unreadable: Unreadable | None = None
        """Why it is not looked at for who waits for the GIL."""
        self.pools_readable = True
        self._held = held
        self._folder: int | None = os.open(f"/proc/{pid}/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._area: range | None = None
        try:
            self._area = gil_area(pid)
        except Unreadable as problem:
            self.unreadable = problem
        self._threads: dict[str, ThreadWatch] = {}
        self._lively: list[ThreadWatch] = []
        self._looks = 0
        self._done: list[ThreadSched] = []
        self._surveys = self._blocked = 0
        self._libraries: tuple[str, ...] = ()
        self._variables: dict[str, int] = {}
        self._rss_bytes = self._thread_count = 0
        self._cpu_s = self._cpu_before_s = 0.0

    def begin(self, now_s: float, *, born: bool) -> None:
        """Read all counters for the first time; a process `born` within the span has them all anew."""
        if self._update(now_s, born=born) and not born:
            self._cpu_before_s = self._cpu_s
        self._lively = list(self._threads.values())

    @property
    def looked(self) -> bool:
        """Whether some thread was looked at for the GIL."""
        return any(thread.looks for thread in self._threads.values()) or any(thread.looks for thread in self._done)

    def count(self, now_s: float) -> None:
        """Read every thread's counters."""
        if self._update(now_s, born=True):
            for tid, thread in list(self._threads.items()):
                if not thread.count(now_s):
                    self._bury(tid)

    def look(self) -> None:
        """See which threads wait for the GIL, of those that had run lately when all were looked at."""
        if not self.ended:
            self._looks += 1
            for thread in self._lively:
                thread.look(1)

    def look_at_all(self, now_s: float) -> None:
        """See which threads wait for the GIL, and read their counters.

        For those that had not run lately, and those that were not known, this look stands for the ones before it too.
        """
        if not self._update(now_s, born=True):
            return
        self._looks += 1
        lively = set(self._lively)
        for tid, thread in list(self._threads.items()):
            thread.look(1 if thread in lively else COUNT_EVERY)
            if not thread.count(now_s):
                self._bury(tid)
        self._lively = [thread for thread in self._threads.values() if thread.ran_lately(now_s)]

    def survey(self) -> None:
        """Read every thread's switches, and which of them sleep uninterruptibly: twice as dear as a look."""
        if self.ended:
            return
        self._surveys += 1
        self._blocked += sum(thread.survey() for thread in self._threads.values())

    def weigh(self) -> None:
        """Read how much memory it holds."""
        import psutil

        with suppress(psutil.Error):
            self._rss_bytes = self._rss_bytes if self.ended else psutil.Process(self.pid).memory_info().rss

    def find_pools(self) -> None:
        """Read which native pools are mapped, and the variables that size them."""
        if self.ended:
            return
        try:
            self._libraries = native_pools.libraries(self.pid)
            self._variables = native_pools.variables(self.pid)
            self.pools_readable = True
        except OSError:
            self.pools_readable = bool(self._libraries)

    def threads(self) -> list[ThreadSched]:
        """Every thread that ran or waited within the span; one that ended, up to the last look at it."""
        return [*self._done, *filter(None, (thread.result(self.pid) for thread in self._threads.values()))]

    def result(self) -> ProcessSched:
        """The process itself."""
        return ProcessSched(
            pid=self.pid,
            cpu_s=max(self._cpu_s - self._cpu_before_s, 0.0),
            threads=self._thread_count,
            rss_bytes=self._rss_bytes,
            libraries=self._libraries,
            variables=self._variables,
            blocked=self._blocked / self._surveys if self._surveys else 0.0,
            looks=self._looks,
        )

    def close(self) -> None:
        """Let go of all files; what was counted stays."""
        for tid in list(self._threads):
            self._bury(tid)
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None
        self.ended = True

    def _update(self, now_s: float, *, born: bool) -> bool:
        """Take the CPU clock, and the threads that there are now; False where the process has ended."""
        if self._folder is None:
            return False
        try:
            cpu_s, tids = cpu_time_s(self.pid), os.listdir(self._folder)
        except OSError:
            tids = []
        if not tids:
            self.close()
            return False
        self._cpu_s, self._thread_count = cpu_s, len(tids)
        for tid in self._threads.keys() - tids:
            self._bury(tid)
        for tid in tids:
            if tid not in self._threads:
                self._follow(tid, now_s, born=born)
        return True

    def _follow(self, tid: str, now_s: float, *, born: bool) -> None:
        assert self._folder is not None
        thread = self._threads[tid] = ThreadWatch(self._folder, tid, self._area, held=self._held.take())
        if not thread.begin(now_s, born=born):
            self._bury(tid)

    def _bury(self, tid: str) -> None:
        """Keep what an ended thread did."""
        thread = self._threads.pop(tid)
        thread.close()
        self._held.give_back()
        if result := thread.result(self.pid):
            self._done.append(result)
