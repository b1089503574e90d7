from __future__ import annotations

import random

from hypothesis import strategies as st

SIZES = (10, 100, 1_000)
SAME = "sum"
PLACES = 2000


def _request(n, k=20):
    numbers = random.Random(n)  # noqa: S311 (inputs, no secret)
    return numbers.randrange(PLACES), [numbers.randrange(PLACES) for _ in range(n)], k, 30.0


VARIANTS = {"hidden layer": _request, "weights": lambda n: _request(n, k=60)}


def terms(_user, _ids, _k, _budget):
    return 160, 2000.0


_ids = st.lists(st.integers(0, PLACES - 1), min_size=1, max_size=60)
ordinary = st.tuples(st.integers(0, PLACES - 1), _ids, st.integers(1, 70), st.floats(5.0, 100.0))

HAZARDS = {
    "one": lambda: [(3, [3], 5, 30.0), (3, [4], 60, 30.0)],
    "fewer than are asked for": lambda: [(3, [5, 4, 9], k, 30.0) for k in (2, 3, 4, 60)],
    "none asked for": lambda: [(3, [5, 4, 9], 0, 30.0)],
    "the same id twice": lambda: [(3, [5, 4, 5, 4, 5], k, 30.0) for k in (4, 60)],
    "all": lambda: [(7, list(range(PLACES)), k, 30.0) for k in (1, 60, PLACES)],
    "ids from the end": lambda: [(-1, [-1, 0, -7], 3, 30.0), (0, [-5, 995], 60, 30.0)],
    "a tuple of ids": lambda: [(3, (5, 4, 9), 2, 30.0)],
}
