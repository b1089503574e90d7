from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perftools.rewrite.recipe import Stream

SIZES = (5, 200, 5_000)
SAME = "exact"


def _scores(n):
    return np.random.default_rng(n).random(n)


VARIANTS = {"array": lambda n: (7, _scores(n))}

ordinary = st.one_of(
    arrays.arrays("f8", st.integers(0, 30), elements=st.floats(allow_nan=True)),
    arrays.arrays(st.sampled_from(["f4", "i8", "?"]), st.integers(0, 9), elements=st.integers(0, 1)),
    st.lists(st.one_of(st.floats(), st.integers(), st.text(max_size=2), st.none()), max_size=6),
).map(lambda scores: (7, scores))


def _calls(*scores):
    return [(7, each) for each in scores]


HAZARDS = {
    "other numbers": lambda: _calls(
        _scores(50).astype("f4"),
        np.array([2**53 + 1, 3]),
        np.array([2**63 + 1024], "u8"),
        _scores(50) > 0.5,
        _scores(50).astype("c16"),
        _scores(50).astype("g"),
        np.array([2**2000, 1], dtype=object),
    ),
    "text": lambda: _calls(np.array(["1.5", "x"]), np.array([b"1.5"]), np.arange(3).astype("m8[s]")),
    "rows": lambda: _calls(_scores(6).reshape(3, 2), _scores(3).reshape(3, 1), _scores(3).reshape(1, 3)),
    "no dimension": lambda: _calls(np.array(0.5), np.float64(0.5)),
    "empty": lambda: _calls(np.array([]), [], np.zeros((0, 2))),
    "no array": lambda: _calls(
        _scores(50).tolist(),
        Stream(_scores(50)),
        np.ma.masked_less(_scores(50), 0.5),
        {0.5: 1},
        None,
    ),
    "NaN and infinity": lambda: _calls(np.array([0.5, np.nan]), np.array([np.inf, -np.inf]), np.array([-0.0])),
    "views": lambda: _calls(_scores(400)[::-2], _scores(20).astype(">f8")),
}
