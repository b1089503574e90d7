from __future__ import annotations

import json

from hypothesis import strategies as st

SIZES = (1, 20, 500)
SAME = "exact"


def _body(n):
    return json.dumps([{"id": at, "score": at / 7, "tags": ["new", "sale"]} for at in range(n)]).encode()


VARIANTS = {"body": lambda n: (_body(n),)}

# What the decisions allow: bodies that are valid.
_item = st.fixed_dictionaries(
    {"id": st.integers(-(2**70), 2**70), "score": st.floats(allow_nan=False, allow_infinity=False)},
    optional={"tags": st.lists(st.text(max_size=3), max_size=2), "other": st.none()},
)
ordinary = st.lists(_item, max_size=5).map(lambda items: (json.dumps(items).encode(),))

HAZARDS = {
    "what is coerced": lambda: [
        (b'[{"id": "7", "score": "1e3"}]',),
        (b'[{"id": true, "score": 1}]',),
        (b'[{"id": 3.0, "score": false}]',),
    ],
    "fields that are missing or unknown": lambda: [(b'[{"id": 1, "score": 2, "other": [null]}]',)],
    "one key twice": lambda: [
        (b'[{"id": 1, "id": 2, "score": 0.5}]',),
        (b'[{"id": 1, "score": 1}, {"id": 1, "score": 2}]',),
    ],
    "text": lambda: [('[{"id": 1, "score": 2, "tags": ["\\u20ac", "ä"]}]',)],
    "large": lambda: [(b'[{"id": 100000000000000000000, "score": 1e300}]',)],
    "long fractions": lambda: [(b'[{"id": 1, "score": 0.1000000000000000055511151231257827}]',)],
    "empty": lambda: [(b"[]",), (b" [ ] ",)],
}
