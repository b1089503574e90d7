from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

SIZES = (5, 200, 5_000)
SAME = "exact"


def _events(n):
    return [{"ms": value} for value in np.random.default_rng(n).random(n).tolist()]


VARIANTS = {"floats": lambda n: (_events(n), None)}

_items = st.one_of(
    st.floats(),
    st.floats(width=32).map(np.float32),
    st.floats().map(np.float64),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
)
ordinary = st.one_of(
    st.tuples(st.lists(st.fixed_dictionaries({"ms": st.floats()}), max_size=30), st.none()),
    st.tuples(st.lists(st.fixed_dictionaries({"ms": _items}), max_size=8), st.none()),
)


def _changed(*values, at=100):
    """Full-size calls with one value in the middle changed."""
    calls = []
    for value in values:
        events = _events(200)
        events[at] = {"ms": value}
        calls.append((events, None))
    return calls


def _alternating(*values):
    return [([{"ms": value} for value in [0.5, *values, 0.25, *reversed(values), 0.125]], None)]


HAZARDS = {
    "ints and bools": lambda: [*_changed(3, 2**53 + 1, 2**63, 10**20, True), ([{"ms": 3}], None)],
    "None and text": lambda: _changed(None, "1.5", b"1"),
    "complex": lambda: [*_changed(1j, np.complex64(1j)), *_alternating(1j, None)],
    "other float types": lambda: _changed(np.float32(0.1), np.float64(0.1), np.float16(0.1), np.longdouble("0.1")),
    "decimals and dates": lambda: _changed(Decimal("0.1"), np.datetime64("2024-01-01"), np.timedelta64(3, "s")),
    "items with dimensions": lambda: _changed([1, 2], [[1.0, 2.0], [3.0, 4.0]], np.eye(2), np.array(7), [], {}),
    "ragged items": lambda: _changed([1.0, [2.0, 3.0]]),
    "kinds that alternate": lambda: [*_alternating("x", None), *_alternating(1, "y" * 40), *_alternating(10**20, 1j)],
    "empty": lambda: [([], None), ([{"ms": None}], None)],
    "nothing kept": lambda: [([{"ms": None}, {"ms": None}], None)],
    "NaN and infinity": lambda: _changed(float("nan"), float("inf"), -0.0),
    "a missing field": lambda: [([{"ms": 1.0}, {}], None)],
}
