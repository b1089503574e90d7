"""noisy-neighbour: other programs, or the hypervisor, take the CPUs that the service waits for. For information.

What it finds. CPUs of the service's affinity that others use to a large part, while threads of the service, which
would fit, wait for one.

What it leaves alone. Others' load beside which the service hardly waits, and a service that is crowded by itself.

What to do. Nothing in the service's settings: move the other load, or reserve CPUs.

Limits: `others`: part of the CPUs that others use; `stolen`: that the hypervisor gives away; `waiting`: part of the
runnable time spent waiting, below which nobody is harmed; `crowding`: D / C from which the service crowds itself; those
of `detect.load`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect.judging import fingerprint
from perftools.detect.load import BUSY, FITS, LOUD, Load, counted, load, number, several
from perftools.finding import Finding, Ok, Where
from perftools.record import Missing

id = "noisy-neighbour"
limits: Mapping[str, float] = {**BUSY, "others": LOUD, "stolen": 0.10, "waiting": 0.10, "crowding": FITS}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A note where the service waits for others; Ok with what they use."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    usable = max(found.usable, 1)
    loud = found.others >= limits["others"] * usable or found.stolen >= limits["stolen"] * usable
    if loud and found.waiting >= limits["waiting"] and found.crowding < limits["crowding"]:
        return [_finding(found, evidence)]
    said = f"others use {number(found.others)} of {several(usable, 'CPU')}"
    if loud:
        said += f"; the service waits for {100 * found.waiting:.0f} % of its runnable time"
    return Ok(rule=id, says=said)


def _finding(found: Load, evidence: Evidence) -> Finding:
    hypervisor = found.stolen > found.others
    amount = found.stolen if hypervisor else found.others
    who = "the hypervisor gives away" if hypervisor else "other programs use"
    return Finding(
        rule=id,
        severity="info",
        title=f"{who} {number(amount)} of {several(found.usable, 'CPU')}, while the service waits for one for "
        f"{100 * found.waiting:.0f} % of its runnable time",
        where=None,
        share=None,
        evidence=(
            counted("CPUs that other programs used", found.others, ""),
            counted("CPUs that the hypervisor gave to others", found.stolen, ""),
            counted("CPUs that the service used", found.running, ""),
            counted("its runnable threads, on average", found.runnable, ""),
            counted("CPUs that it may use", found.cpus, ""),
        ),
        facts=(),
        heat=(),
        why="It is not the service's configuration: its own threads would fit. Times measured now, such as the longest "
        "request, are longer than they would be alone. A load generator on this machine is such a program too.",
        todo="Move the other load, or reserve CPUs for the service (a cpuset, CPU requests, `taskset`). Leave its "
        "workers and threads as they are.",
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
    )
