from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SIZES = (10, 200, 5_000)
SAME = "exact"
PRODUCTS = 20_000


def _basket(n, seed=0, most=PRODUCTS):
    random = np.random.default_rng([n, seed])
    return pd.DataFrame({"product": random.integers(0, most, n), "count": random.integers(1, 9, n)})


VARIANTS = {"all there": lambda n: (_basket(n),)}

ordinary = st.one_of(
    st.tuples(st.builds(_basket, st.integers(0, 60), st.integers(0, 2**32))),
    st.tuples(st.builds(_basket, st.integers(0, 60), st.integers(0, 2**32), st.just(30_000))),
)


def _of(values):
    return (_basket(40).assign(product=values),)


def _named(basket, source):
    basket.attrs["source"] = source
    return basket


class Basket(pd.DataFrame):
    """A subclass that merges otherwise."""

    def merge(self, right, **options):
        return pd.DataFrame(self).merge(right, **options).iloc[::-1]


HAZARDS = {
    "no rows, one row": lambda: [(_basket(0),), (_basket(1),)],
    "a key that is not in the table": lambda: [
        (_basket(40, most=90_000),),
        _of([*range(39), 20_000]),
        _of([*range(39), -1]),
        _of([-1] * 40),
    ],
    "the same key twice": lambda: [_of(7), _of([3, 3, 4, 4] * 10)],
    "keys of another type": lambda: (
        [_of(pd.array(range(40), dtype=dtype)) for dtype in ("i4", "u8", "f8", "f4", "Int64", "O", "category")]
        + [_of([f"{n}" for n in range(40)]), _of([*range(39), np.nan]), _of([*range(39), None]), _of([True] * 40)]
    ),
    "columns of the table": lambda: [
        (_basket(40).assign(price=1.0),),
        (_basket(40).assign(name="x", stock=2),),
    ],
    "a column twice": lambda: [
        (pd.concat([_basket(40), _basket(40)[["product"]]], axis=1),),
        (pd.concat([_basket(40), _basket(40)[["count"]]], axis=1),),
    ],
    "a column missing": lambda: [
        (_basket(40).drop(columns="product"),),
        (_basket(40).set_index("product"),),
        (_basket(40).rename_axis("product"),),
    ],
    "columns that are no texts": lambda: [
        (_basket(40).set_axis(pd.Index(["product", 5], dtype=object), axis=1),),
        (_basket(40).set_axis(pd.Index(["product", "count"], dtype=object), axis=1),),
        (_basket(40).rename_axis(columns="what"),),
    ],
    "columns of several levels": lambda: [
        (_basket(40).set_axis(pd.MultiIndex.from_product([["product", "count"], ["x"]]), axis=1),)
    ],
    "another index": lambda: [
        (_basket(40).set_axis(index, axis=0),)
        for index in ([0] * 40, [f"r{n}" for n in range(40)], pd.date_range("2024-01-01", periods=40))
    ],
    "attrs": lambda: [(_named(_basket(40), "web"),)],
    "no DataFrame": lambda: [(Basket(_basket(40)),), (_basket(40)["product"],), ({},)],
}
