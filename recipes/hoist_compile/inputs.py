from __future__ import annotations

import random

from hypothesis import strategies as st

SIZES = (20, 200, 1_000)
SAME = "exact"


def _header(n):
    drawn = random.Random(n)  # noqa: S311 (an example)
    return "Bearer " + "".join(drawn.choice("abcdefghijklmnopqrstuvwxyzABCDEF0123456789.-_") for _ in range(n - 7))


VARIANTS = {"header": lambda n: (_header(n),)}

ordinary = st.one_of(
    st.text(max_size=40),
    st.builds("{}{}{}".format, st.sampled_from(["Bearer", "TOKEN", "toKen"]), st.text(" \t\n", max_size=3), st.text()),
    st.none(),
    st.binary(max_size=4),
).map(lambda header: (header,))

HAZARDS = {
    "empty": lambda: [("",), ("Bearer",), ("Bearer ",)],
    "no text": lambda: [(None,), (b"Bearer a",), (3,), (["Bearer a"],)],
    "letters of other alphabets": lambda: [("TO\u212aEN a",), ("token\u2003\u00e9",), ("bearer\x1ca",)],
    "the same call twice": lambda: [(_header(50),), (_header(50),)],
    "long": lambda: [(_header(20_000),), ("Token" + " " * 20_000,)],
}
