"""How much a service runs, wants to run and waits, in CPUs and threads: what the rules about scheduling share.

From the per-task counters of /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst) over a span:
U = sum of run / span, the CPUs in use; D = sum of (run + wait) / span, the mean number of runnable threads. Waiting
includes the time for which a quota holds a thread back. E = CPUs that the service may use at once (affinity, quota),
C = max(1, ceil(E)), the threads that can run at once. The thresholds separated 22 harmful configurations of 72 (numpy,
torch, pure Python; gunicorn, uvicorn, granian; quotas), all found, from the harmless ones, of which 4 were alarms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from perftools.causes import Evidence
from perftools.detect.judging import BLIND, IDLE_CPU, idle
from perftools.finding import Estimate, Measure
from perftools.record import Missing, ProcessSched, Samples, Sched, ThreadSched

BUSY = {"busy": 0.03, "active": 0.02}
"""CPUs from which a thread is busy and a process active."""
BY_GIL = {"waiters": 1.0, "gil_use": 0.6, "beyond": 1.2}
"""Mean waiters from which a process is bound by the GIL, where it uses that part of what one thread could; one that
uses more than `beyond` CPUs runs native code beside it, and is not bound by the GIL alone."""
FITS = 1.5
"""D / C from which there are more runnable threads than CPUs: 1.0 is a right-sized service under full load."""

SLEEPLESS = 5.0
"""Times that a thread blocks in a second of its running, below which it looks for work rather than sleeps."""
LOUD = 0.30
"""Part of the CPUs from which other programs' load counts: beside less, runs were as alone."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One process of the service."""

    pid: int
    worker: bool
    running: float
    """CPUs in use, U of the process."""
    runnable: float
    """Mean number of runnable threads, D of the process."""
    busy: int
    """Threads that are busy."""
    native: int | None
    """Of them, those that were never seen to run Python: a native pool's. None where threads are not told apart."""
    sleepless: float
    """CPUs that those of them use which hardly ever block."""
    waiters: float | None
    """Mean number of threads that wait for the GIL; None where it could not be looked at."""
    libraries: tuple[str, ...]
    variables: Mapping[str, int]
    rss_bytes: int

    def gil_bound(self, cpus: float, limits: Mapping[str, float] = BY_GIL) -> bool:
        """Do its threads wait for one another's GIL, while they use most of the one CPU that this allows them?"""
        return (
            self.waiters is not None
            and self.waiters >= limits["waiters"]
            and self.running >= limits["gil_use"] * min(1.0, cpus)
        )

    @property
    def takes_turns(self) -> bool:
        """Are its busy threads Python's alone, one at a time? They are no team that waits for its slowest member."""
        return self.native == 0 and self.running < BY_GIL["beyond"]


@dataclass(frozen=True, kw_only=True)
class Load:
    """The service over the span."""

    span_s: float
    cpus: float
    """E."""
    source: str
    """What limits E."""
    members: tuple[Member, ...]
    """All processes."""
    active: tuple[Member, ...]
    """Those that are more than idle, most CPU first."""
    running: float
    """U."""
    runnable: float
    """D."""
    wanting: float
    """D, in which the threads of a process that the GIL binds count as one: it lets one of them run."""
    threads_per_process: float
    """Busy threads over active processes, those of a process in which they take turns as one."""
    usable: int
    """CPUs in the service's affinity."""
    others: float
    """CPUs of these that other programs used."""
    stolen: float
    """CPUs of these that the hypervisor gave to others."""

    @property
    def capacity(self) -> int:
        """C."""
        return max(1, math.ceil(self.cpus - 1e-3))

    @property
    def crowding(self) -> float:
        """Runnable threads for each that can run, D / C."""
        return self.wanting / self.capacity

    @property
    def waiting(self) -> float:
        """Part of the runnable time spent waiting for a CPU."""
        return 1 - self.running / self.runnable if self.runnable > 0 else 0.0

    @property
    def drowned(self) -> Missing | None:
        """Why a service that gets too little CPU for a judgement cannot be judged, where others take it; else None."""
        taken = self.others + self.stolen
        if taken < LOUD * self.usable:
            return None
        return Missing(
            code=BLIND,
            reason=f"threads wait, but other programs use {number(taken)} of {several(self.usable, 'CPU')}: "
            "whether they would wait alone cannot be told",
            remedy="audit it while the machine is quieter",
        )

    @property
    def workers(self) -> int:
        """Processes that are there to serve requests."""
        return sum(member.worker for member in self.members)

    @property
    def active_workers(self) -> int:
        """Of them, those that had work."""
        return sum(member.worker for member in self.active)

    @property
    def enough_processes(self) -> float:
        """N* = C (U + blocked) / U, with blocked = active - D: processes of one thread that keep C CPUs busy.

        While one of them is blocked (I/O) another may run: each is ready for D / active of the time.
        """
        blocked = max(len(self.active) - self.runnable, 0.0)
        return self.capacity * (self.running + blocked) / self.running if self.running > 0 else float(self.capacity)


