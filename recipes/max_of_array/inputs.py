from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perftools.rewrite.recipe import Stream

SIZES = (8, 500, 10_000)
SAME = "exact"
FACTS = {"array": {"scores": "ndarray[f8, C]"}}


def _scores(n):
    return np.random.default_rng(n).standard_normal(n)


VARIANTS = {"array": lambda n: (_scores(n),)}


ordinary = st.one_of(
    st.integers(0, 300).map(_scores),
    arrays.arrays(st.sampled_from(["f8", "f4", "i8", "u1"]), st.integers(0, 9), elements=st.integers(0, 100)),
    arrays.arrays("f8", st.integers(64, 70), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.lists(st.one_of(st.floats(), st.integers()), max_size=6),
).map(lambda scores: (scores,))


def _changed(value):
    scores = _scores(200)
    scores[77] = value
    return scores


def _ties(first, second):
    values = np.full(200, -1.0)
    values[50], values[150] = first, second
    return values


HAZARDS = {
    "other numbers": lambda: [
        (_scores(200).astype("f4"),),
        ((_scores(200) * 100).astype("i8"),),
        ((_scores(200) * 100).astype("i1"),),
        (_scores(200) > 0,),
        (_scores(200).astype("c16"),),
        (_scores(200).astype("g"),),
    ],
    "objects and text": lambda: [
        (np.array([*_scores(200), None], dtype=object),),
        (np.array([1, 1.0, True] * 50, dtype=object),),
        (np.array([1.0, float("nan")] * 50, dtype=object),),
        (np.array([at % 7 for at in range(100)], dtype=object),),
        (np.array(["b", "a"] * 100),),
        (np.arange(100).astype("M8[s]"),),
        (np.array(["2024-01-01", "NaT"] * 50, "M8[s]"),),
    ],
    "records": lambda: [(np.zeros(100, [("a", "f8")]),)],
    "other dimensions": lambda: [
        (_scores(200).reshape(1, 200),),
        (_scores(200).reshape(100, 2),),
        (np.array(2.0),),
        (_scores(200).reshape(200, 1),),
    ],
    "empty": lambda: [(np.array([]),), ([],), (np.zeros((0, 3)),)],
    "no array": lambda: [
        (_scores(200).tolist(),),
        (np.ma.masked_less(_scores(200), 0.0),),
        (np.ma.masked_greater(_scores(200), 0.0),),
        (np.matrix(_scores(200)),),
        (Stream(_scores(200)),),
        (None,),
    ],
    "NaN": lambda: [(_changed(np.nan),), (np.array([np.nan, *_scores(100)]),), (np.full(100, np.nan),)],
    "infinity": lambda: [(_changed(value),) for value in (np.inf, -np.inf)],
    "zeros with a sign": lambda: [(_ties(0.0, -0.0),), (_ties(-0.0, 0.0),)],
    "views": lambda: [(_scores(400)[::2],), (_scores(400)[::-1],), (_scores(200).astype(">f8"),)],
}
