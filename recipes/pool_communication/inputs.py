from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

SIZES = (10, 1_000, 20_000)
SAME = "sum"
CLOCK = "wall"


def _rows(n):
    return np.random.default_rng(n).random((n, 64))


VARIANTS = {"rows": lambda n: (_rows(n),)}


def terms(rows):
    return rows.shape[1], float(np.linalg.norm(rows, axis=1).max(initial=0.0))


ordinary = st.integers(0, 5).map(lambda n: (_rows(n),))

HAZARDS = {
    "empty": lambda: [(_rows(0),)],
    "NaN and infinity": lambda: [(np.array([[np.nan, 1.0], [np.inf, 1.0], [0.0, -0.0]]),)],
    "twice": lambda: [(_rows(3),), (_rows(3),)],
}
