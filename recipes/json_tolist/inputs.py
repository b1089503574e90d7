from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SIZES = (5, 200, 5_000)
SAME = "exact"


def _scores(n):
    return np.random.default_rng(n).uniform(0.001, 1.0, n)


VARIANTS = {"array": lambda n: (7, _scores(n))}

# What the decisions allow: C-contiguous arrays of float64, int64 and bool, without NaN, not very large or small.
_shape = st.one_of(st.integers(0, 6), st.tuples(st.integers(1, 3), st.integers(1, 3)))
ordinary = st.tuples(
    st.integers(0, 2**63),
    st.one_of(
        arrays.arrays("f8", _shape, elements=st.floats(1e-4, 1e15)),
        arrays.arrays("f8", _shape, elements=st.floats(-1e15, -1e-4)),
        arrays.arrays("i8", _shape),
        arrays.arrays("?", _shape),
    ),
)

HAZARDS = {
    "zeros with a sign": lambda: [(1, np.array([0.0, -0.0]))],
    "long fractions": lambda: [(1, np.array([0.1, 1 / 3, 123456789012345.6, 1.0]))],
    "ints of 64 bits": lambda: [(1, np.array([2**63 - 1, -(2**63), 0]))],
    "bools": lambda: [(1, np.array([True, False]))],
    "two dimensions": lambda: [(1, np.arange(6.0).reshape(2, 3) + 0.5), (1, np.arange(8).reshape(2, 2, 2))],
    "empty": lambda: [(1, np.array([]))],
    "read-only": lambda: [(1, np.frombuffer(b"\0" * 16))],
}
