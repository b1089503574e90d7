from __future__ import annotations

from hypothesis import strategies as st

SIZES = (1, 20, 500)
SAME = "exact"


def _request(n):
    return {"user": 7, "items": [{"id": at, "name": f"item {at}", "scores": [at / 7, at / 3]} for at in range(n)]}


VARIANTS = {"request": lambda n: (_request(n),)}

_plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=8,
)
ordinary = st.one_of(
    st.dictionaries(st.text(max_size=4), _plain, max_size=4),
    st.fixed_dictionaries({"items": st.lists(st.dictionaries(st.text(max_size=3), _plain, max_size=2), max_size=3)}),
).map(lambda request: (request,))


def _shared():
    item = {"tags": ["a"]}
    return {"items": [item, item], "first": item, "tags": item["tags"]}


HAZARDS = {
    "parts that are shared": lambda: [(_shared(),)],
    "tuples that hold lists": lambda: [({"items": [{"pair": ([1], {"a": [2]})}]},)],
    "keys of several kinds": lambda: [({1: [1], (2, 3): {4}, None: frozenset({5}), 0.5: b"6"},)],
    "NaN and infinity": lambda: [({"scores": [float("nan"), float("inf"), -0.0]},)],
    "large ints and odd text": lambda: [({"id": 10**400, "text": "\ud800 \u0000 €"},)],
    "no request": lambda: [(None,), ([],), (3,), ("text",)],
    "empty": lambda: [({},), ({"items": []},)],
    "the same object twice": lambda: [(_request(3),), (_request(3),)],
}
