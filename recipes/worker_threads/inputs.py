from __future__ import annotations

from hypothesis import strategies as st

SIZES = (64, 256, 512)
SAME = "exact"
CLOCK = "wall"
VARIANTS = {"matrices": lambda n: (n,)}

ordinary = st.integers(1, 8).map(lambda n: (n,))

HAZARDS = {
    "one element": lambda: [(1,)],
    "no elements": lambda: [(0,)],
}
