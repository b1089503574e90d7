from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SIZES = (50, 1_000, 100_000)
SAME = "exact"


def _scores(n):
    return np.random.default_rng(n).standard_normal(n)


def _random(seed):
    return np.random.default_rng(seed).standard_normal(900)


VARIANTS = {"ndarray": lambda n: (_scores(n), 10)}

_few = st.integers(0, 3).map(float)
ordinary = st.one_of(
    st.tuples(
        arrays.arrays(st.sampled_from(["f8", "f4", "i8"]), st.integers(0, 700), elements=st.integers(-1000, 1000)),
        st.integers(-2, 30),
    ),
    st.tuples(
        st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).standard_normal(900)), st.just(10)
    ),
    st.tuples(st.lists(st.floats(allow_nan=True), max_size=20).map(np.array), st.integers(0, 5)),
)


def _changed(at, value, n=2000):
    scores = _scores(n)
    scores[at] = value
    return scores


HAZARDS = {
    "ties": lambda: [(np.zeros(1000), 5), (np.round(_scores(2000), 1), 20), (np.repeat(_scores(500), 4), 10)],
    "NaN": lambda: [(_changed(7, np.nan), 10), (np.full(1000, np.nan), 3)],
    "infinity": lambda: [(_changed(7, np.inf), 10), (_changed(7, -np.inf), 10)],
    "k at or beyond the size": lambda: [(_scores(2000), 2000), (_scores(2000), 1999), (_scores(2000), 10_000)],
    "k zero or negative": lambda: [(_scores(2000), 0), (_scores(2000), -3)],
    "k no int": lambda: [
        (_scores(2000), None),
        (_scores(2000), 2.0),
        (_scores(2000), np.int64(5)),
        (_scores(2000), True),
    ],
    "integers": lambda: [(np.arange(1000), 5), (np.arange(1000, dtype="u1"), 5), (np.ones(1000, bool), 5)],
    "two dimensions": lambda: [(_scores(2000).reshape(1000, 2), 5)],
    "no array": lambda: [(list(_scores(2000)), 5), (np.ma.masked_less(_scores(2000), 0.0), 5)],
}
