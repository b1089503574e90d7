"""Named so that the tests of perftools itself leave it alone."""

from __future__ import annotations

import features
import pytest

PAIRS = [(number, number + 7) for number in range(20)]


@pytest.mark.perf_budget(metric="cpu_time", max_regression="10%")
def test_score(perf_budget):
    assert len(perf_budget(features.score, PAIRS)) == len(PAIRS)
