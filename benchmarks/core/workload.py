"""Requests to time: each for one user and candidates of its own, so that memory is read and not the cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FOOTPRINT_BYTES = 512 << 20
"""Of the rows that the requests read before they repeat: many times a last-level cache."""
SIZES = (100, 1_000, 2_400, 10_000)
"""Candidates of a request; 2,400 is a matching service at its peak, with over 5,000 requests a second."""


class Request(NamedTuple):
    """In both shapes in which ids come."""

    user: int
    ids: NDArray[np.int64]
    numbers: list[int]
    """The same ids."""


def requests(members: int, candidates: int, *, row_bytes: int = 384, seed: int = 1) -> list[Request]:
    """As many as together read FOOTPRINT_BYTES, or a small table a few times; drawn from all members."""
    random = np.random.default_rng(seed)
    count = max(8, min(FOOTPRINT_BYTES, 4 * members * row_bytes) // (candidates * row_bytes))
    drawn = [random.integers(members, size=candidates) for _ in range(count)]
    return [Request(int(user), ids, ids.tolist()) for user, ids in zip(random.integers(members, size=count), drawn)]
