"""The scorer over one contiguous table: a gather, a matrix-vector product and a partition for each request."""

from __future__ import annotations

import numpy as np

from . import TOP, UnknownMember
from .tables import Table

CACHE_LINE = 16
"""float32 values in the 64 bytes that memory is read by: a row begins on a line of its own."""


class Numpy:
    def __init__(self, table: Table) -> None:
        members, self.dimensions = table.embeddings.shape
        used = self.dimensions + len(table.weights)
        width = -(-used // CACHE_LINE) * CACHE_LINE
        self.rows = np.zeros((members, width), dtype=np.float32)
        self.rows[:, : self.dimensions] = table.embeddings
        self.rows[:, self.dimensions : used] = table.features
        self.head = np.zeros(width, dtype=np.float32)
        self.head[self.dimensions : used] = table.weights

    def score(self, user: int, candidates: list[int]) -> list[tuple[int, float]]:
        try:
            ids = np.array(candidates, dtype=np.int64)
        except OverflowError as unknown:
            raise UnknownMember from unknown
        if not 0 <= user < len(self.rows) or ids.min() < 0 or ids.max() >= len(self.rows):
            raise UnknownMember
        query = self.head.copy()
        query[: self.dimensions] = self.rows[user, : self.dimensions]
        scores = self.rows.take(ids, axis=0) @ query
        if len(scores) > TOP:
            # All that reach the 20th best score: a tie at the cut is decided by id, as in the sort below.
            best = np.flatnonzero(scores >= np.partition(scores, -TOP)[-TOP])
            ids, scores = ids[best], scores[best]
        order = np.lexsort((ids, -scores))[:TOP]
        return list(zip(ids[order].tolist(), scores[order].tolist()))
