from __future__ import annotations

import decimal
import fractions

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (10, 100, 3_000)
SAME = "exact"


def _ids(n, seed=0):
    random = np.random.default_rng([n, seed])
    return random.permutation(2 * n)[:n].tolist(), random.permutation(2 * n)[:n].tolist()


def _names(n):
    ids, seen = _ids(n)
    return [f"member-{each}" for each in ids], [f"member-{each}" for each in seen]


VARIANTS = {"lists": _ids}
FACTS = {"lists": {"ids": "list[int]", "seen": "list[int]"}}

_each = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([True, 1.0, 0.0, -0.0, float("nan"), "a", b"a", "", None, (1,), [1], np.float64(1.0), np.int64(2)]),
)
ordinary = st.one_of(
    st.builds(_ids, st.integers(20, 60), st.integers(0, 2**32)),
    st.builds(_names, st.integers(0, 60)),
    st.tuples(st.lists(_each, min_size=35, max_size=40), st.lists(_each, min_size=35, max_size=40)),
    st.tuples(st.lists(_each, max_size=6), st.lists(_each, max_size=6)),
)


class _Alike:
    """Equal to everything, whatever its hash is."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 7


class _Hidden(list):
    """A list that says that nothing is in it, and gives nothing."""

    def __contains__(self, each):
        return False

    def __iter__(self):
        return iter(())


def _spot(value):
    """One spot changed, in the ids or in the others."""
    ids, seen = _ids(60)
    others, changed = _ids(60)
    ids[30] = changed[30] = value
    return [(ids, seen), (others, changed)]


def _nan():
    nan = float("nan")
    ids, seen = _ids(60)
    ids[30] = seen[40] = nan
    return [(ids, seen), *_spot(float("nan"))]


HAZARDS = {
    "numbers that are equal across types": lambda: [
        call for value in (1, 1.0, True, 0.0, -0.0, 2**70, float(2**70), "1", b"1", "") for call in _spot(value)
    ],
    "numbers of other types": lambda: [
        call
        for value in (np.float64(3.0), np.int64(3), decimal.Decimal(3), fractions.Fraction(3), 3j, None)
        for call in _spot(value)
    ],
    "NaN": _nan,
    "an equality of its own": lambda: _spot(_Alike()),
    "without a hash": lambda: [call for value in ([1], {}, set(), np.arange(3)) for call in _spot(value)],
    "repeated": lambda: [([5, 3] * 40, [3] * 60), ([5, 3] * 40, [4] * 60)],
    "strings": lambda: [_names(60), (_names(60)[0], _ids(60)[0]), (list("abc" * 20), "abc" * 20)],
    "tuples, sets, dicts, subclasses, arrays": lambda: [
        (tuple(_ids(60)[0]), _ids(60)[1]),
        (_ids(60)[0], tuple(_ids(60)[1])),
        (_ids(60)[0], set(_ids(60)[1])),
        (_ids(60)[0], dict.fromkeys(_ids(60)[1])),
        (_Hidden(_ids(60)[0]), _ids(60)[1]),
        (_ids(60)[0], _Hidden(_ids(60)[1])),
        (np.array(_ids(60)[0]), _ids(60)[1]),
        (_ids(60)[0], np.array(_ids(60)[1])),
        (_ids(60)[0], range(60)),
        (range(60), _ids(60)[1]),
    ],
    "iterators": lambda: [(Stream(_ids(60)[0]), _ids(60)[1]), (_ids(60)[0], Stream(_ids(60)[1]))],
    "one list twice": lambda: [(each, each) for each in (_ids(60)[0],)],
    "empty": lambda: [([], []), (_ids(60)[0], []), ([], _ids(60)[1])],
}
