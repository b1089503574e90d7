import numpy as np
import pandas as pd

_random = np.random.default_rng(1)
PRODUCTS = pd.DataFrame(
    {
        "product": _random.permutation(20_000),
        "price": _random.uniform(1.0, 100.0, 20_000),
        "stock": _random.integers(0, 500, 20_000),
        "name": [f"product {number}" for number in range(20_000)],
    }
)


_products_index = pd.Index(PRODUCTS["product"])
_products_columns = {name: PRODUCTS[name].array for name in PRODUCTS.columns if name != "product"}


def _with_products(frame):
    """`frame.merge(PRODUCTS, on="product", how="left")`, by an index that is made once."""
    if (
        type(frame) is pd.DataFrame
        and frame.columns.is_unique
        and {"product"} <= set(frame.columns)
        and _products_columns.keys().isdisjoint(frame.columns)
        and frame.columns.name is None
        and frame.columns.dtype == PRODUCTS.columns.dtype
        and {"product"}.isdisjoint(frame.index.names)
        and frame["product"].dtype == _products_index.dtype
        and _products_index.is_unique
        and not frame.attrs
        and len(frame) > 0
    ):
        places = _products_index.get_indexer(frame["product"])
        if (places >= 0).all():
            found = frame.set_axis(pd.RangeIndex(len(frame)), axis=0)
            for name, column in _products_columns.items():
                found[name] = column.take(places)
            return found
    return frame.merge(PRODUCTS, on="product", how="left")


def priced(basket):
    return _with_products(basket)
