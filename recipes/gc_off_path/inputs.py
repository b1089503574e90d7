from __future__ import annotations

from hypothesis import strategies as st

SIZES = (1_000, 20_000, 200_000)
SAME = "exact"


def _catalogue(n):
    """What a service holds after its start: n container objects."""
    return [{"id": at, "tags": [str(at)]} for at in range(n // 2)]


VARIANTS = {"objects": lambda n: (_catalogue(n), 20)}

ordinary = st.tuples(st.integers(0, 20).map(_catalogue), st.just(1))

HAZARDS = {
    "nothing loaded": lambda: [([], 2)],
    "no requests": lambda: [(_catalogue(10), 0)],
    "twice": lambda: [(_catalogue(100), 2), (_catalogue(100), 2)],
}
