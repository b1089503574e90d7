"""cpu-throttled: the CPU quota is smaller than what the service wants to run.

What it finds. A quota of the control group that is used up and holds the service back in many periods, while more
threads are ready than it lets run. For information where they fit into ceil(quota) CPUs, and where more workers than
these cannot use want to run anyway (`surplus-workers`); an alarm where twice as many are ready.

What it leaves alone. Throttling by itself: one thread under a quota of half a CPU is throttled in every period, and no
setting would serve more. Threads that fight for the quota among themselves (`oversubscribed` says so, with its
throttling).

What to do. Raise the quota, or use less CPU.

Limits: `periods`: part of the periods in which it was held back; `used`: part of the quota that is used; `demand`:
runnable threads against the quota, D / E; `medium`: D / C for an alarm; those of `detect.load`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect import oversubscribed, surplus_workers
from perftools.detect.judging import BLIND, fingerprint
from perftools.detect.load import BUSY, Load, counted, load, number, rows
from perftools.finding import Finding, Ok, Where
from perftools.record import Cgroup, Missing, Sched

id = "cpu-throttled"
limits: Mapping[str, float] = {**BUSY, "periods": 0.10, "used": 0.90, "demand": 1.2, "medium": 2.0}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A finding where the quota is too small; Ok with what it did."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    sched = evidence.audit.observations.sched
    assert isinstance(sched, Sched)
    group = sched.cgroup
    if group is None:
        if found.cpus < found.usable - 1e-3:
            return Missing(code=BLIND, reason="throttling not checked, because the control group does not tell")
        return Ok(rule=id, says="no CPU quota")
    part = group.throttled_periods / group.periods if group.periods else 0.0
    said = f"held back in {100 * part:.0f} % of the periods of a quota of {number(group.quota)} CPUs"
    if group.quota > found.cpus + 1e-3 or part < limits["periods"] or found.running < limits["used"] * group.quota:
        return Ok(rule=id, says=f"{said}, of which {number(found.running)} were used")
    if oversubscribed.fights(found):
        return Ok(rule=id, says=f"{said}: by threads that fight for it (oversubscribed)")
    if found.wanting < limits["demand"] * group.quota:
        return Ok(rule=id, says=f"{said}, but no more threads are ready than it lets run")
    return [_finding(found, group, part, evidence, limits)]


def _finding(found: Load, group: Cgroup, part: float, evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    surplus = surplus_workers.surplus(found)
    alarm = found.crowding >= limits["medium"] and not surplus
    wanted = min(math.ceil(found.wanting - 0.1), found.usable)
    burst = 100 * (1 - min(1.0, group.quota / min(max(found.wanting, group.quota), found.usable)))
    return Finding(
        rule=id,
        severity="medium" if alarm else "info",
        title=f"the quota of {number(group.quota)} CPUs is used up, while {number(found.wanting)} threads are runnable "
        "on average",
        where=None,
        share=None,
        evidence=(
            counted("periods in which it was held back", 100 * part, "%", group.periods),
            counted("time held back, summed over CPUs", group.throttled_s, "s", group.throttled_periods),
            *rows(found),
            f"{group.path} (cgroup v{group.version})",
        ),
        facts=(),
        heat=(),
        why="In each period the threads use up the quota and then all stand still until the next: with so many ready, "
        f"for about {burst:.0f} % of it. Requests in flight wait. The number of ready threads also grows with "
        "the workers, and with a load that takes all it can get: it is no measure of what users need.",
        todo=f"{_raise(group, wanted)} Or use less CPU: see the other findings. The number of workers "
        + ("is more than the quota keeps busy (surplus-workers)." if surplus else "need not change for it."),
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=1 - group.quota / max(found.wanting, group.quota),
    )


def _raise(group: Cgroup, wanted: int) -> str:
    if wanted <= group.quota:
        return "There are no more CPUs here to raise it to."
    return (
        f'If more throughput is needed, raise the quota to {wanted} CPUs (Kubernetes `limits: {{cpu: "{wanted}"}}`, '
        f"Docker `--cpus={wanted}`, systemd `CPUQuota={100 * wanted}%`)."
    )
