from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SIZES = (5, 200, 5_000)
SAME = "exact"


def _values(n):
    return np.random.default_rng(n).standard_normal(n)


VARIANTS = {"array": lambda n: (_values(n),)}

ordinary = st.one_of(
    arrays.arrays("f8", st.integers(0, 30), elements=st.floats(allow_nan=True)),
    arrays.arrays(st.sampled_from(["f4", "i8", "?"]), st.integers(0, 9), elements=st.integers(0, 1)),
    st.lists(st.one_of(st.floats(), st.integers()), max_size=6),
    st.floats(),
).map(lambda values: (values,))


def _changed(value):
    values = _values(50)
    values[20] = value
    return values


HAZARDS = {
    "ints first": lambda: [(np.array([-1, 0, 2]),), (np.array([2**62, 2**62]),), ([-1.0, 0.5],), ([2, 0.5],)],
    "other numbers": lambda: [
        (_values(50).astype("f4"),),
        (np.array([100, 200, 250], "u1"),),
        (np.array([100, -100], "i1"),),
        (_values(50) > 0,),
        (_values(50).astype("c16"),),
        (_values(50).astype("g"),),
        (np.array([Decimal("0.5"), 1]),),
        (np.array([0.5, None], dtype=object),),
        (np.array(["a", "b"]),),
    ],
    "empty": lambda: [(np.array([]),), ([],), (np.zeros((0, 2)),)],
    "no dimension": lambda: [(np.array(0.5),), (0.5,), (np.float64(-0.5),)],
    "two dimensions": lambda: [(_values(6).reshape(3, 2),), (np.asfortranarray(_values(6).reshape(3, 2)),)],
    "no array": lambda: [
        (_values(50).tolist(),),
        (tuple(_values(5)),),
        (np.ma.masked_less(_values(50), 0.0),),
        (np.matrix(_values(50)),),
        (None,),
    ],
    "NaN and infinity": lambda: [(_changed(value),) for value in (np.nan, np.inf, -np.inf, -0.0, 5e-324)],
    "overflow": lambda: [(_changed(1.7e308),), (np.full(9, -1.7e308),)],
    "views": lambda: [(_values(400)[::-2],), (_values(20).astype(">f8"),)],
}
