from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (100, 2000, 50000)
SAME = "exact"


def _array(n, seed=0):
    return np.random.default_rng([n, seed]).random(n)


def _call(values):
    return (values, 10)


VARIANTS = {"lists": lambda n: _call(_array(n).tolist()), "arrays": lambda n: _call(_array(n))}
FACTS = {"lists": {"scores": "list[float]", "k": "int"}, "arrays": {"scores": "ndarray[f8, C]", "k": "int"}}

_number = st.one_of(st.floats(), st.integers(-3, 3), st.sampled_from([True, None, "1.5", 10**20, np.float32(0.1)]))
ordinary = st.one_of(
    st.builds(lambda n, seed: _call(_array(n, seed)), st.integers(0, 900), st.integers(0, 2**32)),
    st.builds(lambda n, seed: _call(_array(n, seed).tolist()), st.integers(760, 800), st.integers(0, 2**32)),
    st.lists(_number, max_size=5).map(_call),
)


def _spot(value, n=900):
    values = _array(n)
    values[n // 2] = value
    first = _array(n)
    first[0] = value
    return [_call(values), _call(first), _call(values.tolist()), _call(first.tolist())]


def _listed(value):
    values = _array(900).tolist()
    values[300] = value
    return [_call(values)]


class _Reversed(list):
    """A list that does not give its elements in the order that they have in memory."""

    def __iter__(self):
        return reversed(self)


def _other_containers():
    values = _array(900)
    listed = values.tolist()
    return [
        _call(tuple(listed)),
        _call(dict.fromkeys(listed)),
        _call(set(listed)),
        _call(_Reversed(listed)),
        _call(list(values)),
        _call(np.ma.masked_less(values, 0.3)),
        _call(np.matrix(values)),
    ]


def _other_arrays():
    values = _array(900)
    return [
        _call(values.astype("f4")),
        _call((values * 10).astype("i8")),
        _call((values * 200).astype("i1")),
        _call((values * 2.0**62).astype("i8")),
        _call(values > 0.3),
        _call(values.astype(object)),
        _call(values.astype("g")),
        _call(values.astype("c16")),
        _call(values.reshape(450, 2)),
        _call(values.reshape(900, 1)),
        _call(np.array(0.5)),
    ]


HAZARDS = {
    "an int, a bool, None, text, scalars of numpy": lambda: [
        call
        for value in (2, True, None, "1.5", 10**20, np.float64(0.5), np.float32(0.1), np.int64(1))
        for call in _listed(value)
    ],
    "NaN, infinity, zeros, tiny and huge numbers": lambda: [
        call for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e308, 2.0**53) for call in _spot(value)
    ],
    "all equal": lambda: [
        call for value in (0.0, -0.0, 0.5, np.nan) for call in (_call(np.full(900, value)), _call([value] * 900))
    ],
    "overflow": lambda: [_call(np.full(900, 1e308)), _call([1e308] * 900), _call(np.full(900, 1e-300))],
    "both zeros": lambda: [_call(np.array([-0.0, 0.0] * 450)), _call(np.array([0.0, -0.0] * 450))],
    "tuples, sets, dicts, subclasses": _other_containers,
    "iterators": lambda: [_call(Stream(_array(900).tolist()))],
    "no float64 or no single dimension": _other_arrays,
    "empty, and one": lambda: [_call([]), _call(np.array([])), _call([0.5]), _call(np.array([0.5]))],
    "views": lambda: [_call(_array(1800)[::-2]), _call(_array(900).astype(">f8"))],
    "k at or beyond a part of the size": lambda: [
        (scores, k)
        for scores in (_array(900), _array(900).tolist())
        for k in (0, 1, -1, -3, 111, 112, 113, 899, 900, 901, 10_000)
    ],
    "k no usual int": lambda: [
        (scores, k)
        for scores in (_array(900), _array(900).tolist())
        for k in (None, 2.0, True, np.int64(5), np.float64(2.0), 2**70, -(2**70), "1", np.array(3))
    ],
    "ties": lambda: [
        (scores, k)
        for values in (np.round(_array(900), 1), np.repeat(_array(90), 10), np.tile(_array(90), 10))
        for scores in (values, values.tolist())
        for k in (5, 25, 100)
    ],
}
