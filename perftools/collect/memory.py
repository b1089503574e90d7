"""Memory of every process of the service over the window, without a line of code in it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Final

from perftools.collect import cgroup_memory
from perftools.collect.forks import Forks
from perftools.collect.memory_process import Ended, MemoryProcess, Unwalkable
from perftools.collect.recorder import Kind
from perftools.record import Cost, Memory, Missing, Target
from perftools.target import alive
from perftools.target.cpus import Group
from perftools.target.proc import HOST, Proc

COUNT_S: Final = 0.1
"""Mean time between two looks at the kernel's counters of all processes: 0.1 ms each."""
WALK_S: Final = 0.5
"""Least time between two walks over the page tables of one process."""
COUNTING_CORES: Final = 0.0025
WALKING_CORES: Final = 0.0025
"""What both may use of a core. A walk takes about 20 ms for each GiB of 4 KiB pages (`python -m perftools_benchmarks
memory`), so that a process of 1 GiB is walked every 8 s, one of 100 MiB every second. Meanwhile the kernel holds its
mmap_lock for reading: page faults go on, mmap and munmap wait, up to Linux 5.9 for the whole walk, since then for one
mapping's part of it (show_smaps_rollup in fs/proc/task_mmu.c lets go of the lock between two mappings where somebody
waits)."""
FIRST_WALKS_S: Final = 0.2
"""How long the first walk of each process may take in all; the others come in turn."""
_BATCH: Final = 32
"""Pages that a CPU counts by itself before it tells the others, at least (lib/percpu_counter.c)."""
_EVENTS: Final = 64
"""The same of a thread before Linux 6.2 (TASK_RSS_EVENTS_THRESH, mm/memory.c)."""


