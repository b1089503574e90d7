"""The scorer over one packed table: for each block of candidates a gather and a product into memory of the thread."""

from __future__ import annotations

import numpy as np

from .. import core
from ..core import check, topk
from ..core.heads import BLOCK, BlockHead, Scratch
from ..core.models import Array


class Numpy(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.rows = table.rows
        self.dimensions = table.dimensions
        self.head = BlockHead(table)
        self.scratch = Scratch(table)

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.rows))  # before `gather`, which would clip a wrong id
        query = self.head.query(self.embedding(user))
        scores = np.empty(len(candidates), dtype=np.float32)
        for first in range(0, len(candidates), BLOCK):
            part = candidates[first : first + BLOCK]
            block = self.scratch.rows[: len(part)]
            self.gather(part, block)
            self.head.score(block, query, self.scratch.head, out=scores[first : first + BLOCK])
        return topk.best(candidates, scores, k)

    def embedding(self, user: int) -> Array:
        return self.rows[user, : self.dimensions]

    def gather(self, ids: topk.Ids, block: Array) -> None:
        """Copy the rows `ids` into `block`. (With mode="raise" numpy would buffer the copy.)"""
        self.rows.take(ids, axis=0, out=block, mode="clip")
