"""gil-bound: threads of one process wait for its GIL.

What it finds. A process in which at least one thread on average waits for the GIL, while one thread's worth of CPU is
used: Python code of one process runs on one CPU, however many threads it has.

How. By looks at where each thread waits (a futex inside `_PyRuntime`), and the kernel's count of the CPU used. Where
one thread of the program's own, beside those that serve, holds the GIL for most of the time, it is to blame; then one
waiting for half of the time is enough: an event loop has but one thread, which also waits for requests (measured: 0.75
waiting, and 2.5 times the requests with the background work in another process).

What it leaves alone. Threads that wait for the GIL now and then while most of the time goes to I/O: the process then
uses less CPU. Where nearly all CPUs are used anyway, another process would bring little: that is for information.

What to do. Add a process, or move the thread that holds the GIL out of it.

Limits: `waiters`, `gil_use`: mean waiters, and CPU used against min(1, E); `gain`: CPUs that the service may use
over those that it does, from which another process is worth it (two processes of threads on two CPUs had 1.4, and a
third one brought 9 % more requests); `holder`: part of the GIL-held time from which one thread is to blame, and
`held`: mean waiters then; those of `detect.load`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect import settings
from perftools.detect.gil_holder import Holder, background_holder
from perftools.detect.judging import BLIND, fingerprint
from perftools.detect.load import BUSY, BY_GIL, Load, Member, counted, load, number, several, uneven
from perftools.finding import Finding, Measure, Ok, Where
from perftools.record import Missing, Sched, Target

id = "gil-bound"
limits: Mapping[str, float] = {**BUSY, **BY_GIL, "gain": 1.5, "holder": 0.6, "held": 0.5}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding | Missing] | Ok | Missing:
    """A finding for the bound processes together, one for each thread that holds the GIL, what was not looked at."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    blind = _not_looked_at(found, evidence)
    by_one = {**limits, "waiters": limits["held"]}
    bound = [member for member in found.active if member.gil_bound(found.cpus, by_one)]
    holders = {member.pid: background_holder(member.pid, evidence, limits["holder"]) for member in bound}
    findings: list[Finding] = []
    for entry in dict.fromkeys(each.entry.function for each in holders.values() if each is not None):
        held = [member for member in bound if (one := holders[member.pid]) is not None and one.entry.function == entry]
        holder = holders[held[0].pid]
        assert holder is not None
        findings.append(_held(held, holder, found, evidence))
    crowd = [member for member in bound if holders[member.pid] is None and member.gil_bound(found.cpus, limits)]
    if crowd:
        findings.append(_crowded(crowd, found, evidence, limits))
    if findings:
        return [*findings, blind] if blind is not None else findings
    if blind is not None:
        return blind
    little = any(member.gil_bound(found.cpus, {**limits, "gil_use": 0.0}) for member in found.active)
    if little and (drowned := found.drowned) is not None:
        return drowned
    most = max((member.waiters or 0.0 for member in found.active), default=0.0)
    return Ok(rule=id, says=f"{number(most)} threads of a process wait for the GIL on average")


def _not_looked_at(found: Load, evidence: Evidence) -> Missing | None:
    sched = evidence.audit.observations.sched
    assert isinstance(sched, Sched)
    if sched.gil is not None:
        return Missing(
            code=sched.gil.code,
            reason=f"waiting for the GIL not checked, because {sched.gil.reason}",
            remedy=sched.gil.remedy,
        )
    unseen = [member.pid for member in found.active if member.worker and member.waiters is None]
    if not unseen:
        return None
    return Missing(code=BLIND, reason=f"waiting for the GIL not checked in pid {', '.join(map(str, unseen))}")


