from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (100, 5_000, 100_000)
SAME = "exact"


def _candidates(n, seed=0):
    drawn = random.Random(n + seed)  # noqa: S311 (an example)
    return [(at, drawn.random()) for at in range(n)]


VARIANTS = {"tuples": lambda n: (_candidates(n), 10)}

_scores = st.one_of(st.floats(allow_nan=True), st.integers(-3, 3), st.booleans())
ordinary = st.one_of(
    st.tuples(st.lists(st.tuples(st.integers(), _scores), max_size=20), st.integers(-3, 25)),
    st.builds(lambda n, seed, k: (_candidates(n, seed), k), st.integers(480, 600), st.integers(), st.integers(0, 3)),
    st.builds(
        lambda scores, k: (list(enumerate(scores * 40)), k),
        st.lists(_scores, min_size=12, max_size=16),
        st.integers(0, 3),
    ),
    st.tuples(st.lists(st.tuples(st.text(max_size=2), st.text(max_size=2)), max_size=5), st.integers(0, 3)),
)


class _Partial:
    """Things of which neither is less than the other, though they are not equal."""

    def __init__(self, part):
        self.part = part

    def __lt__(self, other):
        return self.part[0] < other.part[0] and self.part[1] < other.part[1]

    def __add__(self, other):
        return self

    __radd__ = __add__

    def __eq__(self, other):
        return self.part == other.part

    __hash__ = None


def _scored(scores):
    return list(enumerate(scores))


def _changed(value, at=1000, n=2000):
    candidates = _candidates(n)
    candidates[at] = (at, value)
    return candidates


def _partial(n=2000):
    drawn = random.Random(5)  # noqa: S311 (an example)
    return _scored([_Partial((drawn.randrange(50), drawn.randrange(50))) for _ in range(n)])


_NAN = float("nan")
HAZARDS = {
    "ties": lambda: [(_scored([0.5] * 2000), 10), (_scored([at % 7 for at in range(2000)]), 10)],
    "NaN": lambda: [(_changed(_NAN, at), 10) for at in (0, 5, 1000, 1999)] + [(_scored([_NAN] * 2000), 3)],
    "infinity": lambda: [(_changed(float("inf")), 10), (_changed(float("-inf")), 10)],
    "zeros with a sign": lambda: [(_scored([0.0, -0.0] * 1000), 10)],
    "ints among floats": lambda: [(_changed(2**53 + 1), 10), (_changed(10**400), 10), (_changed(True), 10)],
    "keys without one order": lambda: [(_partial(), 10), (_partial(), 3)],
    "keys that are no numbers": lambda: [
        (_changed(None), 10),
        (_changed("0.5"), 10),
        (_changed(Decimal("NaN")), 10),
        (_changed(np.ones(2)), 10),
        (_scored([str(at * 7 % 13) for at in range(2000)]), 10),
        (_scored([{at % 5} for at in range(2000)]), 10),
    ],
    "k zero, negative or large": lambda: [(_candidates(2000), k) for k in (0, -1, -1990, 2000, 5000)],
    "k no int": lambda: [(_candidates(2000), k) for k in (None, 2.0, np.int64(5), True, "3")],
    "an iterator": lambda: [(Stream(_candidates(2000)), 3)],
    "other containers": lambda: [
        (tuple(_candidates(2000)), 3),
        (dict.fromkeys(_candidates(2000)), 3),
        (np.array(_candidates(2000)), 3),
        (None, 3),
    ],
    "rows that are too short": lambda: [([*_candidates(2000), (1,)], 3), ([*_candidates(2000), None], 3)],
    "empty": lambda: [([], 0), ([], 5)],
}
