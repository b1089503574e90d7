from __future__ import annotations

import math
import random
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (3, 30, 300)
SAME = "sum"


def _values(n):
    drawn = random.Random(n)  # noqa: S311 (an example)
    return [drawn.uniform(-1.0, 1.0) for _ in range(n)]


VARIANTS = {"list": lambda n: (_values(n),)}


def terms(values):
    total = math.fsum(abs(float(value)) for value in values)
    return len(values), total / len(values) if math.isfinite(total) else 0.0


ordinary = st.one_of(
    st.lists(st.floats(), max_size=8),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=120),
    st.lists(st.one_of(st.floats(), st.integers(), st.booleans()), max_size=4),
    st.tuples(st.floats(), st.floats()),
).map(lambda values: (values,))


def _changed(value, n=50):
    values = _values(n)
    values[n // 2] = value
    return values


class _Values(list):
    def __iter__(self):
        return iter([1.0, 2.0])


HAZARDS = {
    "ints": lambda: [([1, 2, 4],), (_changed(3),), (_changed(2**63),), (_changed(10**20),), (_changed(10**400),)],
    "other kinds": lambda: [
        (_changed(None),),
        (_changed("1.5"),),
        (_changed(True),),
        (_changed(np.float32(0.1)),),
        (_changed(Decimal("0.1")),),
        (_changed(1j),),
        ([np.float32(0.1)] * 9,),
        ([True, True],),
    ],
    "rows": lambda: [([[1.0, 2.0], [3.0, 4.0]],), ([[1.0], [2.0, 3.0]],), ([(1.0, 2.0)],), ([np.ones(2)],)],
    "empty": lambda: [([],), ((),), (np.array([]),)],
    "arrays": lambda: [(np.arange(9.0),), (np.eye(3),), (np.ones(3, "f4"),), (np.array(2.0),)],
    "other containers": lambda: [((0.1, 0.2),), (3.5,), ({1.0, 2.0},), (Stream([1.0, 2.0]),), (_Values([5.0] * 3),)],
    "NaN and infinity": lambda: [(_changed(value),) for value in (math.nan, math.inf, -math.inf, -0.0)],
    "infinity less infinity": lambda: [([math.inf, -math.inf],)],
    "overflow": lambda: [([1e308] * 10,), ([1e308, 1e308, -1e308],)],
    "cancellation": lambda: [([1e16, 1.0, -1e16] * 10,)],
    "long": lambda: [(_values(96),), (_values(97),), (_values(5000),)],
}
