from __future__ import annotations

import random

import numpy as np
from hypothesis import strategies as st

from perftools.rewrite.recipe import Stream

SIZES = (10, 100, 1_000)
SAME = "exact"


def _parts(n):
    drawn = random.Random(n)  # noqa: S311 (an example)
    return [[drawn.random() for _ in range(drawn.randrange(10))] for _ in range(n)]


VARIANTS = {"lists": lambda n: (_parts(n),)}

_part = st.one_of(st.lists(st.integers(), max_size=3), st.lists(st.lists(st.floats(), max_size=1), max_size=2))
ordinary = st.one_of(
    st.lists(_part, max_size=6),
    st.lists(_part, min_size=48, max_size=60),
    st.lists(st.one_of(_part, st.tuples(st.integers()), st.text(max_size=2), st.none()), max_size=5),
    st.integers(40, 60).map(_parts),
).map(lambda parts: (parts,))


class _Tags(list):
    def __radd__(self, other):
        return ["tags", *other]


def _changed(value, n=100):
    parts = _parts(n)
    parts[n // 2] = value
    return parts


def _one_list():
    part = [[1.0]]
    return [part] * 100


HAZARDS = {
    "parts that are no list": lambda: [
        (_changed((1, 2)),),
        (_changed("text"),),
        (_changed(None),),
        (_changed({"a": 1}),),
        (_changed(np.ones(3)),),
        (_changed(3),),
    ],
    "a subclass of list": lambda: [(_changed(_Tags([1])),), (_Tags(_parts(100)),)],
    "an iterator": lambda: [(Stream(_parts(100)),), (Stream(_changed(None)),)],
    "other containers": lambda: [
        (tuple(_parts(100)),),
        ({at: [] for at in range(100)},),
        (np.ones((100, 2)),),
        (None,),
        ("text" * 30,),
    ],
    "shared parts": lambda: [(_one_list(),)],
    "empty": lambda: [([],), ([[]] * 100,), ([[1]],)],
}
