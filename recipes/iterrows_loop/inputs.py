from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (3, 100, 10_000)
SAME = "exact"
COLUMNS = ("price", "quantity", "discount")


def _orders(n, seed=0):
    random = np.random.default_rng([n, seed])
    return pd.DataFrame(
        {
            "price": random.uniform(1.0, 100.0, n).round(2),
            "quantity": random.integers(0, 9, n),
            "discount": random.choice([0.0, 0.05, 0.2], n),
        }
    )


def _with_text(n, seed=0):
    orders = _orders(n, seed)
    orders.insert(0, "item", [f"item {number}" for number in range(n)])
    return orders


VARIANTS = {"numbers": lambda n: (_orders(n),), "with text": lambda n: (_with_text(n),)}

_numbers = st.sampled_from([0.0, -0.0, 1.0, -1.5, 2.25, 1e300, float("nan"), float("inf"), 5e-324])
_rows = st.lists(st.tuples(_numbers, _numbers, _numbers), max_size=40)
ordinary = st.one_of(
    st.tuples(st.builds(_orders, st.integers(0, 60), st.integers(0, 2**32))),
    st.tuples(st.builds(_with_text, st.integers(0, 60), st.integers(0, 2**32))),
    st.tuples(_rows.map(lambda rows: pd.DataFrame(rows, columns=COLUMNS, dtype=float))),
    st.tuples(st.lists(st.tuples(*[st.integers(-(2**40), 2**40)] * 3), max_size=40).map(
        lambda rows: pd.DataFrame(rows, columns=COLUMNS)
    )),
)  # fmt: skip


def _of_type(dtype):
    for column in COLUMNS:
        for make in (_orders, _with_text):
            orders = make(40)
            orders[column] = pd.array(
                (orders[column] > 5) if dtype == "boolean" else orders[column].round(), dtype=dtype
            )
            yield (orders,)


def _spot(column, value, make=_orders):
    orders = make(40)
    orders[column] = orders[column].astype(float if isinstance(value, float) else object)
    orders.loc[17, column] = value
    return (orders,)


class Orders(pd.DataFrame):
    """A subclass whose rows are numbered anew."""

    def iterrows(self):
        return enumerate(row for _, row in super().iterrows())


def _levels():
    orders = _orders(40)
    return orders.set_axis(pd.MultiIndex.from_product([orders.columns, ["eur"]]), axis=1)


def _dates(n):
    days = pd.date_range("2024-01-01", periods=n)
    return pd.DataFrame({"price": days, "quantity": days - days[0], "discount": 0.5}), pd.DataFrame(
        {"price": days, "quantity": days, "discount": days}
    )


def _inferred():
    """Rows that hold nothing but text and missing values, or dates and missing values."""
    day = pd.Timestamp(2024, 1, 1)
    rows = [(None, "x", "y"), ("x", "y", None), (None, day, day), (day, None, day)]
    return [(pd.DataFrame([row] * 40, columns=COLUMNS, dtype=object),) for row in rows]


HAZARDS = {
    "no rows": lambda: [(_orders(0),), (_with_text(0),)],
    "one row": lambda: [(_orders(1),), (_with_text(1),)],
    "ints become floats": lambda: [
        (_orders(40).assign(quantity=2**53 + 1),),
        (_with_text(40).assign(quantity=2**53 + 1),),
    ],
    "all ints": lambda: [
        (_orders(40).astype("int64"),),
        (_orders(40).assign(price=2**40, discount=2**40).astype("int64"),),
    ],
    "other types": lambda: [
        call
        for dtype in (
            "i4",
            "u8",
            "f4",
            "Int64",
            "Float64",
            "boolean",
            "bool",
            "c16",
            "g",
            "O",
            "category",
            "string",
            "Sparse[float]",
        )
        for call in _of_type(dtype)
    ],
    "all of one other type": lambda: [
        (_orders(40).round().astype("int64").astype(dtype),)
        for dtype in ("f4", "Int64", "Float64", "bool", "c16", "g", "O", "M8[s]", "m8[s]")
    ],
    "text, None, bool, a huge int in one place": lambda: [
        _spot(column, value, make)
        for column in COLUMNS
        for value in ("1.5", None, True, 10**20, np.float32(1.5), np.nan, np.inf)
        for make in (_orders, _with_text)
    ],
    "dates": lambda: [(frame,) for frame in _dates(40)],
    "dates and categories beside ints": lambda: [
        (_with_text(40).assign(price=column),)
        for column in (
            pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin"),
            pd.period_range("2024-01-01", periods=40),
            pd.timedelta_range("1h", periods=40),
            pd.Categorical(["a", "b"] * 20),
            pd.Categorical([1, 2] * 20),
        )
    ],
    "rows whose type pandas infers": _inferred,
    "zeros and infinities": lambda: [
        (_orders(40).assign(price=np.inf, discount=0.0),),
        (_orders(40).assign(price=1e308, quantity=1e10),),
    ],
    "another index": lambda: [
        (_orders(40).set_axis(index, axis=0),)
        for index in ([0] * 40, [f"r{n}" for n in range(40)], pd.date_range("2024-01-01", periods=40))
    ],
    "a column twice": lambda: [(pd.concat([_orders(40), _orders(40)[["price"]]], axis=1),)],
    "columns of several levels": lambda: [(_levels(),)],
    "a column missing": lambda: (
        [(_orders(40).drop(columns=column),) for column in COLUMNS]
        + [(_orders(40).assign(quantity=0).drop(columns="price"),)]
    ),
    "no DataFrame": lambda: [(Orders(_orders(40).set_axis(range(10, 50), axis=0)),), (_orders(40)["price"],), ([],)],
}
