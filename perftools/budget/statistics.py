"""How much slower, and how sure: paired log ratios and a hierarchical bootstrap.

Two processes of the same code differ by several percent (addresses, hashes, the core they came to), so a value within
a process says little, and the process pair is the unit. r = log(head/base) of each pair; pairs are resampled, and in
each of them the rounds of both processes. Neighbours disturb some pairs a lot and most of them little: the centre is
the median. Its standard error widens by sqrt(n / (n - 1)) for what resampling n pairs leaves out, and bounds come from
Student's t with n - 1 degrees of freedom (T. Hesterberg, What Teachers Should Know About the Bootstrap, The American
Statistician 69, 2015: narrowness, and t intervals with bootstrap errors). Bounds read off the resamples would be too
narrow for eight pairs, and too coarse in the tail for Holm's correction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Final, NamedTuple

from perftools.budget.model import Pair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONFIDENCE: Final = 0.995
"""Of each one-sided bound."""

POWER: Final = 0.95
"""Of the runs on a machine as noisy as this, so many would have seen a change that is called detectable."""

FASTEST: Final = 0.0
"""Quantile of the rounds that stands for a process where two are compared: their least, as timeit's documentation
advises, since others only ever make a round longer. What slows down some rounds alone is not seen in times; it is in
instructions."""

TYPICAL: Final = 0.5
"""The same for a limit on the metric itself, which is about what users meet."""

_RESAMPLES: Final = 1000
"""The standard error is then known to 2 %."""
_OF_ROUNDS: Final = 64
"""Resamples kept of the rounds of one process."""


class Spread(NamedTuple):
    """Where the centre of a quantity lies."""

    centre: float
    error: float
    """Standard error."""
    n: int
    """Independent processes or pairs."""

    @property
    def low(self) -> float:
        """The truth is below it with a chance of 1 - `CONFIDENCE`, and above `high` likewise."""
        return self.centre - self._reach()

    @property
    def high(self) -> float:
        return self.centre + self._reach()

    def chance(self, threshold: float) -> float:
        """p-value: of a centre as high as this where the truth is `threshold`."""
        if not self.error:
            return float(self.centre <= threshold)
        t = (self.centre - threshold) / self.error
        return NormalDist().cdf(-math.copysign(_normal(abs(t), self.n - 1), t))

    def seen_from(self, threshold: float, most: int) -> float:
        """The least truth that up to `most` observations, twice, show to be over `threshold` in `POWER` of all runs."""
        n = max(self.n, most)
        error = self.error * math.sqrt(self.n / n)
        return threshold + error * (_student(CONFIDENCE, n - 1) + NormalDist().inv_cdf(math.sqrt(POWER)))

    def _reach(self) -> float:
        return self.error * _student(CONFIDENCE, self.n - 1)


def change(pairs: Sequence[Pair]) -> Spread:
    """log(head/base). Raises ValueError for fewer than two pairs, and for values that have no ratio: 0 and below."""
    return _spread([_logs(pair.head) for pair in pairs], [_logs(pair.base) for pair in pairs], FASTEST)


def level(processes: Sequence[tuple[float, ...]]) -> Spread:
    """The metric itself, of head alone: its median over processes of their medians over rounds.

    Raises ValueError for fewer than two processes.
    """
    return _spread([_finite(rounds) for rounds in processes], None, TYPICAL)


def centre(rounds: tuple[float, ...]) -> float:
    """Of one process. Raises ValueError where there is none."""
    return median(_finite(rounds))


def log_ratio(pair: Pair) -> float:
    """log(head/base) of one pair. Raises ValueError for values that have no ratio."""
    return _of(_logs(pair.head), FASTEST) - _of(_logs(pair.base), FASTEST)


def holm(chances: Sequence[float], level: float = 1 - CONFIDENCE) -> list[bool]:
    """Which of several hypotheses fall, at a chance of `level` that any of them falls wrongly.

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    fallen = [False] * len(chances)
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[index] > level / (len(chances) - rank):
            break
        fallen[index] = True
    return fallen


def _spread(heads: Sequence[tuple[float, ...]], bases: Sequence[tuple[float, ...]] | None, quantile: float) -> Spread:
    """Of what `heads` are, or of their differences from `bases`; `quantile` of the rounds stands for a process."""
    import numpy as np

    n = len(heads)
    if n < 2:
        raise ValueError("one process does not tell how much processes differ")
    generator = np.random.default_rng(0)  # the same samples give the same verdict
    chosen = generator.integers(0, n, (_RESAMPLES, n))

    def redrawn(processes: Iterable[tuple[float, ...]]) -> Floats:
        each = np.stack([_redrawn(rounds, quantile) for rounds in processes])
        return np.asarray(each[chosen, generator.integers(0, _OF_ROUNDS, chosen.shape)])

    values = np.array([_of(rounds, quantile) for rounds in heads])
    resampled = redrawn(heads)
    if bases is not None:
        values = values - np.array([_of(rounds, quantile) for rounds in bases])
        resampled = resampled - redrawn(bases)
    error = float(np.median(resampled, axis=1).std(ddof=1)) * math.sqrt(n / (n - 1))
    return Spread(float(np.median(values)), error, n)


@lru_cache(maxsize=4096)
def _of(rounds: tuple[float, ...], quantile: float) -> float:
    import numpy as np

    return float(_quantile(np.array(rounds), quantile))


@lru_cache(maxsize=4096)
def _redrawn(rounds: tuple[float, ...], quantile: float) -> Floats:
    """The quantile of `_OF_ROUNDS` resamples of the rounds of one process."""
    import numpy as np

    return _quantile(np.array(rounds)[_choices(len(rounds))], quantile)


@lru_cache(maxsize=64)
def _choices(rounds: int) -> NDArray[np.int64]:
    import numpy as np

    return np.random.default_rng(1).integers(0, rounds, (_OF_ROUNDS, rounds))


def _quantile(rows: Floats, quantile: float) -> Floats:
    """Of each row: numpy's default, without the checks that take ten times as long as so few values."""
    import numpy as np

    ordered = np.sort(rows, axis=-1)
    below, part = divmod(quantile * (ordered.shape[-1] - 1), 1)
    above = min(int(below) + 1, ordered.shape[-1] - 1)
    return np.asarray(ordered[..., int(below)] * (1 - part) + ordered[..., above] * part)


@lru_cache(maxsize=4096)
def _logs(rounds: tuple[float, ...]) -> tuple[float, ...]:
    if min(_finite(rounds)) <= 0:
        raise ValueError("what is 0 has no relative change")
    return tuple(map(math.log, rounds))


def _finite(rounds: tuple[float, ...]) -> tuple[float, ...]:
    if not rounds or not all(map(math.isfinite, rounds)):
        raise ValueError("a process gave no numbers")
    return rounds


def _normal(t: float, degrees: int) -> float:
    """The normal deviate with the tail of Student's t.

    D. L. Wallace, Bounds on Normal Approximations to Student's and the Chi-Square Distributions, The Annals of
    Mathematical Statistics 30, 1959. `_student` is within 0.5 % of the 99.5 % quantile from 7 degrees of freedom on.
    """
    return (8 * degrees + 1) / (8 * degrees + 3) * math.sqrt(degrees * math.log1p(t * t / degrees))


def _student(confidence: float, degrees: int) -> float:
    """The quantile of Student's t: `_normal` solved for t."""
    normal = NormalDist().inv_cdf(confidence) * (8 * degrees + 3) / (8 * degrees + 1)
    return math.sqrt(degrees * math.expm1(normal * normal / degrees))
