from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perftools.rewrite.recipe import Stream

SIZES = (10, 200, 5_000)
SAME = "exact"


def _scores(n):
    return np.random.default_rng(n).random(n)


VARIANTS = {"array": lambda n: (_scores(n),), "list": lambda n: (_scores(n).tolist(),)}

ordinary = st.one_of(
    arrays.arrays("f8", st.integers(0, 20), elements=st.floats(allow_nan=True)),
    st.lists(st.floats(), max_size=20),
    st.lists(st.one_of(st.text(max_size=4), st.none()), max_size=4),
    st.dictionaries(st.text(max_size=4), st.floats(), max_size=4),
).map(lambda scores: (scores,))

HAZARDS = {
    "nothing to compare": lambda: [([],), (np.array([]),), (None,), (3,)],
    "an iterator": lambda: [(Stream([1.0, 3.0, 2.0]),)],
    "two dimensions": lambda: [(np.eye(3),), ([[1.0], [2.0]],)],
    "kinds that do not compare": lambda: [([1.0, None],), ({"a": 1, 2: 3},)],
    "percent signs": lambda: [("%s %d",), (["%s", "%"],)],
}
