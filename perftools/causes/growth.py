"""Whether a process's memory grows over the window, and how fast. Pure.

Judged is what only the process itself can give back: anonymous memory, in RAM or swapped out. It does not change when a
page that was inherited by a fork is copied, nor when a file or shared memory is mapped and read for the first time.

The readings are cut into ten parts of as many readings each; of a part its lowest reading counts, what is left between
requests. Growth is the least-squares slope of these ten. Memory is where it was a moment ago, give or take: so the
slope's standard error is widened by sqrt((1 + r) / (1 - r)), where r is the correlation of each residual with the next,
plus the 1/4 by which ten residuals about a line understate it. Nominal 95 % covered, by simulation, 0.96 where noise is
over within a part, 0.91, 0.83 and 0.77 where it lasts for 1, 2.5 and 5 parts, 0.64 of a random walk: so whoever has to
be sure asks for more (`limits["errors"]` of memory-growth), and for a shape that noise rarely has.

`python -m perftools_benchmarks memory` compares this with Theil and Sen's slope, with plain least squares, and with a
block bootstrap, on simulated services.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from perftools.record import Memory, MemoryReading

PARTS = 10
T = 2.306004
"""Two-sided 95 % of Student's t, for the 8 degrees of freedom that ten points about a line have."""
BIAS = 0.25
MOST_CORRELATED = 0.9
FEWEST = 2 * PARTS
"""Readings: of fewer in a part the lowest is no better than any."""


class Trend(NamedTuple):
    """How a size changed; rates in bytes a second."""

    rate: float
    error: float
    """Standard error of the rate."""
    first: float
    """In the first half."""
    second: float
    """In the second half."""
    last: float
    """In the last fifth."""
    grown: float
    """Bytes, from the first part to the last."""
    span_s: float
    readings: int

    @property
    def low(self) -> float:
        """Of the 95 % interval."""
        return self.rate - T * self.error

    @property
    def high(self) -> float:
        """Of the 95 % interval."""
        return self.rate + T * self.error


class Growth(NamedTuple):
    """One process over the window."""

    pid: int
    own: Trend
    """Of anonymous memory, swapped out or not."""
    mapped: Trend
    """Of what is mapped of files and shared memory."""
    slack_bytes: int
    """By how much the readings may be off."""
    last: MemoryReading
    age_s: float
    """How old the process was at its first reading."""


def trend(times_s: Sequence[float], sizes: Sequence[float]) -> Trend | None:
    """How a size changed over its readings, in order of time; None where they are too few."""
    count = len(times_s)
    if count < FEWEST or times_s[-1] <= times_s[0]:
        return None
    parts = [slice(at * count // PARTS, (at + 1) * count // PARTS) for at in range(PARTS)]
    lows = [min(sizes[part]) for part in parts]
    middles = [sum(times_s[part]) / len(times_s[part]) for part in parts]
    rate, left, spread = _line(middles, lows)
    half = PARTS // 2
    return Trend(
        rate=rate,
        error=_error(left, spread),
        first=_line(middles[:half], lows[:half])[0],
        second=_line(middles[half:], lows[half:])[0],
        last=_line(middles[-3:], lows[-3:])[0],
        grown=lows[-1] - lows[0],
        span_s=middles[-1] - middles[0],
        readings=count,
    )


def _line(times_s: Sequence[float], sizes: Sequence[float]) -> tuple[float, list[float], float]:
    """The least-squares slope, the residuals, and the sum of squares of the times about their mean."""
    time_s, size = sum(times_s) / len(times_s), sum(sizes) / len(sizes)
    about = [each - time_s for each in times_s]
    spread = sum(each * each for each in about)
    slope = sum(at * (each - size) for at, each in zip(about, sizes, strict=True)) / spread
    return slope, [each - size - slope * at for at, each in zip(about, sizes, strict=True)], spread


def _error(left: Sequence[float], spread: float) -> float:
    """The slope's standard error, for residuals of which each resembles the one before."""
    squares = sum(each * each for each in left)
    if squares <= 0:
        return 0.0
    alike = sum(before * after for before, after in pairwise(left)) / squares
    alike = min(max(alike + BIAS, 0.0), MOST_CORRELATED)
    return sqrt(squares / (len(left) - 2) / spread * (1 + alike) / (1 - alike))


def growths(memory: Memory) -> list[Growth]:
    """Of every process that was read often enough, the one that grows fastest first."""
    readings: dict[int, list[MemoryReading]] = {}
    for each in memory.readings:
        readings.setdefault(each.pid, []).append(each)
    found = [growth for pid, each in readings.items() if (growth := _growth(pid, each, memory)) is not None]
    return sorted(found, key=lambda growth: -growth.own.rate)


def _growth(pid: int, readings: Sequence[MemoryReading], memory: Memory) -> Growth | None:
    """By its counters; where these are not exact, by walks over its page tables, if there are enough."""
    walked = [each for each in readings if each.pss_bytes is not None]
    exact = memory.slack_bytes == 0 or len(walked) >= FEWEST
    used = readings if memory.slack_bytes == 0 or not exact else walked
    times_s = [each.at_s for each in used]
    own = trend(times_s, [each.anonymous_bytes + each.swap_bytes for each in used])
    mapped = trend(times_s, [each.rss_bytes - each.anonymous_bytes for each in used])
    if own is None or mapped is None:
        return None
    age_s = readings[0].at_s - memory.started_s.get(pid, readings[0].at_s)
    return Growth(pid, own, mapped, 0 if exact else memory.slack_bytes, readings[-1], age_s)