def _held(held: Sequence[Member], holder: Holder, found: Load, evidence: Evidence) -> Finding:
    waiters = max(member.waiters or 0.0 for member in held)
    where = holder.where
    entry = holder.entry if holder.entry.function != where.function else None
    return Finding(
        rule=id,
        severity="medium",
        title=f"a background thread holds the GIL: {100 * holder.share:.0f} % of the time that anyone does, while "
        f"{number(waiters)} other threads wait for it",
        where=where,
        share=None,
        evidence=_rows(held, found),
        facts=(),
        heat=(),
        why=f"{holder.entry.function}() runs in a thread beside those that serve requests. Each time that it has the "
        "GIL it keeps it for 5 ms (sys.getswitchinterval()) before it gives way, and takes it back at once.",
        todo=f"Move {holder.entry.function}() out of the process: a process of its own "
        "(`multiprocessing.get_context('spawn').Process`, a cron job, a task queue), that hands over only its result. "
        "If its work is array operations, numpy releases the GIL for their length.",
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry,
        rank=min(1.0, waiters / (1 + waiters)),
    )


def _crowded(crowd: Sequence[Member], found: Load, evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    sched, target = evidence.audit.observations.sched, evidence.audit.target
    assert isinstance(sched, Sched)
    waiters = max(member.waiters or 0.0 for member in crowd)
    worth = found.cpus >= limits["gain"] * found.running
    who = "its process" if len(crowd) == 1 else f"each of {len(crowd)} processes"
    return Finding(
        rule=id,
        severity="medium" if worth else "info",
        title=f"{number(waiters)} threads wait for the GIL of {who} on average"
        + ("" if worth else ", and hardly a CPU is unused"),
        where=None,
        share=None,
        evidence=_rows(crowd, found),
        facts=(),
        heat=(),
        why=_why(found, worth=worth),
        todo=_todo(found, settings.recommend(found, sched.host.memory_available_bytes), target, worth=worth),
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=max(0.0, 1 - found.running / found.cpus),
    )


def _rows(members: Sequence[Member], found: Load) -> tuple[Measure | str, ...]:
    said: list[Measure | str] = []
    for member in members[:4]:
        said.append(counted(f"threads waiting for the GIL, pid {member.pid}", member.waiters or 0.0, ""))
        said.append(counted(f"CPUs in use, pid {member.pid}", member.running, ""))
    said.append(counted("CPUs in use by the service", found.running, ""))
    said.append(counted(f"CPUs that it may use ({found.source})", found.cpus, ""))
    if (imbalance := uneven(found)) is not None:
        said.append(imbalance)
    return tuple(said)


def _why(found: Load, *, worth: bool) -> str:
    said = "Python code of one process runs one thread at a time, so that more threads only take turns."
    if not worth:
        return (
            f"{said} Of {number(found.cpus)} CPUs {number(found.running)} are in use by the service and "
            f"{number(found.others)} by others, so that another process would bring little more; fewer threads would "
            "shorten the longest waits."
        )
    return (
        f"{said} The service uses {number(found.running)} of {number(found.cpus)} CPUs: with a process for each it "
        f"could do up to {found.cpus / found.running:.1f} times as much, if the load asks for it and nothing else is "
        "short (from these two numbers; not measured here)."
    )


def _todo(found: Load, setup: settings.Setup, target: Target, *, worth: bool) -> str:
    if not worth:
        return "Little for throughput. For the tail, serve with fewer threads in each process, or use less CPU."
    if found.active_workers < found.workers:
        return (
            f"First let all workers have work: {found.active_workers} of {found.workers} had any. Connections that are "
            "kept alive stay with the worker that accepted them: limit the requests of a connection at the client or "
            "proxy, or balance by request."
        )
    if setup.short_of_memory:
        return f"Add a process, once it fits: {setup.because}. A smaller worker, or data that all share, comes first."
    if setup.workers > found.workers:
        return (
            "Add processes, with one thread for CPU work in each. "
            f"{settings.start(target, setup.workers, {}, one_thread=True)} That is {several(setup.workers, 'worker')}: "
            f"{setup.because}. More threads are of use only while requests wait for something else than the CPU."
        )
    return (
        f"Add a process: {several(found.workers, 'worker')} leave {number(found.cpus - found.running)} CPUs unused, "
        f"since they also wait for other things. {settings.start(target, found.workers + 1, {})}"
    )
