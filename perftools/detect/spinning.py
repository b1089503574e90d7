"""Native pools that spin: threads that stay busy while there is nothing for them to do.

A team of BLAS or OpenMP threads serves one caller. While that caller runs Python, the team has no work, but looks for
it without a pause for some milliseconds (OpenBLAS, blas_server.c, THREAD_TIMEOUT; libgomp, GOMP_SPINCOUNT; libiomp5,
KMP_BLOCKTIME): where requests come fast enough it never sleeps. What the caller spends in Python, the team wastes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perftools.causes import Evidence
from perftools.detect.load import Load, Member

SPIN: Mapping[str, float] = {"spin": 0.15, "team": 0.25, "wanted": 0.9}


class Spinning(NamedTuple):
    """Teams that never sleep, each with one caller."""

    threads: int
    cpus: float
    """That they use."""
    idle: float
    """Part of the time in which their callers hold the GIL, at the least: so much of it they only spin."""


def spinning(found: Load, evidence: Evidence, limits: Mapping[str, float]) -> Spinning | None:
    """The teams, where they take a noteworthy part of CPUs that are all wanted; None where nothing proves it.

    Limits: `spin`: the part of their time; `team`: the part of the CPUs that they use; `wanted`: runnable threads for
    each CPU.
    """
    profile = evidence.profile
    if profile is None or not profile.gil_rounds or profile.of != "cpu" or not profile.total:
        return None
    teams = [member for member in found.active if _is_team(member)]
    cpus = sum(member.sleepless for member in teams)
    if cpus < limits["team"] * found.cpus or found.runnable < limits["wanted"] * found.capacity:
        return None
    idle = min(1.0, sum(profile.held) / profile.total)
    if idle < limits["spin"] or len(teams) < len(found.active):
        return None
    return Spinning(sum(member.native or 0 for member in teams), cpus, idle)


def _is_team(member: Member) -> bool:
    """One thread that runs Python, and others that never sleep."""
    return bool(member.native) and member.busy - (member.native or 0) == 1 and member.sleepless > 0
