from __future__ import annotations

from collections import OrderedDict, defaultdict

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (1, 20, 500)
SAME = "exact"
NAMES = [f"feature {number}" for number in range(20)]


def _rows(n, seed=0):
    random = np.random.default_rng([n, seed])
    return [dict(zip(NAMES, row, strict=True)) for row in random.standard_normal((n, len(NAMES))).tolist()]


def _with_ints(n):
    rows = _rows(n)
    for number, row in enumerate(rows):
        row["feature 3"] = number
        row["id"] = f"row {number}"
    return rows


VARIANTS = {"floats": lambda n: (_rows(n), NAMES), "floats and ints": lambda n: (_with_ints(n), NAMES)}

_value = st.one_of(st.floats(), st.integers(-9, 9), st.integers(), st.none(), st.booleans(), st.sampled_from(["", "1"]))
_floats = st.one_of(st.floats(), st.integers(-9, 9))
_names = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)
ordinary = st.one_of(
    st.builds(lambda n, seed: (_rows(n, seed), NAMES), st.integers(0, 20), st.integers(0, 2**32)),
    st.tuples(st.lists(st.fixed_dictionaries({"a": _floats, "b": _floats, "c": _floats}), max_size=4), _names),
    st.tuples(st.lists(st.dictionaries(st.sampled_from("abcd"), _value, max_size=4), max_size=4), _names),
)


def _spot(value, key="feature 7"):
    rows = _rows(9)
    rows[4][key] = value
    return rows, NAMES


def _column(values, key="feature 7"):
    rows = _rows(len(values))
    for row, value in zip(rows, values, strict=True):
        row[key] = value
    return rows, NAMES


class Row(dict):
    """A subclass that answers otherwise."""

    def __getitem__(self, key):
        return 0.0


HAZARDS = {
    "no rows": lambda: [([], NAMES), ([], []), ([{}], ["a"])],
    "a missing key": lambda: [
        ([*_rows(3), dict.fromkeys(NAMES[:-1], 1.0)], NAMES),
        (_rows(3), [*NAMES, "another"]),
        ([{}, *_rows(2)], NAMES),
    ],
    "another order of keys, more keys": lambda: [
        ([*_rows(3), dict(reversed(_rows(1)[0].items()))], NAMES),
        ([*_rows(3), {"extra": "x", **_rows(1)[0]}], NAMES),
        (_rows(3), NAMES[::-1]),
        (_rows(3), NAMES[:2]),
    ],
    "one column, a column twice": lambda: [
        (_rows(3), NAMES[:1]),
        (_rows(3), ["feature 1", "feature 1"]),
        (_rows(3), []),
    ],
    "another type in one place": lambda: [
        _spot(value)
        for value in (
            1,
            True,
            None,
            "1.5",
            10**20,
            2**63,
            -(2**63),
            1j,
            np.float64(1.5),
            np.float32(0.1),
            [1.0],
            pd.NaT,
        )
    ],
    "a column of another type": lambda: [
        _column(values)
        for values in (
            [1] * 9,
            [True] * 9,
            [None] * 9,
            ["x"] * 9,
            [2**63] * 9,
            [10**20] * 9,
            [-5, 2**63] * 4,
            [2**53 + 1] * 9,
        )
    ],
    "ints only": lambda: [([{"a": 1, "b": 2}] * 3, ["a", "b"]), ([{"a": 1, "b": 10**20}] * 3, ["a", "b"])],
    "NaN and infinity": lambda: [_spot(value) for value in (np.nan, float("nan"), float("inf"), -0.0, 1e300)],
    "NaN in a row of ints": lambda: [([{"a": 1, "b": 2.0}, {"a": float("nan"), "b": 2.0}], ["a", "b"])],
    "names in a tuple, an index, an array": lambda: [
        (_rows(3), tuple(NAMES)),
        (_rows(3), pd.Index(NAMES)),
        (_rows(3), np.array(NAMES)),
        (_rows(20), np.array([True, False] * 10)),
        (_rows(3), "feature 1"),
        (_rows(3), [0, 1]),
        ([{("a", "b"): 1.0, "a": 2.0, "b": 3.0}] * 3, ("a", "b")),
    ],
    "rows that are no dicts": lambda: [
        ([[1.0, 2.0]] * 3, [0, 1]),
        ([OrderedDict(row) for row in _rows(3)], NAMES),
        ([defaultdict(float, {"a": 1.0})] * 3, ["a", "b"]),
        ([Row(row) for row in _rows(3)], NAMES),
        ([pd.Series(row) for row in _rows(3)], NAMES),
        ([None, *_rows(3)], NAMES),
    ],
    "no list": lambda: [
        (tuple(_rows(3)), NAMES),
        (Stream(_rows(3)), NAMES),
        (Stream([*_rows(3), None]), NAMES),
        ({"a": [1.0, 2.0], "b": [2.0, 3.0]}, ["a", "b"]),
        (pd.DataFrame(_rows(3)), NAMES),
        (np.ones((3, 2)), [0, 1]),
    ],
}
