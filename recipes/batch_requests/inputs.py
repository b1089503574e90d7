from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

SIZES = (1, 32, 1_000)
SAME = "sum"


def _items(n):
    return list(np.random.default_rng(n).standard_normal((n, 128)))


VARIANTS = {"items": lambda n: (_items(n),)}


def terms(items):
    largest = max((total for each in items if np.isfinite(total := float(np.abs(each).sum()))), default=0.0)
    return 128 + 128, largest * 128  # two sums, weights below one


ordinary = st.integers(0, 40).map(lambda n: (_items(n),))

HAZARDS = {
    "empty": lambda: [([],)],
    "one": lambda: [(_items(1),)],
    "zeros": lambda: [([np.zeros(128), np.ones(128)],)],
    "NaN": lambda: [([np.full(128, np.nan), np.ones(128)],)],
}