def load(evidence: Evidence, limits: Mapping[str, float]) -> Load | Missing:
    """The service's load; Missing where scheduling was not recorded, or the service was idle."""
    sched = evidence.audit.observations.sched
    if isinstance(sched, Missing):
        reason = f"it {sched.reason}" if sched.code == "E-ABSENT" else sched.reason
        return Missing(code=sched.code, reason=f"scheduling not checked, because {reason}", remedy=sched.remedy)
    if (missing := idle(evidence)) is not None:
        return missing
    found = _measured(sched, evidence, limits)
    if found.running < IDLE_CPU or not found.active:
        return Missing(
            code="E-IDLE",
            reason=f"idle, not loaded: {100 * found.running:.1f} % of a CPU used in {sched.span_s:.0f} s",
            remedy="send it requests, or audit it for longer with --window",
        )
    return found


def _measured(sched: Sched, evidence: Evidence, limits: Mapping[str, float]) -> Load:
    target = evidence.audit.target
    span_s = sched.span_s or 1.0
    threads: dict[int, list[ThreadSched]] = defaultdict(list)
    for thread in sched.threads:
        threads[thread.pid].append(thread)
    runnable = sum(each.run_s + each.wait_s for each in sched.threads) / span_s
    # Where hundreds of threads share a few CPUs, each gets less than what else makes it busy: half of a fair part does.
    fair = target.cpus.effective / runnable if runnable > 0 else 1.0
    busy, active = (min(limits[name], fair / 2) for name in ("busy", "active"))
    workers = {process.pid for process in target.workers}
    in_python = _python_threads(evidence.audit.observations.samples)
    members = tuple(
        _member(process, threads[process.pid], span_s, busy, in_python, worker=process.pid in workers)
        for process in sched.processes
    )
    if sum(each.worker for each in members) > 1:  # soon after its start, a master has used as much CPU as a worker
        members = tuple(
            replace(each, worker=False) if each.pid == target.root_pid and each.running <= active else each
            for each in members
        )
    found = sorted((each for each in members if each.running > active), key=lambda each: -each.running)
    bound = [
        each.takes_turns or (each.gil_bound(target.cpus.effective) and each.running < BY_GIL["beyond"])
        for each in found
    ]
    count = sum(1 if one else each.busy for each, one in zip(found, bound, strict=True))
    excess = sum(max(each.runnable - 1, 0.0) for each, one in zip(found, bound, strict=True) if one)
    running = sum(each.running for each in members)
    runnable = max(sum(each.runnable for each in members), running)
    return Load(
        span_s=span_s,
        cpus=target.cpus.effective,
        source=target.cpus.source,
        members=members,
        active=tuple(found),
        running=running,
        runnable=runnable,
        wanting=runnable - excess,
        threads_per_process=count / len(found) if found else 0.0,
        usable=sched.host.usable,
        others=max(sched.host.busy_s / span_s - running, 0.0),
        stolen=sched.host.stolen_s / span_s,
    )


def _python_threads(samples: Samples | Missing) -> set[tuple[int, int]]:
    """Threads with a Python stack, as (pid, tid)."""
    if isinstance(samples, Missing):
        return set()
    return {(stream.pid, stream.tid) for stream in samples.streams if stream.tid is not None}


def _member(
    process: ProcessSched,
    threads: Sequence[ThreadSched],
    span_s: float,
    busy: float,
    in_python: set[tuple[int, int]],
    *,
    worker: bool,
) -> Member:
    at_work = [each for each in threads if each.run_s / span_s >= busy]
    pool = [each for each in at_work if (each.pid, each.tid) not in in_python]
    run_s, wait_s = sum(each.run_s for each in threads), sum(each.wait_s for each in threads)
    run_s = max(run_s, process.cpu_s)  # threads that were too short-lived to be counted are in its clock
    looked = process.looks and any(each.looks for each in threads)
    return Member(
        pid=process.pid,
        worker=worker,
        running=run_s / span_s,
        runnable=(run_s + wait_s) / span_s,
        busy=len(at_work),
        native=len(pool) if len(pool) < len(at_work) else None,
        sleepless=sum(each.run_s for each in pool if each.voluntary < SLEEPLESS * each.run_s) / span_s,
        waiters=sum(each.gil_waits for each in threads) / process.looks if looked else None,
        libraries=process.libraries,
        variables=process.variables,
        rss_bytes=process.rss_bytes,
    )


def counted(label: str, value: float, unit: str, n: int = 1) -> Measure:
    """A number of the evidence, from the kernel's counters."""
    return Measure(label=label, estimate=Estimate(value=value, low=value, high=value, unit=unit, n=n, counted=True))


def rows(found: Load) -> list[Measure | str]:
    """The service's load as evidence."""
    said: list[Measure | str] = [
        counted("runnable threads, on average", found.runnable, ""),
        counted(f"CPUs that they may use ({found.source})", found.cpus, ""),
        counted("CPUs in use", found.running, ""),
        counted("runnable time spent waiting for a CPU", 100 * found.waiting, "%"),
        counted("active processes", len(found.active), ""),
        counted("busy threads", sum(each.busy for each in found.active), ""),
    ]
    if (imbalance := uneven(found)) is not None:
        said.append(imbalance)
    return said


def uneven(found: Load) -> str | None:
    """Workers that had nothing to do, while others had."""
    if not 0 < found.active_workers < found.workers:
        return None
    return f"only {found.active_workers} of {found.workers} workers had work"


def number(value: float) -> str:
    """Threads or CPUs, in two digits: 0.99, 1.9, 16."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"


def several(count: int, noun: str) -> str:
    """As in "1 process" or "4 processes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
