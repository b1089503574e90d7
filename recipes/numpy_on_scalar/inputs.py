from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

SIZES = (1, 2, 3)
"""One number has no size: three different ones."""
SAME = "exact"
VARIANTS = {"float": lambda n: (n / 2 - 0.25, 0.0, 1.0)}

_number = st.one_of(
    st.floats(allow_nan=True), st.sampled_from([0.0, -0.0, 1.0]), st.integers(-5, 5), st.floats().map(np.float64)
)
ordinary = st.one_of(
    st.tuples(st.floats(), st.floats(), st.floats()),
    st.tuples(_number, _number, _number),
    st.tuples(st.lists(_number, max_size=1), st.just(0.0), st.just(1.0)),
)

_NAN, _INF = float("nan"), float("inf")
HAZARDS = {
    "NaN": lambda: [(_NAN, 0.0, 1.0), (0.5, _NAN, 1.0), (0.5, 0.0, _NAN), (_NAN, _NAN, _NAN), (2.0, _NAN, 1.0)],
    "infinity": lambda: [(_INF, 0.0, 1.0), (-_INF, 0.0, 1.0), (_INF, 0.0, _INF), (0.5, -_INF, _INF)],
    "zeros with a sign": lambda: [(-0.0, 0.0, 1.0), (0.0, -0.0, 1.0), (0.0, -1.0, -0.0), (-0.0, -1.0, 0.0)],
    "crossed bounds": lambda: [(0.5, 1.0, 0.0), (-1.0, 1.0, 0.0), (3.0, 1.0, 0.0)],
    "no bound": lambda: [(0.5, None, 1.0), (0.5, 0.0, None), (-3.0, 0.0, None), (3.0, None, 1.0), (0.5, None, None)],
    "ints": lambda: [
        (5, 0.0, 1.0),
        (0.5, 0, 1),
        (-1.0, 0, 1.0),
        (9.0, 0.0, 1),
        (10**20, 0.0, 1.0),
        (0.5, -(10**400), 1.0),
    ],
    "other numbers": lambda: [
        (np.float32(0.1), 0.0, 1.0),
        (np.float64(1.5), 0.0, 1.0),
        (True, 0.0, 1.0),
        (Decimal("1.5"), 0.0, 1.0),
        (0.5 + 1j, 0.0, 1.0),
    ],
    "bounds of other kinds": lambda: [
        (5.0, 0.0, np.float32(0.1)),
        (-5.0, np.float32(0.1), 1.0),
        (5.0, 0.0, np.ones(1)),
        (5.0, 0.0, np.ones(2)),
        (-5.0, np.zeros(1), 1.0),
        (-5.0, "0", 1.0),
        (-5.0, Decimal("0.1"), 1.0),
        (5.0, 0.0, Decimal("0.1")),
    ],
    "arrays and lists": lambda: [
        (np.array([2.0]), 0.0, 1.0),
        (np.array(2.0), 0.0, 1.0),
        ([2.0], 0.0, 1.0),
        ("2", 0.0, 1.0),
    ],
}
