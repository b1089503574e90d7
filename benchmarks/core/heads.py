"""The head over a block of packed rows, in numpy and without allocating."""

from __future__ import annotations

import threading

import numpy as np

from .models import Array, Buffers, Linear
from .tables import Table

BLOCK = 1024
"""Rows that are gathered and scored at a time: 384 KB of D = 64, which stay in the second-level cache in between."""


class Scratch(threading.local):
    """The buffers of one thread, which every thread that scores gets when it first does."""

    def __init__(self, table: Table, block: int = BLOCK) -> None:
        self.rows = np.zeros((block, table.rows.shape[1]), dtype=np.float32)
        self.features = np.empty((block, table.feature_count), dtype=np.float32)
        self.head = None if isinstance(table.head, Linear) else Buffers(table.head, block)
        self.tower = Buffers(table.tower, block)


class BlockHead:
    """Scores blocks of candidates against one query at a time."""

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

    def score(self, block: Array, query: Array, head: Buffers | None, out: Array) -> None:
        """The scores of the rows in `block`, scratch that may be written to, into `out`."""
        np.dot(block, query, out=out)
        if head is not None:
            # The dot product goes where an embedding ends: with the features behind it, it is the MLP's input.
            block[:, self.dimensions - 1] = out
            out[:] = head.run(block[:, self.dimensions - 1 : self.used])[:, 0]
