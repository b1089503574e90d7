"""Memory in numbers that are read: what each process held at the end, and how it grew. Pure."""

from __future__ import annotations

from typing import NamedTuple

from perftools.causes.growth import Growth, growths
from perftools.finding import Estimate
from perftools.record import Memory, MemoryReading

_LATE_S = 3.0
"""A process whose last reading is so much older than the last of all had ended."""


class Held(NamedTuple):
    """One process at the window's end."""

    last: MemoryReading
    walked: MemoryReading | None
    """The last reading with PSS and private memory; None where page tables were not walked."""
    growth: Growth | None
    """None where it was read too few times."""


class Total(NamedTuple):
    """All processes together."""

    bytes: int
    processes: int
    shared_twice: bool
    """Pages that several processes map are counted in each: PSS is not known of all."""
    swap_bytes: int


def held(memory: Memory) -> list[Held]:
    """Of the processes that were still there, the largest first."""
    end_s = max((each.at_s for each in memory.readings), default=0.0)
    last = {each.pid: each for each in memory.readings if each.at_s >= end_s - _LATE_S}
    walked = {each.pid: each for each in memory.readings if each.pss_bytes is not None}
    grown = {each.pid: each for each in growths(memory)}
    found = [Held(each, walked.get(pid), grown.get(pid)) for pid, each in last.items()]
    return sorted(found, key=lambda each: (-each.last.rss_bytes, each.last.pid))


def total(found: list[Held]) -> Total:
    """PSS where it is known of all, else RSS."""
    walked = [each.walked.pss_bytes for each in found if each.walked is not None and each.walked.pss_bytes is not None]
    known = len(walked) == len(found)
    size = sum(walked) if known else sum(each.last.rss_bytes for each in found)
    return Total(size, len(found), not known and len(found) > 1, sum(each.last.swap_bytes for each in found))


def growth(of: Held) -> Estimate | None:
    """MiB a minute of anonymous memory, with its 95 % interval."""
    if of.growth is None:
        return None
    low, value, high = (each * 60 / 2**20 for each in (of.growth.own.low, of.growth.own.rate, of.growth.own.high))
    return Estimate(value=value, low=low, high=high, unit="MiB/min", n=of.growth.own.readings)
