"""oversubscribed: native threads of several processes, or too many of one, fight for the CPUs.

What it finds. Threads that wait for one another (BLAS, OpenMP, torch: each parallel loop ends in a barrier), and of
which more are ready to run than there are CPUs. A thread that stands without a CPU holds up all others of its team,
which spin meanwhile: 1.4 to 95 times fewer requests a second were measured.

How. By the kernel's counters alone: D / C runnable threads for each that can run, several busy threads in a process,
and CPUs that are in use. Pools that exist and are idle are not counted, nor is what the environment says.

What it leaves alone. Processes of one thread each, however many (`surplus-workers`), threads that wait for the GIL
(`gil-bound`), and other programs' load.

What to do. One worker for each CPU and one native thread in each.

Limits: `crowding`: D / C for a finding, and `high` for a severe one (threads that never block count as a little less
than one: 2 workers of 2 threads on 2 CPUs were measured as 1.99 times the CPUs); `threads`: busy threads in an active
process; `use`: part of the CPUs that is in use; those of `detect.load`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect import settings
from perftools.detect.judging import fingerprint
from perftools.detect.load import BUSY, FITS, Load, counted, load, number, rows, several
from perftools.finding import Finding, Measure, Ok, Where
from perftools.record import Missing, Sched

id = "oversubscribed"
limits: Mapping[str, float] = {**BUSY, "crowding": FITS, "high": 1.9, "threads": 1.5, "use": 0.6}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """One finding about the whole service; Ok where the threads fit, Missing where others' load hides it."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    if fights(found, limits):
        return [_finding(found, evidence, limits)]
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
