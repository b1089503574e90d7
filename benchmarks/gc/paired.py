"""Paired differences of a quantity with and without something, and how sure their median is."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

RESAMPLES = 2000


class Difference(NamedTuple):
    """Median of the paired differences, relative to what it is without, with its 95 % interval."""

    pairs: int
    percent: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.percent:+.1f} % ({self.low:+.1f} to {self.high:+.1f}, {self.pairs} pairs)"


def difference(pairs: Sequence[tuple[float, float]], seed: int = 1) -> Difference:
    """Of (without, with) pairs; the interval by the percentile bootstrap over pairs."""
    relative = [100 * (with_ - without) / without for without, with_ in pairs]
    choose = random.Random(seed)
    medians = sorted(statistics.median(choose.choices(relative, k=len(relative))) for _ in range(RESAMPLES))
    low, high = medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)]
    return Difference(len(pairs), statistics.median(relative), low, high)
