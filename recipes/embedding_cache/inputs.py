from __future__ import annotations

from hypothesis import strategies as st

SIZES = (1, 20, 500)
SAME = "exact"
VARIANTS = {"items": lambda n: (7, list(range(n)))}

ordinary = st.tuples(st.integers(0, 2_000), st.lists(st.integers(0, 2_000), max_size=20))

HAZARDS = {
    "empty": lambda: [(1, [])],
    "one item twice": lambda: [(1, [5, 5, 1005])],
    "the user among the items": lambda: [(5, [5, 6])],
    "keys that are equal": lambda: [(1, [True, 1]), (0, [False, 0])],
    "what cannot be encoded": lambda: [(1, [None]), (1, ["a"])],
    "twice": lambda: [(1, [1, 2, 3]), (1, [1, 2, 3])],
}
