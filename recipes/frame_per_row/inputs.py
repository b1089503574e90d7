from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

SIZES = (5, 20, 200)
SAME = "sum"


def _order(n, seed=0):
    values = np.random.default_rng([n, seed]).standard_normal(n).tolist()
    names = [f"feature {number}" for number in range(n)]
    return {"id": 7, **dict(zip(names, values, strict=True))}, names


VARIANTS = {"features": _order}


def terms(order, features):
    return len(features), 4.0 * sum(abs(float(order[name])) for name in features)


_number = st.one_of(st.floats(-1e6, 1e6), st.integers(-(10**6), 10**6))
ordinary = st.dictionaries(st.text(max_size=3), _number, min_size=1, max_size=9).flatmap(
    lambda order: st.tuples(st.just(order), st.permutations(list(order)))
)


def _with(value):
    order, names = _order(9)
    order["feature 4"] = value
    return order, names


HAZARDS = {
    "ints, bools, scalars of numpy": lambda: [
        _with(value) for value in (3, 0, True, np.float64(1.5), np.int64(-2), 2**53)
    ],
    "NaN": lambda: [_with(float("nan"))],
    "names in another order, a part of them": lambda: [
        (_order(9)[0], _order(9)[1][::-1]),
        (_order(9)[0], _order(9)[1][2:5]),
        (_order(9)[0], ["feature 1"]),
    ],
    "all ints": lambda: [({"a": 1, "b": 2}, ["b", "a"])],
}
