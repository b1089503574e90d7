from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SIZES = (1, 8, 64)
SAME = "exact"
VARIANTS = {"rows": lambda n: (np.random.default_rng(n).random((n, 32)),)}

ordinary = st.one_of(
    arrays.arrays("f8", st.tuples(st.integers(0, 4), st.just(32)), elements=st.floats()),
    arrays.arrays("f4", 32, elements=st.floats(width=32)),
    st.floats(),
    st.integers(-5, 5),
    st.lists(st.floats(), min_size=32, max_size=32),
).map(lambda rows: (rows,))


def _twice(rows):
    """The same call again: what a call changes in the array, the next one sees."""
    return [(rows,), (rows,)]


HAZARDS = {
    "shapes that do not fit": lambda: [(np.ones(31),), (np.ones((32, 2)),), ([],), (None,)],
    "empty": lambda: [(np.ones((0, 32)),)],
    "float32 and ints": lambda: [(np.ones((2, 32), "f4"),), (np.ones((2, 32), "i8"),), (np.ones((2, 32), "u1"),)],
    "twice": lambda: _twice(np.ones((3, 32))),
    "arrays that are read-only or masked": lambda: [(np.ma.masked_less(np.eye(32), 0.5),), (_read_only(),)],
    "NaN and infinity": lambda: [(np.full((2, 32), np.nan),), (np.full((2, 32), np.inf),)],
    "a result of its own": lambda: [(1.0,), (0.0,)],
}


def _read_only():
    rows = np.ones((2, 32))
    rows.flags.writeable = False
    return rows
