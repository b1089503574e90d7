from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

SIZES = (2, 50, 500)
SAME = "exact"
CLOCK = "wall"


def _rows(n):
    return list(np.random.default_rng(n).random((n, 64)))


VARIANTS = {"rows": lambda n: (_rows(n),)}

ordinary = st.integers(0, 3).map(lambda n: (_rows(n),))

HAZARDS = {
    "empty": lambda: [([],)],
    "what a worker raises": lambda: [([["a"]],)],
    "twice": lambda: [(_rows(3),), (_rows(3),)],
}
