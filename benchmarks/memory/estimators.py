"""Ways to tell growth, side by side: what the rule does, and what else is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from perftools.causes.growth import Growth, trend
from perftools.detect.memory_growth import limits, shape
from perftools.record import MemoryReading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z = 1.959964
BLOCK_S = 2.0
RESAMPLES = 199


class Slope(NamedTuple):
    """Bytes a second, with a 95 % interval."""

    value: float
    low: float


def rule(at: Floats, sizes: Floats) -> bool:
    """The rule memory-growth."""
    found = trend(at.tolist(), sizes.tolist())
    if found is None:
        return False
    last = MemoryReading(pid=1, at_s=0.0, rss_bytes=1, anonymous_bytes=1, shmem_bytes=0, swap_bytes=0)
    return shape(Growth(1, found, found, 0, last, 3600.0)) == "steady"


def lows(at: Floats, sizes: Floats) -> Slope:
    """Its interval alone: the least-squares slope of the lowest readings, widened for what resembles its neighbour."""
    found = trend(at.tolist(), sizes.tolist())
    return Slope(0.0, 0.0) if found is None else Slope(found.rate, found.low)


def theil_sen(at: Floats, sizes: Floats) -> Slope:
    """The median of the slopes of all pairs of readings, and Kendall's interval for it (Sen, JASA 63, 1968)."""
    import numpy as np

    first, second = np.triu_indices(len(at), 1)
    slopes = np.sort((sizes[second] - sizes[first]) / (at[second] - at[first]))
    n = len(at)
    spread = Z * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = int((len(slopes) - spread) / 2)
    return Slope(float(np.median(slopes)), float(slopes[max(low - 1, 0)]))


def least_squares(at: Floats, sizes: Floats) -> Slope:
    """As if readings were independent of one another."""
    import numpy as np

    slope, left = _line(at, sizes)
    error = np.sqrt((left @ left) / (len(at) - 2) / np.sum((at - at.mean()) ** 2))
    return Slope(slope, slope - Z * float(error))


def bootstrap(at: Floats, sizes: Floats) -> Slope:
    """Least squares, and what residuals make of it that are drawn in blocks of 2 s (Künsch, Ann. Statist. 17, 1989)."""
    import numpy as np

    random = np.random.default_rng(1)
    slope, left = _line(at, sizes)
    length = max(1, round(len(at) * BLOCK_S / float(at[-1] - at[0])))
    blocks = -(-len(at) // length)
    starts = random.integers(0, len(at) - length + 1, (RESAMPLES, blocks))
    drawn = left[(starts[:, :, None] + np.arange(length)).reshape(RESAMPLES, -1)[:, : len(at)]]
    centred = at - at.mean()
    errors = drawn @ centred / (centred @ centred)
    return Slope(slope, slope - float(np.quantile(errors - errors.mean(), 0.975)))


def by_interval(of: Callable[[Floats, Floats], Slope]) -> Callable[[Floats, Floats], bool]:
    """Growth where the interval excludes zero, and at least as fast as the rule asks for."""

    def grows(at: Floats, sizes: Floats) -> bool:
        found = of(at, sizes)
        return found.low > 0 and found.value * 60 / 2**20 >= limits["mib_per_min"]

    return grows


ESTIMATORS: Mapping[str, Callable[[Floats, Floats], bool]] = {
    "the rule": rule,
    "its interval alone": by_interval(lows),
    "block bootstrap": by_interval(bootstrap),
    "Theil-Sen": by_interval(theil_sen),
    "least squares": by_interval(least_squares),
}


def _line(at: Floats, sizes: Floats) -> tuple[float, Floats]:
    """Slope and residuals."""
    centred = at - at.mean()
    slope = float(centred @ sizes / (centred @ centred))
    return slope, sizes - sizes.mean() - slope * centred
