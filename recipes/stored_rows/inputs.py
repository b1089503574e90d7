from __future__ import annotations

import random

import numpy as np
from hypothesis import strategies as st

SIZES = (10, 200, 1_000)
SAME = "sum"
MEMBERS = 1000


def _request(n, k=20):
    numbers = random.Random(n)  # noqa: S311 (inputs, no secret)
    return numbers.randrange(MEMBERS), [numbers.randrange(MEMBERS) for _ in range(n)], k


VARIANTS = {"stored": _request}


def terms(_user, _ids, _k):
    return 84, 200.0


ids = st.lists(st.integers(0, MEMBERS - 1), max_size=120)
ordinary = st.tuples(st.integers(0, MEMBERS - 1), ids, st.integers(0, 130))


def _all(k):
    return 7, list(range(MEMBERS)), k


HAZARDS = {
    "nobody, and one": lambda: [(3, [], 5), (3, [3], 5), (3, [4], 1)],
    "fewer than are asked for": lambda: [(3, [5, 4, 9], 3), (3, [5, 4, 9], 4), (3, [5, 4, 9], 2), (3, [5, 4], 20)],
    "none asked for": lambda: [_all(0), (3, [], 0)],
    "the same id twice": lambda: [(3, [5, 4, 5, 4, 5], 4), (3, [8] * 40, 10), (3, [*range(30), *range(30)], 25)],
    "ties": lambda: [(3, [9] * 5 + [2] * 5, 7)],
    "all members": lambda: [_all(1), _all(MEMBERS - 1), _all(MEMBERS), _all(MEMBERS + 1)],
    "ids from the end": lambda: [(-1, [-1, 0, -7], 3), (0, [-5, 995], 2)],
    "a tuple of ids": lambda: [(3, (5, 4, 9), 2), (3, (), 2)],
    "an array of ids": lambda: [(3, np.array([5, 4, 9]).tolist(), 2)],
}
