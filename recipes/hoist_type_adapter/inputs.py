from __future__ import annotations

import json

from hypothesis import strategies as st

SIZES = (1, 20, 200)
SAME = "exact"


def _body(n):
    return json.dumps([{"id": at, "score": at / 7} for at in range(n)]).encode()


VARIANTS = {"body": lambda n: (_body(n),)}

_field = st.one_of(st.integers(), st.floats(), st.none(), st.booleans(), st.just("3"))
ordinary = st.one_of(
    st.lists(st.fixed_dictionaries({"id": st.integers(), "score": st.floats()}), max_size=5),
    st.lists(st.dictionaries(st.sampled_from(["id", "score", "other"]), _field), max_size=3),
).map(lambda items: (json.dumps(items).encode(),))

HAZARDS = {
    "invalid": lambda: [(b"",), (b"{}",), (b"[{}]",), (b'[{"id": 1.5, "score": null}]',), (b"[1, 2",), (b"\xff",)],
    "no bytes": lambda: [('[{"id": 1, "score": 2}]',), (None,), ([],)],
    "what is coerced": lambda: [(b'[{"id": "7", "score": "1e3"}]',), (b'[{"id": true, "score": 1}]',)],
    "empty": lambda: [(b"[]",)],
    "the same call twice": lambda: [(_body(3),), (_body(3),)],
    "huge": lambda: [(b'[{"id": 100000000000000000000, "score": 1e999}]',)],
}