class MemoryRecorder:
    """Reads counters often, and walks page tables (for PSS and private memory) as often as they are cheap to walk.

    Processes that those of the service start meanwhile are read too.
    """

    id = "memory"

    def __init__(self, target: Target, proc: Proc = HOST) -> None:
        self._target = target
        self._proc = proc
        self._processes: list[MemoryProcess] = []
        self._ended: list[MemoryProcess] = []
        self._forks = Forks(proc)
        self._unwalked: Missing | None = None
        self._limit: cgroup_memory.Limit | None = None
        self._group: Group | None = None
        self._kills_before: int | None = None
        self._kills: int | None = None
        self._used_bytes: int | None = None
        self._known: set[int] = set()
        self._began = False
        self._start_s = self._counted_s = 0.0
        self._next_count_s = self._next_walk_s = 0.0
        self._turn = self._walks = 0
        self._cpu_s = self._gap_s = self._longest_s = 0.0

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Begin, or look on after the gap between two rounds."""
        if not self._began:
            self._charge(self._begin)
        self._counted_s = time.monotonic()

    def step(self) -> None:
        """Read, where it is time to."""
        now_s = time.monotonic()
        if now_s >= self._next_count_s:
            self._gap_s = max(self._gap_s, now_s - self._counted_s)
            self._counted_s = now_s
            used_s = self._charge(self._count)
            wait_s = COUNT_S * random.uniform(0.7, 1.3)  # noqa: S311 (so that no rhythm of the service falls in with ours)
            self._next_count_s = now_s + max(wait_s, used_s / COUNTING_CORES)
        elif now_s >= self._next_walk_s:
            used_s = self._charge(self._walk_next)
            self._next_walk_s = now_s + max(WALK_S / max(len(self._processes), 1), used_s / WALKING_CORES)

    def end_round(self) -> None:
        """Read once more, what the control group says too, and find processes that were started."""
        self._charge(self._end_round)

    def result(self) -> Memory | Missing:
        """All that was seen up to now."""
        processes = [*self._ended, *self._processes]
        readings = sorted((each for process in processes for each in process.readings), key=lambda each: each.at_s)
        if not readings:
            return Missing(code="E-MEMORY", reason="no process of the service could be read")
        return Memory(
            cost=Cost(
                method="/proc/PID/status and smaps_rollup",
                cpu_s=self._cpu_s,
                lost=0,
                max_gap_ms=1000 * self._gap_s,
                complete=self._completeness(),
            ),
            readings=tuple(readings),
            started_s={process.pid: process.started_s for process in processes},
            slack_bytes=slack_bytes(os.uname().release, os.cpu_count() or 1, self._threads()),
            forked=self._forks.result(),
            unwalked=self._unwalked,
            limit_bytes=self._limit.limit_bytes if self._limit else None,
            limit_source=self._limit.source if self._limit else "",
            used_bytes=self._used_bytes,
            oom_kills=_difference(self._kills_before, self._kills),
        )

    def close(self) -> None:
        """There is nothing to let go of."""

    def _begin(self) -> None:
        self._began = True
        self._start_s = time.monotonic()
        self._known = set(self._proc.pids())
        for process in self._target.processes:
            if alive(process, proc=self._proc):
                self._follow(process.pid, process.start_ticks)
        pids = [process.pid for process in self._target.workers or self._target.processes]
        self._limit = cgroup_memory.tightest(self._proc, pids[0]) if pids else None
        self._group = cgroup_memory.own(self._proc, pids[0]) if pids else None
        self._kills_before = self._read_kills()
        self._count()
        until_s = time.monotonic() + FIRST_WALKS_S
        for _ in self._processes[:]:
            if time.monotonic() < until_s:
                self._walk_next()
        self._forks.look([process.pid for process in self._processes], 0.0)

    def _follow(self, pid: int, start_ticks: int) -> None:
        self._processes.append(MemoryProcess(pid, start_ticks, self._start_s, self._proc))

    def _count(self) -> None:
        at_s = time.monotonic() - self._start_s
        for process in self._processes[:]:
            try:
                process.count(at_s)
            except Ended:
                self._end(process)

    def _walk_next(self) -> None:
        if not self._processes:
            return
        self._turn = (self._turn + 1) % len(self._processes)
        process = self._processes[self._turn]
        started_s = time.monotonic()
        try:
            if process.walk(started_s - self._start_s):
                self._walks += 1
                self._longest_s = max(self._longest_s, time.monotonic() - started_s)
        except Ended:
            self._end(process)
        except Unwalkable as problem:
            self._unwalked = problem.missing

    def _end_round(self) -> None:
        for process in self._processes[:]:
            if not process.runs():  # its pid may be another's by now
                self._end(process)
        self._count()
        self._find_born()
        self._forks.look_again([process.pid for process in self._processes], time.monotonic() - self._start_s)
        if self._limit is not None:
            self._used_bytes = cgroup_memory.used_bytes(self._proc, self._limit.group)
        self._kills = self._read_kills()

    def _end(self, process: MemoryProcess) -> None:
        self._processes.remove(process)
        self._ended.append(process)

    def _find_born(self) -> None:
        """Follow what was started by a process of the service, or by one of those."""
        family = {process.pid for process in (*self._processes, *self._ended)}
        pids = set(self._proc.pids())
        stats = [stat for pid in pids - self._known if (stat := self._proc.stat(pid))]
        self._known = pids
        for stat in sorted(stats, key=lambda stat: stat.start_ticks):  # parents before their children
            if stat.parent in family and stat.state not in "ZX":
                family.add(stat.pid)
                self._follow(stat.pid, stat.start_ticks)

    def _read_kills(self) -> int | None:
        return cgroup_memory.oom_kills(self._proc, self._group) if self._group else None

    def _threads(self) -> int:
        return max((process.threads for process in self._target.processes), default=1)

    def _charge(self, work: Callable[[], None]) -> float:
        """Do it, and give the CPU seconds that it took."""
        started_s = time.thread_time()
        work()
        used_s = time.thread_time() - started_s
        self._cpu_s += used_s
        return used_s

    def _completeness(self) -> str:
        """What was had and what was not, in words."""
        walks = f"{self._walks} walks over page tables, the longest of {1000 * self._longest_s:.1f} ms"
        parts = ["all processes", walks if self._walks else "no page tables"]
        if self._unwalked is not None:
            parts.append(f"PSS not of all ({self._unwalked.reason})")
        if said := self._forks.left_out():
            parts.append(said)
        return ", ".join(parts)


def slack_bytes(release: str, cpus: int, threads: int) -> int:
    """By how much the counters of a process may be off, on a Linux of that release.

    Before 6.2 each thread kept up to 64 pages to itself (SPLIT_RSS_COUNTING, mm/memory.c); then each CPU up to 32 or
    twice the number of CPUs (percpu_counter_batch, lib/percpu_counter.c). From 6.17 on /proc adds all of them up ("mm:
    fix the inaccurate memory statistics issue for users", 82241a83cd15).
    """
    numbers = [int(word) for word in release.replace("-", ".").split(".")[:2] if word.isdecimal()]
    version = tuple(numbers) if len(numbers) == 2 else (0, 0)
    if version >= (6, 17):
        return 0
    pages = _EVENTS * threads if version < (6, 2) else cpus * max(_BATCH, 2 * cpus)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(after - before, 0)
