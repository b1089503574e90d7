from __future__ import annotations

from hypothesis import strategies as st

SIZES = (10, 200, 2_000)
SAME = "exact"
CLOCK = "wall"
VARIANTS = {"items": lambda n: (n,)}

ordinary = st.integers(0, 9).map(lambda n: (n,))

HAZARDS = {
    "empty": lambda: [(0,)],
    "ties": lambda: [(12,), (23,)],
}
