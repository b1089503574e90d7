from __future__ import annotations

from hypothesis import strategies as st

SIZES = (10_000, 100_000, 500_000)
SAME = "exact"


def _catalogue(n):
    """What a service holds after its start: n container objects."""
    return [{"id": at, "tags": [str(at)]} for at in range(n // 2)]


VARIANTS = {"objects": lambda n: (_catalogue(n), 1_500)}

ordinary = st.tuples(st.integers(0, 20).map(_catalogue), st.integers(0, 2))

HAZARDS = {
    "nothing loaded": lambda: [([], 2)],
    "no requests": lambda: [(_catalogue(10), 0)],
    "twice": lambda: [(_catalogue(100), 2), (_catalogue(100), 2)],
}
