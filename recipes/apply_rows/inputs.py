from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (10, 1_000, 10_000)
SAME = "exact"
COLUMNS = ("price", "discount", "weight", "returned")


def _orders(n, seed=0):
    random = np.random.default_rng([n, seed])
    return pd.DataFrame(
        {
            "price": random.uniform(1.0, 100.0, n).round(2),
            "discount": random.choice([0.0, 0.05, 0.2], n),
            "weight": random.uniform(0.1, 20.0, n),
            "returned": random.choice([0.0, 0.0, 0.0, 1.0], n),
        }
    )


def _with_text(n, seed=0):
    orders = _orders(n, seed)
    orders.insert(0, "item", [f"item {number}" for number in range(n)])
    orders.insert(2, "day", pd.date_range("2024-01-01", periods=n))
    return orders


VARIANTS = {
    "numbers": lambda n: (_orders(n), 0.19),
    "with text and dates": lambda n: (_with_text(n), 0.19),
}

_numbers = st.sampled_from([0.0, -0.0, 1.0, -1.5, 2.25, 1e300, float("nan"), float("inf"), 5e-324])
_columns = st.lists(st.tuples(_numbers, _numbers, _numbers, _numbers), max_size=6)
ordinary = st.one_of(
    st.tuples(st.builds(_orders, st.integers(0, 30), st.integers(0, 2**32)), st.floats(0.0, 1.0)),
    st.tuples(st.builds(_with_text, st.integers(1, 30), st.integers(0, 2**32)), st.floats(0.0, 1.0)),
    st.tuples(_columns.map(lambda rows: pd.DataFrame(rows, columns=COLUMNS, dtype=float)), st.floats(0.0, 1.0)),
)


def _changed(**columns):
    return _orders(40).assign(**columns)


def _spot(column, value):
    orders = _orders(40)
    orders[column] = orders[column].astype(object) if not isinstance(value, float) else orders[column]
    orders.loc[17, column] = value
    return orders


def _of_type(dtype):
    for column in COLUMNS:
        for make in (_orders, _with_text):
            orders = make(40)
            orders[column] = (orders[column] * 10.0).round().astype(dtype)
            yield orders, 0.19


def _labelled(index):
    return _orders(40).set_axis(index, axis=0)


def _with_attrs():
    orders = _orders(40)
    orders.attrs["currency"] = "EUR"
    return orders


class Orders(pd.DataFrame):
    """A subclass that names what apply gives."""

    @property
    def _constructor_sliced(self):
        return lambda *args, **kwargs: pd.Series(*args, **kwargs).rename("net")


def _levels():
    orders = _orders(40)
    return orders.set_axis(pd.MultiIndex.from_product([orders.columns, ["eur"]]), axis=1)


HAZARDS = {
    "no rows": lambda: [(_orders(0), 0.19), (_with_text(0), 0.19)],
    "one row": lambda: [(_orders(1), 0.19), (_with_text(1), 0.19)],
    "ints, float32, nullable, complex": lambda: [
        call for dtype in ("i8", "i4", "f4", "Int64", "Float64", "bool", "c16", "g", "O") for call in _of_type(dtype)
    ],
    "another column changes the row": lambda: [
        (_changed(extra=extra), 0.19)
        for extra in (
            1 + 2j,
            np.longdouble(1.5),
            pd.Series([1.5] * 40, dtype="Float64"),
            True,
            None,
            pd.Series(["a"] * 40, dtype="category"),
        )
    ],
    "NaN, infinity, zero": lambda: [
        (_spot(column, value), 0.19)
        for column in COLUMNS
        for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, 5e-324)
    ],
    "NaN beside dates": lambda: [
        (
            _with_text(40).drop(columns="item").assign(price=np.nan, discount=np.nan, weight=np.nan, returned=returned),
            0.19,
        )
        for returned in (np.nan, 0.0, 1.0)
    ],
    "None, text, a huge int among the floats": lambda: [
        (_spot(column, value), 0.19) for column in COLUMNS for value in (None, "1.5", 10**20, True)
    ],
    "division by zero in rows that are not asked": lambda: [
        (_changed(weight=0.0, returned=1.0), 0.19),
        (_changed(weight=0.0), 0.19),
    ],
    "large ints among floats": lambda: [(_changed(price=2**53 + 1), 0.19)],
    "another index": lambda: [
        (_labelled([0] * 40), 0.19),
        (_labelled([f"r{number}" for number in range(40)]), 0.19),
        (_labelled(pd.date_range("2024-01-01", periods=40, freq="D")), 0.19),
        (_orders(80).iloc[::2], 0.19),
    ],
    "a column twice": lambda: [
        (pd.concat([_orders(40), _orders(40)[["price"]]], axis=1), 0.19),
        (pd.concat([_orders(40), _orders(40)[["price"]]], axis=1).assign(returned=1.0), 0.19),
    ],
    "columns of several levels": lambda: [(_levels(), 0.19)],
    "a column missing": lambda: [
        (_orders(40).drop(columns="price"), 0.19),
        (_orders(40).assign(returned=1.0).drop(columns="price"), 0.19),
    ],
    "attrs": lambda: [(_with_attrs(), 0.19)],
    "no DataFrame": lambda: [
        (Orders(_orders(40)), 0.19),
        (_orders(40)["price"], 0.19),
        (_orders(40).to_dict("list"), 0.19),
    ],
    "a rate that is no float": lambda: [
        (_orders(40), rate) for rate in (1, True, None, "x", 1 + 2j, np.float32(0.1), np.ones(40), 10**400)
    ],
}
