"""The statistics of pairs: bounds that hold, and a rule that can see what it says."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.budget import statistics
from perftools.budget.model import Pair
from perftools.budget.statistics import change, holm, level


def pairs(generator: np.random.Generator, n: int, slower: float, noise: float, rounds: int = 10) -> list[Pair]:
    """Processes that differ by `noise`, with rounds that differ by half of it."""

    def process(mean: float) -> tuple[float, ...]:
        own = mean * math.exp(generator.normal(0, noise))
        return tuple(own * np.exp(generator.normal(0, noise / 2, rounds)))

    return [Pair(base=process(0.005), head=process(0.005 * (1 + slower))) for _ in range(n)]


def test_students_t_is_that_of_the_tables() -> None:
    for degrees, quantile in ((4, 4.604), (7, 3.499), (15, 2.947), (23, 2.807), (31, 2.744), (1000, 2.581)):
        assert statistics._student(0.995, degrees) == pytest.approx(quantile, rel=0.02 if degrees < 7 else 0.005)
        assert statistics._normal(quantile, degrees) == pytest.approx(NormalDist().inv_cdf(0.995), rel=0.01)


def test_bounds_hold_as_often_as_they_say() -> None:
    generator = np.random.default_rng(5)
    missed = 0
    for _ in range(600):
        bounds = change(pairs(generator, 8, 0.1, 0.03))
        missed += bounds.low > math.log(1.1) or bounds.high < math.log(1.1)
    assert missed / 600 < 0.02  # 1 % was promised


def test_the_error_is_that_of_the_median_of_pairs() -> None:
    generator = np.random.default_rng(2)
    bounds = change(pairs(generator, 400, 0.05, 0.03, rounds=40))
    assert bounds.error == pytest.approx(0.03 * math.sqrt(math.pi / 2 * 2 / 400), rel=0.25)
    assert bounds.centre == pytest.approx(math.log(1.05), abs=4 * bounds.error)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: list[float], quantile: float) -> None:
    found = statistics._quantile(np.array([values, values]), quantile)
    assert found == pytest.approx(np.quantile([values, values], quantile, axis=1), abs=1e-6)


def test_the_same_samples_give_the_same_bounds() -> None:
    some = pairs(np.random.default_rng(4), 8, 0.0, 0.05)
    statistics._redrawn.cache_clear()
    assert change(some) == change(list(some))


def test_what_does_not_vary_is_certain() -> None:
    bounds = change([Pair((2.0,), (2.5,))] * 8)
    assert bounds.error < 1e-12 and bounds.low == pytest.approx(math.log(1.25)) == pytest.approx(bounds.high)
    assert bounds.chance(math.log(1.2)) < 1e-6 and bounds.chance(math.log(1.3)) > 1 - 1e-6


def test_the_level_may_be_zero_and_the_change_not() -> None:
    assert level([(0.0,)] * 8).high == 0
    with pytest.raises(ValueError, match="0 has no relative change"):
        change([Pair((0.0,), (1.0,))] * 8)
    for broken in ((), (math.nan,), (math.inf,)):
        with pytest.raises(ValueError, match="no numbers"):
            level([broken] * 8)
    with pytest.raises(ValueError, match="one process"):
        change([Pair((1.0,), (1.0,))])


def test_a_slow_down_that_is_called_detectable_is_seen() -> None:
    generator = np.random.default_rng(6)
    some = pairs(generator, 32, 0.0, 0.03)
    seen = change(some).seen_from(math.log(1.05), 32)
    assert math.log(1.06) < seen < math.log(1.12)
    found = sum(change(pairs(generator, 32, math.expm1(seen), 0.03)).low > math.log(1.05) for _ in range(100))
    assert found >= 90
    assert change(some[:8]).seen_from(math.log(1.05), 32) == pytest.approx(seen, rel=0.4)  # it would have gone on to 32


@given(
    st.lists(st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)), min_size=2, max_size=12),
    st.floats(-3, 3),
    st.floats(0.1, 10),
)
def test_chance_and_bounds_agree(values: list[tuple[float, float]], threshold: float, scale: float) -> None:
    bounds = change([Pair((base,), (head,)) for base, head in values])
    assert bounds.low <= bounds.centre <= bounds.high
    if abs(bounds.low - threshold) > 1e-6:
        assert (bounds.chance(threshold) < 1 - statistics.CONFIDENCE) == (bounds.low > threshold)
    scaled = change([Pair((scale * base,), (scale * head,)) for base, head in values])
    assert scaled.centre == pytest.approx(bounds.centre, abs=1e-6)


def test_holm() -> None:
    assert holm([]) == []
    assert holm([0.004]) == [True]
    assert holm([0.004, 0.004]) == [False, False]
    assert holm([0.004, 0.001, 0.9]) == [False, True, False]
    assert holm([0.0001, 0.0026, 0.004, 0.0016]) == [True, False, False, True]
