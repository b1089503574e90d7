from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

SIZES = (16, 768, 10_000)
SAME = "sum"


def _pair(n, seed=0):
    random = np.random.default_rng([n, seed])
    return random.standard_normal(n), random.standard_normal(n)


VARIANTS = {"arrays": _pair}
FACTS = {"arrays": {"values": "ndarray[f8, C]", "weights": "ndarray[f8, C]"}}


def terms(values, weights):
    if any(np.iscomplexobj(each) or isinstance(each, np.ma.MaskedArray) for each in (values, weights)):
        return 0, 0.0
    total = sum(abs(float(a) * float(b)) for a, b in zip(values, weights, strict=False))
    return len(values), total if math.isfinite(total) else 0.0


ordinary = st.one_of(
    st.builds(_pair, st.integers(0, 200), st.integers(0, 2**32)),
    st.tuples(st.lists(st.floats(), max_size=5), st.lists(st.integers(-3, 3), min_size=5, max_size=6)),
    st.builds(lambda n, m: (_pair(n)[0], _pair(m)[1]), st.integers(40, 90), st.integers(40, 90)),
)


def _spot(value):
    values, weights = _pair(200)
    others, changed = _pair(200)
    values[77] = changed[77] = value
    return [(values, weights), (others, changed)]


def _other_arrays():
    values, weights = _pair(200)
    return [
        (values.tolist(), weights),
        (values, weights.tolist()),
        (values.tolist(), weights.tolist()),
        (values.astype("f4"), weights),
        (values, weights.astype("f4")),
        (values.astype("f4"), weights.astype("f4")),
        ((values * 10).astype("i8"), weights),
        (values, (weights * 10).astype("i1")),
        (values > 0, weights > 0),
        (values.astype(object), weights),
        (values, weights.astype(object)),
        (values.astype("c16"), weights),
        (values.astype("g"), weights),
        (values, weights.astype("g")),
        (np.ma.masked_less(values, 0.0), weights),
        (values, np.ma.masked_less(weights, 0.0)),
        (np.matrix(values), np.matrix(weights)),
    ]


HAZARDS = {
    "no float64": _other_arrays,
    "other dimensions": lambda: [
        (_pair(200)[0].reshape(100, 2), _pair(100)[1]),
        (_pair(100)[1], _pair(200)[0].reshape(100, 2)),
        (_pair(200)[0].reshape(200, 1), _pair(200)[1]),
        (_pair(200)[0].reshape(200, 1), _pair(1)[1]),
        (_pair(200)[0], np.array(1.0)),
    ],
    "lengths that differ": lambda: [
        (_pair(200)[0], _pair(300)[1]),
        (_pair(200)[0], _pair(199)[1]),
        (_pair(200)[0], _pair(1)[1]),
        (_pair(200)[0], _pair(0)[1]),
    ],
    "empty": lambda: [_pair(0), (np.array([]), np.ones(60)), ([], [])],
    "NaN and infinity": lambda: [call for value in (np.nan, np.inf, -np.inf, 0.0, -0.0) for call in _spot(value)],
    "infinity times zero": lambda: [(_spot(np.inf)[0][0], np.zeros(200))],
    "overflow": lambda: [(np.full(200, 1e200), np.full(200, 1e200)), (np.full(200, 1e308), np.ones(200))],
    "cancellation": lambda: [(np.tile([1e16, 1.0, -1e16], 70), np.ones(210))],
    "views": lambda: [
        (_pair(400)[0][::2], _pair(400)[1][::-2]),
        (_pair(200)[0].astype(">f8"), _pair(200)[1]),
    ],
}
