from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (10, 200, 10_000)
SAME = "exact"
COLUMNS = ("station", "level", "valid")


def _readings(n, seed=0):
    random = np.random.default_rng([n, seed])
    return pd.DataFrame(
        {
            "station": [f"station {number % 7}" for number in range(n)],
            "level": random.uniform(0.0, 5.0, n).round(2),
            "valid": random.random(n) < 0.9,
        }
    )


VARIANTS = {"ordinary": lambda n: (_readings(n), 2.5)}

ordinary = st.one_of(
    st.tuples(st.builds(_readings, st.integers(0, 60), st.integers(0, 2**32)), st.floats(0.0, 5.0)),
    st.tuples(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.floats(), st.booleans()), max_size=40
        ).map(lambda rows: pd.DataFrame(rows, columns=COLUMNS)),
        st.floats(-1.0, 1.0),
    ),
)  # fmt: skip


def _indexed(index):
    return _readings(40).set_axis(index, axis=0), 2.5


def _with(column, values):
    return _readings(40).assign(**{column: values}), 2.5


def _spot(column, value):
    readings = _readings(40)
    readings[column] = readings[column].astype(object)
    readings.at[17, column] = value
    return readings, 2.5


class Readings(pd.DataFrame):
    """A subclass that counts from one."""

    @property
    def loc(self):
        return pd.DataFrame(self).shift(1, fill_value=0.0).loc


def _levels():
    readings = _readings(40)
    return readings.set_axis(pd.MultiIndex.from_product([readings.columns, ["m"]]), axis=1)


HAZARDS = {
    "few rows": lambda: [(_readings(n), 2.5) for n in (0, 1, 2)],
    "labels that are no positions": lambda: (
        [
            _indexed(index)
            for index in (
                list(range(40, 0, -1)),
                list(range(40)),
                [0, 0, *range(38)],
                [f"r{n}" for n in range(40)],
                range(1, 41),
                range(0, 80, 2),
                range(39, -1, -1),
                pd.date_range("2024-01-01", periods=40),
            )
        ]
        + [(_readings(60).iloc[20:], 2.5), (_readings(60).iloc[:40], 2.5)]
    ),
    "other types": lambda: [
        _with("level", pd.array(np.arange(40) % 5, dtype=dtype))
        for dtype in ("i4", "i8", "u8", "f4", "Int64", "Float64", "c16", "g", "O", "category", "Sparse[float]")
    ],
    "dates and texts": lambda: [
        _with("station", values)
        for values in (
            pd.date_range("2024-01-01", periods=40),
            pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin"),
            pd.timedelta_range("1h", periods=40),
            pd.period_range("2024-01-01", periods=40),
            pd.array([1, None] * 20, dtype="Int64"),
            pd.array(["a", None] * 20, dtype="string"),
            pd.Categorical(["a", "b"] * 20),
            pd.Series(["a", None] * 20),
        )
    ],
    "nullable truth": lambda: [_with("valid", pd.array([True, False] * 20, dtype="boolean")), _with("valid", 1)],
    "text, None, a huge int in one place": lambda: [
        _spot(column, value) for column in COLUMNS for value in ("1.5", None, True, 10**20, np.float32(2.5), [1, 2])
    ],
    "NaN and infinity": lambda: [_with("level", value) for value in (np.nan, np.inf, -np.inf)],
    "a column twice": lambda: [(pd.concat([_readings(40), _readings(40)[["level"]]], axis=1), 2.5)],
    "columns of several levels": lambda: [(_levels(), 2.5)],
    "a column missing": lambda: (
        [(_readings(40).drop(columns=column), 2.5) for column in COLUMNS]
        + [(_readings(40).drop(columns="station"), 9.5), (_readings(40).drop(columns="valid"), 9.5)]
    ),
    "no DataFrame": lambda: [(Readings(_readings(40)), 2.5), (_readings(40)["level"], 2.5), ([], 2.5)],
}
