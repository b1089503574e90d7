from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (5, 50, 500)
SAME = "exact"


def _page(random, rows):
    return pd.DataFrame(
        {
            "user": random.integers(0, 100, rows),
            "score": random.standard_normal(rows),
            "label": [f"l{number % 3}" for number in range(rows)],
        }
    )


def _pages(n, seed=0, rows=20):
    random = np.random.default_rng([n, seed])
    return [_page(random, rows) for _ in range(n)]


def _spot(value, column="score"):
    pages = _pages(9)
    pages[4][column] = pages[4][column].astype(object)
    pages[4].loc[2, column] = value
    return (pages,)


VARIANTS = {"pages of 200 rows": lambda n: (_pages(n, rows=200),), "pages of 20 rows": lambda n: (_pages(n),)}

_value = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.sampled_from(["", "x"]))
_row = st.dictionaries(st.sampled_from("abc"), _value, max_size=3)
_frame = st.lists(_row, max_size=3).map(pd.DataFrame)
ordinary = st.one_of(
    st.builds(lambda n, seed: (_pages(n, seed),), st.integers(0, 12), st.integers(0, 2**32)),
    st.tuples(st.lists(st.one_of(_frame, st.none()), max_size=5)),
    st.tuples(st.lists(st.sampled_from([pd.DataFrame({"a": [1]}), pd.Series([1, 2]), 5]), max_size=3)),
)


def _frames(*columns):
    return ([pd.DataFrame(each) for each in columns],)


def _page_of(source):
    page = _pages(1)[0]
    page.attrs["source"] = source
    return page


HAZARDS = {
    "no parts, empty parts": lambda: [
        ([],),
        ([pd.DataFrame()],),
        ([pd.DataFrame(), pd.DataFrame()],),
        ([pd.DataFrame(), *_pages(2)],),
        ([*_pages(2), pd.DataFrame()],),
    ],
    "one part": lambda: [(_pages(1),)],
    "ints, then floats, then text": lambda: [
        _frames([{"a": 1}], [{"a": 1.5}], [{"a": "x"}]),
        _frames([{"a": 2**53 + 1}], [{"a": 1.5}], [{"a": "x"}]),
        _frames([{"a": True}], [{"a": 1}], [{"a": 0.5}]),
        _frames([{"a": True}], [{"a": None}], [{"a": 0.5}]),
        _frames([{"a": 2**63}], [{"a": -1}]),
    ],
    "another type in one place": lambda: [
        _spot(value, column) for column in ("score", "user", "label") for value in (1, True, None, "1.5", 10**20, 1j)
    ],
    "columns missing or in another order": lambda: [
        _frames([{"a": 1, "b": 2}], [{"b": 1, "a": 2}]),
        _frames([{"a": 1, "b": 2}], [{"a": 1}]),
        _frames([{"a": 1}], [{"b": 2}], [{"a": 3}]),
        _frames([{"a": 1}], [{}], [{"a": 3}]),
    ],
    "missing values": lambda: [
        _frames([{"a": None}], [{"a": None}], [{"a": 1.0}]),
        _frames([{"a": float("nan")}], [{"a": float("nan")}]),
        _frames([{"a": pd.NaT}], [{"a": pd.Timestamp(2024, 1, 1)}]),
    ],
    "categories and dates": lambda: [
        _frames(*({"a": pd.Categorical(each)} for each in (["x", "y"], ["y", "x"], ["x", "z"]))),
        _frames(*({"a": pd.Categorical(["x", "y"])} for _ in range(3))),
        _frames(*({"a": pd.to_datetime(["2024-01-01"]).tz_localize(zone)} for zone in ("UTC", "Europe/Berlin"))),
        _frames({"a": pd.array([1, None], dtype="Int64")}, {"a": [1, 2]}),
    ],
    "a column twice": lambda: [
        ([pd.DataFrame([[1, 2]], columns=["a", "a"])] * 2,),
        ([pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1]], columns=["a"])],),
    ],
    "an index of its own": lambda: [([pd.DataFrame({"a": [1, 2]}, index=["x", "y"])] * 3,)],
    "parts of one array": lambda: [_frames(*[np.arange(6.0).reshape(3, 2)] * 3)],
    "no frame at all": lambda: [([5],), ([None, None],), (["x"],), ([*_pages(2), 3],)],
    "one frame several times": lambda: [([_pages(1)[0]] * 3,)],
    "a Series": lambda: [([*_pages(2), pd.Series([1, 2])],), ([pd.Series([1, 2]), *_pages(2)],)],
    "attrs": lambda: [([_page_of("a"), _page_of("a")],), ([_page_of("a"), _page_of("b")],)],
    "an iterator": lambda: [(Stream(_pages(4)),), (Stream([*_pages(2), 5, *_pages(2)]),)],
}
