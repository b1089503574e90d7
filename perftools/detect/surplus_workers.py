"""surplus-workers: more worker processes than the CPUs can keep busy. For information: it does no measurable harm.

What it finds. Independent processes of one busy thread each, more than half as many again as keep all CPUs busy while
some of them are blocked: N* = C (U + blocked) / U.

What it leaves alone. Workers that mostly wait (2n + 1 of them and more): while one is blocked, another runs.

What to do. Nothing for speed: 2 to 16 workers of pure Python served the same on 2 CPUs. Fewer save memory.

Limits: `crowding`: D / C; `threads`: busy threads in an active process, from which it is `oversubscribed`; `surplus`:
active processes against N*; those of `detect.load`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from perftools.causes import Evidence
from perftools.detect import settings
from perftools.detect.judging import fingerprint
from perftools.detect.load import BUSY, FITS, Load, counted, load, number, rows, several
from perftools.finding import Finding, Ok, Where
from perftools.record import Missing

id = "surplus-workers"
limits: Mapping[str, float] = {**BUSY, "crowding": FITS, "threads": 1.5, "surplus": 1.5}


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A note where there are more workers than help; Ok with how many there are."""
    found = load(evidence, limits)
    if isinstance(found, Missing):
        return found
    if surplus(found, limits):
        return [_finding(found, evidence)]
    active = several(len(found.active), "active process")
    return Ok(rule=id, says=f"{active}; about {number(math.ceil(found.enough_processes))} keep the CPUs busy")


def surplus(found: Load, limits: Mapping[str, float] = limits) -> bool:
    """Are there more processes of one busy thread than keep the CPUs busy?"""
    return (
        found.crowding >= limits["crowding"]
        and found.threads_per_process < limits["threads"]
        and len(found.active) > limits["surplus"] * found.enough_processes
    )


def _finding(found: Load, evidence: Evidence) -> Finding:
    enough = math.ceil(found.enough_processes)
    rss = sorted(each.rss_bytes for each in found.active)
    each_mib = rss[len(rss) // 2] / 2**20
    memory = f"Each holds {each_mib:.0f} MiB (shared pages counted in each)." if each_mib else ""
    return Finding(
        rule=id,
        severity="info",
        title=f"{several(len(found.active), 'active process')} for {several(found.capacity, 'CPU')}: "
        f"more than about {enough} bring no more speed",
        where=None,
        share=None,
        evidence=(*rows(found), counted("processes that keep the CPUs busy, N*", found.enough_processes, "")),
        facts=(),
        heat=(),
        why="They are independent, so that those without a CPU hold up no other: no loss was measured with 2 to 16 "
        f"workers on 2 CPUs. {memory}".rstrip(),
        todo=f"Nothing for speed. To save memory: {_lower(settings.start(evidence.audit.target, enough, {}))}",
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
