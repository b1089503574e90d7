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
    rows, user = _arrays(n, width, seed)
    return rows.tolist(), user.tolist()


VARIANTS = {"lists": _lists, "arrays": _arrays}
FACTS = {
    "lists": {"rows": "list[list[float]]", "user": "list[float]"},
    "arrays": {"rows": "ndarray[f8, C]", "user": "ndarray[f8, C]"},
}


def terms(rows, user):
    if any(np.iscomplexobj(each) or isinstance(each, np.ma.MaskedArray) for each in (rows, user)):
        return 0, 0.0
    sums = [sum(abs(float(a) * float(b)) for a, b in zip(user, row, strict=False)) for row in rows]
    return len(user), max(filter(math.isfinite, sums), default=0.0)


_number = st.one_of(st.floats(), st.integers(-3, 3), st.sampled_from([True, None, "1.5", 10**20, np.float32(0.1)]))
ordinary = st.one_of(
    st.builds(_lists, st.integers(24, 40), st.just(WIDTH), st.integers(0, 2**32)),
    st.builds(_arrays, st.integers(0, 40), st.integers(0, 70), st.integers(0, 2**32)),
    st.tuples(st.lists(st.lists(_number, max_size=4), max_size=4), st.lists(_number, max_size=4)),
)


def _spot(value):
    """As lists and as arrays of objects: one spot changed, in the rows or in the user."""
    rows, user = _lists(60)
    other, vector = _lists(60)
    rows[30][20] = value
    vector[20] = value
    return [(rows, user), (other, vector)]


def _array_spot(value):
    rows, user = _arrays(60)
    other, vector = _arrays(60)
    rows[30, 20] = value
    vector[20] = value
    return [(rows, user), (other, vector)]


def _row(row):
    rows, user = _lists(60)
    rows[30] = row
    return rows, user


class _Reversed(list):
    """A list that does not give its elements in the order that they have in memory."""

    def __iter__(self):
        return reversed(self)


def _no_lists():
    rows, user = _lists(60)
    return [
        (tuple(rows), user),
        (rows, tuple(user)),
        (_Reversed(rows), user),
        (rows, _Reversed(user)),
        (dict.fromkeys(map(tuple, rows)), user),
        (rows, dict.fromkeys(user)),
        (rows, set(user)),
        ({tuple(row) for row in rows}, user),
        _row(tuple(rows[3])),
        _row(np.array(rows[3])),
        _row(_Reversed(rows[3])),
    ]


def _other_arrays():
    rows, user = _arrays(60)
    deep = np.ones((60, WIDTH, 1))
    return [
        (rows.astype("f4"), user.astype("f4")),
        (rows, user.astype("f4")),
        (rows.astype("f4"), user),
        ((rows * 10).astype("i8"), user),
        (rows, (user * 10).astype("i1")),
        (rows > 0, user > 0),
        (rows.astype(object), user),
        (rows, user.astype(object)),
        (rows.astype("c16"), user),
        (rows.astype("g"), user),
        (rows, user.astype("g")),
        (np.ma.masked_less(rows, 0.0), user),
        (rows, np.ma.masked_less(user, 0.0)),
        (np.matrix(rows), user),
        (rows.tolist(), user),
        (rows, user.tolist()),
        (deep, user),
        (rows, np.ones((WIDTH, 1))),
        (rows, np.ones((WIDTH, 3))),
        (rows[0], user),
        (rows, np.array(1.0)),
        (list(rows), user),
    ]


def _views():
    rows, user = _arrays(60)
    frozen = rows.copy()
    frozen.flags.writeable = False
    return [
        (rows[::-2], user),
        (np.asfortranarray(rows), user[::-1]),
        (frozen, user),
        (rows.astype(">f8"), user),
        (rows, user.astype(">f8")),
    ]


def _lengths():
    rows, user = _lists(60)
    return [
        (rows, user[:-1]),
        (rows, [*user, 1.0]),
        (rows, user[:1]),
        ([row[:1] for row in rows], user),
        _row(rows[3][:-1]),
        _row([*rows[3], 1.0]),
        _row([]),
    ]


def _array_lengths():
    rows, user = _arrays(60)
    return [(rows, user[:-1]), (rows[:, :-1], user), (rows[:, :1], user), (rows, user[:1])]


def _empty():
    rows, user = _arrays(60)
    return [
        ([], user.tolist()),
        ([[]] * 2000, []),
        ([[]] * 2000, user.tolist()),
        (rows.tolist(), []),
        (rows[:0], user),
        (rows[:, :0], user[:0]),
        (rows, user[:0]),
        (rows[:, :0], user),
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
