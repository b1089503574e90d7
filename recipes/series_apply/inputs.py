from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (100, 1_000, 100_000)
SAME = "exact"


def _minutes(n, seed=0):
    return pd.Series(np.random.default_rng([n, seed]).exponential(300.0, n).round(1), name="minutes")


VARIANTS = {"float64": lambda n: (_minutes(n), 0.25)}

ordinary = st.one_of(
    st.tuples(st.builds(_minutes, st.integers(480, 600), st.integers(0, 2**32)), st.floats(0.0, 2.0)),
    st.tuples(
        st.lists(st.floats(), max_size=9).map(lambda few: pd.Series(few * 200, dtype=float)), st.floats(-1.0, 1.0)
    ),
    st.tuples(st.lists(st.integers(), max_size=9).map(pd.Series), st.integers(-2, 2)),
)


def _spot(value):
    minutes = _minutes(600).astype(float if isinstance(value, float) else object)
    minutes.iloc[300] = value
    return minutes, 0.25


def _with_attrs():
    minutes = _minutes(600)
    minutes.attrs["unit"] = "min"
    return minutes, 0.25


class Minutes(pd.Series):
    """A subclass that applies to another one."""

    def apply(self, function):
        return pd.Series(self[::-1]).apply(function)


HAZARDS = {
    "no elements, few": lambda: [(_minutes(n), 0.25) for n in (0, 1, 499)],
    "elements of another type": lambda: (
        [
            (pd.Series(pd.array(np.arange(600) % 120, dtype=dtype)), 0.25)
            for dtype in ("i8", "i4", "u1", "f4", "Int64", "Float64", "c16", "g", "O", "category", "Sparse[float]")
        ]
        + [(pd.Series([True, False] * 300), 0.25), (pd.Series(["1.5"] * 600), 0.25)]
    ),
    "text, None, a huge int in one place": lambda: [_spot(value) for value in ("1.5", None, 10**20, True, 1j)],
    "NaN, infinity, zero": lambda: [_spot(value) for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1e308)],
    "overflow": lambda: [(_minutes(600), 1e308), (_minutes(600) * 1e306, 9.5), (_minutes(600), float("inf"))],
    "division by zero in elements that are not asked": lambda: [(_minutes(600) * 0.0, 0.25)],
    "another index": lambda: (
        [
            (_minutes(600).set_axis(index), 0.25)
            for index in ([0] * 600, [f"r{n}" for n in range(600)], pd.date_range("2024-01-01", periods=600))
        ]
        + [(_minutes(1200)[::2], 0.25), (_minutes(600).rename(None), 0.25)]
    ),
    "attrs": lambda: [_with_attrs()],
    "no Series": lambda: [
        (Minutes(_minutes(600)), 0.25),
        (_minutes(600).to_frame(), 0.25),
        (pd.Index(_minutes(600)), 0.25),
        (_minutes(600).to_numpy(), 0.25),
        ([1.5] * 600, 0.25),
    ],
    "a rate that is no float": lambda: [
        (_minutes(600), rate) for rate in (1, True, None, "x", 1 + 2j, np.float32(0.1), np.ones(600), 10**400)
    ],
}
