"""What the rules about memory share: what is left until a limit, and sizes and rates in words."""

from __future__ import annotations

from typing import NamedTuple

from perftools.causes import Evidence
from perftools.causes.growth import Trend
from perftools.record import Memory, Missing


class Headroom(NamedTuple):
    """How much memory may still be used."""

    bytes: int
    of: str


def headroom(memory: Memory, evidence: Evidence) -> Headroom | None:
    """Until the first of the control groups' limit and the machine's memory; None where neither is known."""
    known = []
    if memory.limit_bytes is not None and memory.used_bytes is not None:
        free = max(memory.limit_bytes - memory.used_bytes, 0)
        known.append(Headroom(free, f"the limit of {mib(memory.limit_bytes)}"))
    sched = evidence.audit.observations.sched
    if not isinstance(sched, Missing) and sched.host.memory_available_bytes > 0:
        known.append(Headroom(sched.host.memory_available_bytes, "the machine's memory"))
    return min(known, default=None)


def left(memory: Memory, evidence: Evidence, bytes_per_s: float) -> float | None:
    """Hours until it is used up at that rate; None where that cannot be told."""
    known = headroom(memory, evidence)
    return known.bytes / bytes_per_s / 3600 if known is not None and bytes_per_s > 0 else None


def unseen(memory: Missing) -> Missing:
    """Why memory is not judged."""
    reason = f"it {memory.reason}" if memory.code == "E-ABSENT" else memory.reason
    return Missing(code=memory.code, reason=f"memory not checked, because {reason}", remedy=memory.remedy)


def mib(size_bytes: float) -> str:
    """As in "3.1 MiB", "310 MiB", "2.4 GiB"."""
    if size_bytes >= 2**30:
        return f"{size_bytes / 2**30:.1f} GiB"
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes < 10 * 2**20 else f"{size_bytes / 2**20:.0f} MiB"


def per_min(bytes_per_s: float) -> float:
    """In MiB a minute."""
    return bytes_per_s * 60 / 2**20


def grown(bytes_per_s: float) -> str:
    """As in "12 MiB/min"."""
    return f"{_number(per_min(bytes_per_s))} MiB/min"


def rate(trend: Trend) -> str:
    """With its 95 % interval: "12 MiB/min (9.1 to 15)"."""
    low, high = (_number(per_min(each)) for each in (trend.low, trend.high))
    return f"{grown(trend.rate)} ({low} to {high})"


def _number(value: float) -> str:
    said = f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.1f}"
    return "0.0" if said == "-0.0" else said.replace("-", "−")
