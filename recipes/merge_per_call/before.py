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


def priced(basket):
    return basket.merge(PRODUCTS, on="product", how="left")
