from __future__ import annotations

from hypothesis import strategies as st

SIZES = (1, 20, 500)
SAME = "exact"


def _content(n):
    return {
        "user": 7,
        "items": [{"id": at, "title": f"Titel {at} ä", "score": at / 7, "new": at % 3 == 0} for at in range(n)],
    }


VARIANTS = {"response": lambda n: (_content(n),)}

# What the decisions allow: ints of 64 bits, floats that both write alike, keys that are text.
_float = st.floats(1e-4, 1e15) | st.floats(-1e15, -1e-4) | st.sampled_from([0.0, -0.0])
_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
_plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), _float, _text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_text, inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=8,
)
ordinary = _plain.map(lambda content: (content,))

HAZARDS = {
    "text that is escaped": lambda: [('"\\/\b\f\n\r\t\u0000\u001f\u007f',), ("\u2028\u2029",), ({'"': "\\"},)],
    "text beyond ASCII": lambda: [("Größe €",), ("😀",), ({"ключ": ["値"]},)],
    "ints of 64 bits": lambda: [(2**64 - 1,), (-(2**63),), (2**53 + 1,)],
    "floats": lambda: [(0.1,), (1 / 3,), (-0.0,), (123456789012345.6,), (1.0,), (1e-4,)],
    "tuples": lambda: [((1, 2),), ({"pair": (1, [2])},)],
    "empty": lambda: [({},), ([],), ("",), ((),)],
    "deep": lambda: [([[[[[[[[[[{"a": [[]]}]]]]]]]]]],)],
    "shared parts": lambda: [([[1]] * 3,)],
}
