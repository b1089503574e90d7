from __future__ import annotations

import random

from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (10, 1_000, 100_000)
SAME = "exact"


def _prices(n):
    drawn = random.Random(n)
    return [drawn.randrange(10**6) for _ in range(n)]


VARIANTS = {"list": lambda n: (_prices(n),)}
ordinary = st.tuples(st.one_of(st.lists(st.integers()), st.lists(st.floats()), st.lists(st.text())))
HAZARDS = {
    "iterators": lambda: [(Stream([3, 1, 2]),)],
    "NaN": lambda: [([1.0, float("nan"), 0.0],)],
    "mixed": lambda: [([2, 1.0, True],), ([1, "a"],)],
    "empty": lambda: [([],)],
}
