"""How the whole service was scheduled: who ran, who waited for a CPU or for the GIL, and under which limits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from perftools.collect.host import Surroundings
from perftools.collect.recorder import Kind
from perftools.collect.sched_processes import COUNT_EVERY, HeldFiles, ProcessWatch
from perftools.record import Cost, Missing, Sched, Target
from perftools.target import alive
from perftools.target.proc import HOST

LOOK_S = 0.1
"""Mean time between two looks at who waits for the GIL."""
SURVEY_S = 1.0
"""Time between two surveys: switches, uninterruptible sleepers, processes that were started."""
LOOKING_CORES = 0.01
SURVEYING_CORES = 0.005
"""What looks and surveys may use of a core: a service of thousands of threads is looked at less often."""
_POOLS_EVERY = 5
"""Rounds between two readings of what is mapped."""
_REMEDIES = {"V-NORIGHT": "run it as root, or as the service's user with the right to trace it"}


class SchedRecorder:
    """Follows every thread of the service, of processes too that are started meanwhile.

    Counters are differences over the span, from the first round's start to the last reading, gaps between rounds
    included. They are read twice a second: a thread or process born within the span counts from zero, what ended up
    to its last reading, and what lived between two readings is in its process's clock alone.
    """

    id = "sched"

    def __init__(self, target: Target) -> None:
        self._target = target
        self._watches: list[ProcessWatch] = []
        self._family = {process.pid for process in target.processes}
        self._pids: set[int] = set()
        self._newborn: list[int] = []
        self._held = HeldFiles()
        self._surroundings: Surroundings | None = None
        self._start_s = self._counted_s = self._looked_s = 0.0
        self._next_look_s = self._next_survey_s = 0.0
        self._rounds = self._looks = 0
        self._gap_s = self._cpu_s = 0.0

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Begin the span, or look on after the gap between two rounds."""
        self._charge(self._begin if self._surroundings is None else self._count)
        self._looked_s = time.monotonic()

    def step(self) -> None:
        """Look and survey, where it is time to."""
        now_s = time.monotonic()
        if now_s >= self._next_survey_s:
            self._charge(self._survey)
        if now_s >= self._next_look_s:
            self._gap_s = max(self._gap_s, now_s - self._looked_s)
            self._looked_s = now_s
            used_s = self._charge(self._look)
            wait_s = LOOK_S * random.uniform(0.5, 1.5)  # noqa: S311 (so that no rhythm of the service falls in with ours)
            self._next_look_s = now_s + max(wait_s, used_s / LOOKING_CORES)

    def end_round(self) -> None:
        """Take all counters."""
        self._charge(self._end_round)

    def result(self) -> Sched | Missing:
        """All that was seen up to now."""
        if not self._rounds or self._surroundings is None or not self._watches:
            return Missing(code="E-SCHEDSTAT", reason="no process of the service could be followed through a round")
        threads = tuple(thread for watch in self._watches for thread in watch.threads())
        processes = tuple(watch.result() for watch in self._watches)
        if sum(process.cpu_s for process in processes) > 0.1 and not any(thread.run_s for thread in threads):
            return Missing(code="E-SCHEDSTAT", reason="this kernel does not count what threads run (CONFIG_SCHED_INFO)")
        return Sched(
            cost=Cost(
                method="/proc/PID/task/TID/{schedstat,status,syscall}",
                cpu_s=self._cpu_s,
                lost=0,
                max_gap_ms=1000 * self._gap_s,
                complete=self._completeness(),
            ),
            span_s=self._counted_s - self._start_s,
            threads=threads,
            processes=processes,
            host=self._surroundings.host(),
            cgroup=self._surroundings.cgroup(),
            pressure=self._surroundings.pressure(),
            gil=self._gil(),
        )

    def close(self) -> None:
        """Let go of all files."""
        for watch in self._watches:
            watch.close()

    def _begin(self) -> None:
        self._pids = set(HOST.pids())
        watches = [self._open(process.pid) for process in self._target.processes if alive(process)]
        self._watches = [watch for watch in watches if watch is not None]
        workers = self._target.workers or self._target.processes
        self._surroundings = Surroundings([process.pid for process in workers])
        self._start_s = time.monotonic()
        for watch in self._watches:
            watch.begin(self._start_s, born=False)
        self._next_survey_s = self._start_s + SURVEY_S

    def _open(self, pid: int) -> ProcessWatch | None:
        try:
            return ProcessWatch(pid, self._held)
        except OSError:
            return None  # it has ended

    def _count(self) -> None:
        self._counted_s = time.monotonic()
        for watch in self._watches:
            watch.count(self._counted_s)

    def _look(self) -> None:
        self._looks += 1
        if self._looks % COUNT_EVERY:
            for watch in self._watches:
                watch.look()
        else:
            self._counted_s = time.monotonic()
            for watch in self._watches:
                watch.look_at_all(self._counted_s)

    def _survey(self) -> None:
        now_s, started_s = time.monotonic(), time.thread_time()
        for watch in self._watches:
            watch.survey()
        self._find_born()
        self._next_survey_s = now_s + max(SURVEY_S, (time.thread_time() - started_s) / SURVEYING_CORES)

    def _end_round(self) -> None:
        self._count()
        self._survey()
        for watch in self._watches:
            watch.weigh()
            if self._rounds % _POOLS_EVERY == 0:
                watch.find_pools()
        if self._surroundings is not None:
            self._surroundings.update()
        self._rounds += 1

    def _find_born(self) -> None:
        """Follow processes that one of the service's started, or one of those.

        From the second survey on: between fork and exec a process is still the program of its parent.
        """
        for pid in self._newborn:
            if watch := self._open(pid):
                watch.begin(time.monotonic(), born=True)
                self._watches.append(watch)
        pids = set(HOST.pids())
        stats = [stat for pid in pids - self._pids if (stat := HOST.stat(pid))]
        self._pids, self._newborn = pids, []
        for stat in sorted(stats, key=lambda stat: stat.start_ticks):  # parents before their children
            if stat.parent in self._family:
                self._family.add(stat.pid)
                self._newborn.append(stat.pid)

    def _charge(self, work: Callable[[], None]) -> float:
        """Do it, and give the CPU seconds that it took."""
        started_s = time.thread_time()
        work()
        used_s = time.thread_time() - started_s
        self._cpu_s += used_s
        return used_s

    def _gil(self) -> Missing | None:
        if any(watch.looked for watch in self._watches):
            return None
        problem = next((watch.unreadable for watch in self._watches if watch.unreadable), None)
        if problem is None:
            return Missing(code="V-BUILD", reason="the kernel does not tell what threads wait for (/proc/PID/syscall)")
        return Missing(code=problem.code or "V-BUILD", reason=problem.reason, remedy=_REMEDIES.get(problem.code))

    def _completeness(self) -> str:
        """What could not be seen, in words."""
        parts = ["all threads"]
        workers = {process.pid for process in self._target.workers}
        blind = [watch for watch in self._watches if watch.unreadable and watch.pid in workers]
        if blind:
            whose = "; ".join(f"{watch.pid}: {watch.unreadable}" for watch in blind)
            parts.append(f"without GIL waits of {len(blind)} of {len(workers)} workers ({whose})")
        if not all(watch.pools_readable for watch in self._watches):
            parts.append("native pools could not be read everywhere")
        return ", ".join(parts)
