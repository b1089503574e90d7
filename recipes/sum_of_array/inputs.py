from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perftools.rewrite.recipe import Stream

SIZES = (16, 500, 10_000)
SAME = "sum"
FACTS = {"array": {"weights": "ndarray[f8, C]"}}


def _weights(n):
    return np.random.default_rng(n).standard_normal(n)


VARIANTS = {"array": lambda n: (_weights(n),)}


def terms(weights):
    if type(weights) is not np.ndarray or weights.dtype.char != "d" or weights.ndim != 1:
        return 0, 0.0
    total = float(np.abs(weights).sum())
    return len(weights), total if math.isfinite(total) else 0.0


ordinary = st.one_of(
    st.integers(0, 300).map(_weights),
    arrays.arrays(st.sampled_from(["f8", "f4", "i8", "u1"]), st.integers(0, 9), elements=st.integers(0, 100)),
    arrays.arrays("f8", st.integers(64, 70), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.lists(st.one_of(st.floats(), st.integers()), max_size=6),
).map(lambda weights: (weights,))


def _changed(value):
    weights = _weights(200)
    weights[77] = value
    return weights


HAZARDS = {
    "no float64": lambda: [
        (_weights(200).astype("f4"),),
        ((_weights(200) * 100).astype("i8"),),
        (np.full(200, 100, "i1"),),
        (np.full(200, 200, "u1"),),
        (np.full(200, 2**62, "i8"),),
        (_weights(200) > 0,),
        (_weights(200).astype("c16"),),
        (_weights(200).astype("g"),),
        (_weights(200).astype(object),),
        (np.array(["a"] * 100),),
    ],
    "other dimensions": lambda: [(_weights(200).reshape(100, 2),), (np.array(2.0),), (_weights(200).reshape(200, 1),)],
    "empty": lambda: [(np.array([]),), ([],), (np.zeros((0, 3)),)],
    "no array": lambda: [
        (_weights(200).tolist(),),
        (np.ma.masked_less(_weights(200), 0.0),),
        (np.matrix(_weights(200)),),
        (Stream(_weights(200)),),
        (None,),
    ],
    "NaN and infinity": lambda: [(_changed(value),) for value in (np.nan, np.inf, -np.inf, -0.0)],
    "infinity less infinity": lambda: [(np.array([np.inf, -np.inf] * 100),)],
    "overflow": lambda: [(np.full(200, 1e308),), (np.array([1e308, 1e308, -1e308, -1e308] * 50),)],
    "zeros with a sign": lambda: [(np.full(100, -0.0),)],
    "cancellation": lambda: [(np.tile([1e16, 1.0, -1e16], 70),)],
    "views": lambda: [(_weights(400)[::2],), (_weights(400)[::-1],), (_weights(200).astype(">f8"),)],
}
