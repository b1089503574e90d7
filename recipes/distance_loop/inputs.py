from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (10, 200, 5_000)
SAME = "sum"
WIDTH = 64


def _arrays(n, width=WIDTH, seed=0):
    random = np.random.default_rng([n, width, seed])
    return random.standard_normal((n, width)), random.standard_normal(width)


def _lists(n, width=WIDTH, seed=0):
    rows, query = _arrays(n, width, seed)
    return rows.tolist(), query.tolist()


VARIANTS = {"lists": _lists, "arrays": _arrays}
FACTS = {
    "lists": {"rows": "list[list[float]]", "query": "list[float]"},
    "arrays": {"rows": "ndarray[f8, C]", "query": "ndarray[f8, C]"},
}


def terms(rows, query):
    if any(np.iscomplexobj(each) or isinstance(each, np.ma.MaskedArray) for each in (rows, query)):
        return 0, 0.0
    sums = [sum((float(a) - float(b)) ** 2 for a, b in zip(row, query, strict=False)) for row in rows]
    return len(query), max(filter(math.isfinite, sums), default=0.0)


_number = st.one_of(st.floats(), st.integers(-3, 3), st.sampled_from([True, None, "1.5", 10**20, np.float32(0.1)]))
ordinary = st.one_of(
    st.builds(_lists, st.integers(24, 40), st.just(WIDTH), st.integers(0, 2**32)),
    st.builds(_arrays, st.integers(0, 40), st.integers(0, 70), st.integers(0, 2**32)),
    st.tuples(st.lists(st.lists(_number, max_size=4), max_size=4), st.lists(_number, max_size=4)),
)


def _spot(value):
    """As lists and as arrays of objects: one spot changed, in the rows or in the query."""
    rows, query = _lists(60)
    other, vector = _lists(60)
    rows[30][20] = value
    vector[20] = value
    return [(rows, query), (other, vector)]


def _array_spot(value):
    rows, query = _arrays(60)
    other, vector = _arrays(60)
    rows[30, 20] = value
    vector[20] = value
    return [(rows, query), (other, vector)]


def _row(row):
    rows, query = _lists(60)
    rows[30] = row
    return rows, query


class _Reversed(list):
    """A list that does not give its elements in the order that they have in memory."""

    def __iter__(self):
        return reversed(self)


def _no_lists():
    rows, query = _lists(60)
    return [
        (tuple(rows), query),
        (rows, tuple(query)),
        (_Reversed(rows), query),
        (rows, _Reversed(query)),
        (dict.fromkeys(map(tuple, rows)), query),
        (rows, dict.fromkeys(query)),
        (rows, set(query)),
        ({tuple(row) for row in rows}, query),
        _row(tuple(rows[3])),
        _row(np.array(rows[3])),
        _row(_Reversed(rows[3])),
    ]


def _other_arrays():
    rows, query = _arrays(60)
    deep = np.ones((60, WIDTH, 1))
    return [
        (rows.astype("f4"), query.astype("f4")),
        (rows, query.astype("f4")),
        (rows.astype("f4"), query),
        ((rows * 10).astype("i8"), query),
        (rows, (query * 10).astype("i1")),
        (rows > 0, query > 0),
        (rows.astype(object), query),
        (rows, query.astype(object)),
        (rows.astype("c16"), query),
        (rows.astype("g"), query),
        (rows, query.astype("g")),
        (np.ma.masked_less(rows, 0.0), query),
        (rows, np.ma.masked_less(query, 0.0)),
        (np.matrix(rows), query),
        (rows.tolist(), query),
        (rows, query.tolist()),
        (deep, query),
        (rows, np.ones((WIDTH, 1))),
        (rows, np.ones((WIDTH, 3))),
        (rows[0], query),
        (rows, np.array(1.0)),
        (list(rows), query),
    ]


def _views():
    rows, query = _arrays(60)
    frozen = rows.copy()
    frozen.flags.writeable = False
    return [
        (rows[::-2], query),
        (np.asfortranarray(rows), query[::-1]),
        (frozen, query),
        (rows.astype(">f8"), query),
        (rows, query.astype(">f8")),
    ]


def _lengths():
    rows, query = _lists(60)
    return [
        (rows, query[:-1]),
        (rows, [*query, 1.0]),
        (rows, query[:1]),
        ([row[:1] for row in rows], query),
        _row(rows[3][:-1]),
        _row([*rows[3], 1.0]),
        _row([]),
    ]


def _array_lengths():
    rows, query = _arrays(60)
    return [(rows, query[:-1]), (rows[:, :-1], query), (rows[:, :1], query), (rows, query[:1])]


def _empty():
    rows, query = _arrays(60)
    return [
        ([], query.tolist()),
        ([[]] * 2000, []),
        ([[]] * 2000, query.tolist()),
        (rows.tolist(), []),
        (rows[:0], query),
        (rows[:, :0], query[:0]),
        (rows, query[:0]),
        (rows[:, :0], query),
    ]


HAZARDS = {
    "an int, a bool, None, text": lambda: [call for value in (2, True, None, "1.5", 10**20) for call in _spot(value)],
    "scalars of numpy": lambda: [
        call for value in (np.float64(1.5), np.float32(0.1), np.int64(3)) for call in _spot(value)
    ],
    "NaN and infinity": lambda: [
        call for value in (np.nan, np.inf, -np.inf, 0.0, -0.0) for call in [*_spot(value), *_array_spot(value)]
    ],
    "overflow": lambda: [
        ([[1e200] * WIDTH] * 60, [1e200] * WIDTH),
        (np.full((60, WIDTH), 1e200), np.full(WIDTH, 1e200)),
        (np.full((60, WIDTH), 1e308), np.ones(WIDTH)),
    ],
    "tuples, sets, dicts, subclasses": _no_lists,
    "iterators": lambda: [(Stream(_lists(60)[0]), _lists(60)[1]), (_lists(60)[0], Stream(_lists(60)[1]))],
    "no float64 or no two and one dimensions": _other_arrays,
    "views and read-only arrays": _views,
    "lengths that differ": _lengths,
    "lengths of arrays that differ": _array_lengths,
    "empty": _empty,
}
