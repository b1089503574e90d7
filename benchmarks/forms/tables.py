"""The seeded tables that every form of the service is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class Table(NamedTuple):
    """A member's id is its row. The score of (user, candidate) is the cosine of their embeddings plus a linear head."""

    embeddings: NDArray[float32]
    """(members, dimensions), rows of length 1."""
    features: NDArray[float32]
    """(members, features): what the head sees of a candidate."""
    weights: NDArray[float32]
    """(features,): the head."""


def make(members: int, dimensions: int, features: int, seed: int) -> Table:
    """The same table for the same arguments, on every machine."""
    import numpy as np

    random = np.random.default_rng(seed)
    embeddings = random.standard_normal((members, dimensions), dtype=np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    head = random.standard_normal((members, features), dtype=np.float32)
    weights = random.standard_normal(features, dtype=np.float32) / np.float32(10)
    return Table(embeddings, head, weights)
