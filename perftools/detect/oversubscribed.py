"""oversubscribed: native threads of several processes, or too many of one, fight for the CPUs.

What it finds. Threads that wait for one another (BLAS, OpenMP, torch: each parallel loop ends in a barrier), and of
which more are ready to run than there are CPUs. A thread that stands without a CPU holds up all others of its team,
which spin meanwhile: 1.4 to 95 times fewer requests a second were measured.

How. By the kernel's counters alone: D / C runnable threads for each that can run, several busy threads in a process,
and CPUs that are in use. Pools that exist and are idle are not counted, nor is what the environment says.

A team of as many threads as CPUs is no crowd, but where its threads never sleep, and the one that calls them runs
Python for a noteworthy part of the time, that part of their CPU is lost (measured: one worker of two OpenBLAS threads
on 2 CPUs did half of what two workers of one thread did). The GIL being held tells when there was nothing for them to
do; nothing is said where a process has several busy threads of Python.

What it leaves alone. Processes of one thread each, however many (`surplus-workers`), threads that wait for the GIL
(`gil-bound`), and other programs' load.

What to do. One worker for each CPU and one native thread in each.

Limits: `crowding`: D / C for a finding, and `high` for a severe one (threads that never block count as a little less
than one: 2 workers of 2 threads on 2 CPUs were measured as 1.99 times the CPUs); `threads`: busy threads in an active
process; `use`: part of the CPUs that is in use; those of `detect.spinning` and `detect.load`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect import settings
from perftools.detect.judging import fingerprint
from perftools.detect.load import BUSY, FITS, Load, counted, load, number, rows, several
from perftools.detect.spinning import SPIN, Spinning, spinning
from perftools.finding import Finding, Measure, Ok, Where
from perftools.record import Missing, Sched

id = "oversubscribed"
limits: Mapping[str, float] = {**BUSY, "crowding": FITS, "high": 1.9, "threads": 1.5, "use": 0.6, **SPIN}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """One finding about the whole service; Ok where the threads fit, Missing where others' load hides it."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    if fights(found, limits):
        return [_finding(found, evidence, limits)]
    if (team := spinning(found, evidence, limits)) is not None:
        return [_wasted(team, found, evidence)]
    if fights(found, {**limits, "use": 0.0}) and (drowned := found.drowned) is not None:
        return drowned
    said = (
        f"{number(found.runnable)} threads runnable on average, {number(found.running)} of {number(found.cpus)} "
        f"CPUs in use, {100 * found.waiting:.0f} % of the runnable time waiting"
    )
    if found.crowding >= limits["crowding"] and found.threads_per_process < limits["threads"]:
        said += "; the processes have one busy thread each, and do not wait for one another"
    elif (idle := settings.pools(found)) and found.threads_per_process < limits["threads"]:
        said += f"; native pools ({', '.join(idle)}) are mapped, and no more than one thread in a process is busy"
    return Ok(rule=id, says=said)


def fights(found: Load, limits: Mapping[str, float] = limits) -> bool:
    """Are there more runnable threads than CPUs, several in a process, that keep the CPUs busy?"""
    return (
        found.crowding >= limits["crowding"]
        and found.threads_per_process >= limits["threads"]
        and found.running >= limits["use"] * found.cpus
    )


def _finding(found: Load, evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    sched, target = evidence.audit.observations.sched, evidence.audit.target
    assert isinstance(sched, Sched)
    setup = settings.recommend(found, sched.host.memory_available_bytes)
    busy = sum(each.busy for each in found.active)
    return Finding(
        rule=id,
        severity="high" if found.crowding >= limits["high"] else "medium",
        title=f"{busy} busy threads in {several(len(found.active), 'process')} fight for "
        f"{several(found.capacity, 'CPU')}, and {number(found.runnable)} are runnable on average",
        where=None,
        share=None,
        evidence=(*rows(found), *_pools(found, setup), *_throttled(sched)),
        facts=(),
        heat=(),
        why=_why(found, sched),
        todo=f"{_spread(found)}{settings.native(found, target, setup)} That is "
        f"{several(setup.workers, 'worker')} of {several(setup.threads, 'native thread')}: {setup.because}.",
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=found.waiting,
    )


def _wasted(team: Spinning, found: Load, evidence: Evidence) -> Finding:
    sched, target = evidence.audit.observations.sched, evidence.audit.target
    assert isinstance(sched, Sched)
    setup = settings.recommend(found, sched.host.memory_available_bytes)
    part = f"{100 * team.idle:.0f} %"
    return Finding(
        rule=id,
        severity="medium",
        title=f"{several(team.threads, 'native thread')} that never {'sleep' if team.threads > 1 else 'sleeps'} "
        f"{'have' if team.threads > 1 else 'has'} nothing to do for {part} of the time",
        where=None,
        share=None,
        evidence=(
            *rows(found),
            counted("CPUs that these native threads use", team.cpus, ""),
            counted("time in which their caller holds the GIL", 100 * team.idle, "%"),
            *_pools(found, setup),
        ),
        facts=(),
        heat=(),
        why="Native threads that share an operation look for the next one without a pause, and use a CPU meanwhile. "
        f"Their caller runs Python for {part} of the time: so long there is none. Workers of one native thread each "
        "spend all of it on requests. What that gains was not measured here; one worker of 2 OpenBLAS threads on "
        "2 CPUs did half as much as 2 workers of one.",
        todo=f"{_spread(found)}{settings.native(found, target, setup)} That is "
        f"{several(setup.workers, 'worker')} of {several(setup.threads, 'native thread')}: {setup.because}.",
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=team.idle * team.cpus / found.cpus,
    )


def _spread(found: Load) -> str:
    if found.active_workers < found.workers:
        return (
            f"Before adding workers, see why only {found.active_workers} of {found.workers} had work (connections that "
            "are kept alive stay with the worker that accepted them). "
        )
    return ""


def _pools(found: Load, setup: settings.Setup) -> list[Measure | str]:
    libraries = settings.pools(found)
    said: list[Measure | str] = [f"native pools mapped: {', '.join(libraries)}"] if libraries else []
    return [*said, *settings.environment(found, setup)]


def _throttled(sched: Sched) -> list[Measure | str]:
    group = sched.cgroup
    if group is None or not group.periods:
        return []
    part = 100 * group.throttled_periods / group.periods
    return [counted(f"periods in which the quota of {number(group.quota)} CPUs held it back", part, "%", group.periods)]


def _why(found: Load, sched: Sched) -> str:
    unknown = ""
    if sched.gil is not None:
        unknown = f" Whether they wait for the GIL besides was not checked: {sched.gil.reason}."
    return (
        "Native threads share each operation and meet at its end: while one of them stands without a CPU, the others "
        f"spin. Here a thread that was ready had a CPU for {100 * (1 - found.waiting):.0f} % of the time; with as many "
        "threads as CPUs it has one nearly always. What that gains was not measured here, and depends on how often "
        f"they meet: 1.4 to 95 times more requests a second in numpy and torch services on 2 CPUs.{unknown}"
    )
