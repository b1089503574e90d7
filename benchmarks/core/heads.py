"""The head over gathered rows, in numpy and without allocating."""

from __future__ import annotations

import threading

import numpy as np

from .models import Array, Buffers, Linear
from .tables import Table


class Scratch(threading.local):
    """Memory of one thread, made when it first scores and kept: as many rows as its largest request had."""

    def __init__(self, table: Table) -> None:
        self._rows = np.empty((0, table.rows.shape[1]), dtype=np.float32)
        self.tower = Buffers(table.tower)
        self.head = None if isinstance(table.head, Linear) else Buffers(table.head)

    def rows(self, count: int) -> Array:
        """(count, width), with whatever the last request left there."""
        if len(self._rows) < count:
            self._rows = np.zeros((count, self._rows.shape[1]), dtype=np.float32)
        return self._rows[:count]


class RowsHead:
    """Scores rows of candidates against one query."""

    def __init__(self, table: Table) -> None:
        self.dimensions, self.used = table.dimensions, table.dimensions + table.feature_count
        self.rest = np.zeros(table.rows.shape[1], dtype=np.float32)
        if isinstance(table.head, Linear):
            self.rest[self.dimensions : self.used] = table.head.weights

    def query(self, embedding: Array) -> Array:
        """What a candidate's row is multiplied by: the user's embedding, and behind it a linear head's weights."""
        query = self.rest.copy()
        query[: self.dimensions] = embedding
        return query

    def score(self, rows: Array, query: Array, mlp: Buffers | None) -> Array:
        """The score of each of the rows, which are scratch and may be written to; (rows,)."""
        scores: Array = np.dot(rows, query)
        if mlp is not None:
            # The dot product goes where an embedding ends: with the features behind it, it is the MLP's input.
            rows[:, self.dimensions - 1] = scores
            mlp.run(rows[:, self.dimensions - 1 : self.used], out=scores[:, None])
        return scores
