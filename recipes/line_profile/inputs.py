from __future__ import annotations

from hypothesis import strategies as st

SIZES = (1, 50, 2_000)
SAME = "exact"


def _rows(n):
    return [[at / 7 + k for k in range(64)] for at in range(n)]


VARIANTS = {"rows": lambda n: (_rows(n),)}

ordinary = st.lists(st.lists(st.floats(), max_size=5), max_size=5).map(lambda rows: (rows,))

HAZARDS = {
    "empty": lambda: [([],), ([[]],)],
    "what the work raises": lambda: [([[1.0, "a"]],), (None,)],
    "long enough to be sampled": lambda: [(_rows(5_000),)],
}
