from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (50, 2_000, 100_000)
SAME = "exact"


def _players(n, seed=0, distinct=None):
    random = np.random.default_rng([n, seed])
    scores = random.standard_normal(n) if distinct is None else random.integers(0, distinct, n) / 8.0
    return pd.DataFrame({"id": random.permutation(n), "score": scores, "name": [f"player {at}" for at in range(n)]})


VARIANTS = {"few ties": lambda n: (_players(n), 10), "many ties": lambda n: (_players(n, distinct=9), 10)}

_values = st.lists(st.tuples(st.integers(-3, 3), st.floats()), max_size=30)
ordinary = st.one_of(
    st.tuples(
        st.builds(_players, st.sampled_from([0, 5, 1499, 1500, 1700]), st.integers(0, 2**32)), st.integers(-2, 90)
    ),
    st.tuples(st.builds(_players, st.integers(1490, 1510), st.integers(0, 2**32), st.just(9)), st.integers(1, 20)),
    st.tuples(_values.map(lambda rows: pd.DataFrame(rows, columns=["id", "score"])), st.integers(0, 9)),
)


def _changed(at, value, column="score", n=1600):
    players = _players(n)
    players[column] = players[column].astype(float if isinstance(value, float) else object)
    players.loc[at, column] = value
    return players


def _of_type(column, dtype):
    values = np.random.default_rng(5).permutation(1600) % 250
    return _players(1600).assign(**{column: pd.array(values, dtype=dtype)})


def _with_attrs():
    players = _players(1600)
    players.attrs["season"] = 7
    return players


class Players(pd.DataFrame):
    """A subclass that sorts the other way."""

    def sort_values(self, by, ascending=True):  # noqa: ARG002 (as pandas calls it)
        return pd.DataFrame(self).sort_values(by)


class Few(int):
    """An int that slices otherwise."""

    def __index__(self):
        return 2


HAZARDS = {
    "ties": lambda: [
        (_players(1600, distinct=3), 10),
        (_players(1600, distinct=30), 10),
        (_players(1600).assign(score=1.0), 10),
        (_players(1600).assign(score=[0.0, -0.0] * 800), 10),
        (_players(1600, distinct=3).assign(id=[1, 2] * 800), 10),
    ],
    "NaN": lambda: [
        (_changed(7, np.nan), 10),
        (_changed(slice(0, 1449), np.nan), 160),
        (_changed(slice(0, 1594), np.nan), 10),
        (_players(1600).assign(score=np.nan), 10),
        (_changed(slice(0, 1449), np.nan, "id").assign(score=1.0), 160),
    ],
    "infinity": lambda: [(_changed(7, np.inf), 10), (_changed(7, -np.inf), 1599), (_changed(slice(0, 99), np.inf), 10)],
    "the least of all ints": lambda: (
        [
            (_players(1600).assign(score=np.r_[np.iinfo("i8").min, np.iinfo("i8").max, np.arange(1598)]), k)
            for k in (5, 1599)
        ]
        + [(_players(1600).assign(score=1.0, id=np.r_[np.iinfo("i8").min, np.iinfo("i8").max, np.arange(1598)]), 5)]
    ),
    "sorted already, or in reverse": lambda: (
        [
            (_players(1600).sort_values("score", ascending=up, ignore_index=True), k)
            for up in (True, False)
            for k in (1, 2, 9)
        ]
        + [(_players(1600).set_axis(pd.RangeIndex(5, 4805, 3, name="row"), axis=0), k) for k in (1, 2, 9)]
        + [(_players(n, seed), k) for n in (2, 3, 4) for seed in range(9) for k in (1, 2)]
    ),
    "k zero, negative, at or beyond the number of rows": lambda: [
        (_players(1600), k) for k in (0, -3, 1599, 1600, 5000)
    ],
    "k no int": lambda: [(_players(1600), k) for k in (None, 2.0, True, np.int64(5), Few(5), "5")],
    "no rows, one row": lambda: [(_players(0), 5), (_players(1), 1), (_players(1), 0)],
    "columns of another type": lambda: (
        [
            (_of_type(column, dtype), 10)
            for column in ("score", "id")
            for dtype in ("i4", "u1", "u8", "f4", "Int64", "Float64", "c16", "O", "M8[s]", "m8[s]")
        ]
        + [
            (_players(1600).assign(**{column: values}), 10)
            for column in ("score", "id")
            for values in ([True, False] * 800, ["b", "a"] * 800, pd.Categorical(["b", "a"] * 800, ["b", "a"]))
        ]
    ),
    "text, None, a huge int in one place": lambda: [
        (_changed(7, value, column), 10) for column in ("score", "id") for value in ("1.5", None, 10**20, True)
    ],
    "another index": lambda: (
        [
            (_players(1600).set_axis(index, axis=0), 10)
            for index in ([0] * 1600, [f"r{n}" for n in range(1600)], pd.date_range("2024-01-01", periods=1600))
        ]
        + [
            (_players(1600).set_axis(pd.date_range("2024-01-01", periods=1600), axis=0), 1),
            (_players(1600).set_axis(pd.MultiIndex.from_product([range(160), range(10)], names=["a", "b"]), axis=0), 9),
            (_players(1600).set_axis(pd.Categorical(["a"] * 1600), axis=0), 9),
            (_players(1600).set_axis(pd.array(range(1600), dtype="Int64"), axis=0), 9),
        ]
    ),
    "a column twice": lambda: [(pd.concat([_players(1600), _players(1600)[["score"]]], axis=1), 10)],
    "a column missing": lambda: (
        [(_players(1600).drop(columns=column), 10) for column in ("score", "id")]
        + [(_players(1600).set_index("score"), 10), (_players(1600).rename_axis("score"), 10)]
    ),
    "columns of several levels": lambda: [
        (_players(1600).set_axis(pd.MultiIndex.from_product([["id", "score", "name"], ["x"]]), axis=1), 10)
    ],
    "attrs": lambda: [(_with_attrs(), 10)],
    "no DataFrame": lambda: [(Players(_players(1600)), 10), (_players(1600)["score"], 10), ({}, 10)],
}
