from __future__ import annotations

import random

from hypothesis import strategies as st

SIZES = (10, 500, 20_000)
SAME = "exact"


def _arguments(n, seed=0):
    drawn = random.Random(n + seed)  # noqa: S311 (an example)
    return 7, [f"item {at}" for at in range(n)], [drawn.random() for _ in range(n)], 10


VARIANTS = {"lists": _arguments}

ordinary = st.one_of(
    st.builds(_arguments, st.integers(0, 40), st.integers()),
    st.tuples(
        st.integers(),
        st.lists(st.text(max_size=2), max_size=6),
        st.lists(st.floats() | st.integers(), max_size=6),
        st.integers(-2, 8),
    ),
)

HAZARDS = {
    "ties": lambda: [(7, list("abcdef"), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0], 4)],
    "NaN": lambda: [(7, list("abcd"), [1.0, float("nan"), 3.0, 2.0], 3)],
    "lengths that differ": lambda: [(7, list("abc"), [1.0, 2.0], 3), (7, ["a"], [1.0, 2.0], 3)],
    "empty": lambda: [(7, [], [], 3)],
}
