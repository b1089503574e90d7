"""The scorer over one packed table: a gather into memory that is kept, a product, and a partition."""

from __future__ import annotations

from .. import core
from ..core import check, topk
from ..core.heads import RowsHead, Scratch
from ..core.models import Array


class Numpy(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.rows = table.rows
        self.dimensions = table.dimensions
        self.head = RowsHead(table)
        self.scratch = Scratch(table)

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.rows))  # before `gather`, which would clip a wrong id
        query = self.head.query(self.embedding(user))
        rows = self.scratch.rows(len(candidates))
        self.gather(candidates, rows)
        return topk.best(candidates, self.head.score(rows, query, self.scratch.head), k)

    def embedding(self, user: int) -> Array:
        return self.rows[user, : self.dimensions]

    def gather(self, ids: topk.Ids, rows: Array) -> None:
        """Copy the rows of `ids`. (With mode="raise" numpy would buffer the copy.)"""
        self.rows.take(ids, axis=0, out=rows, mode="clip")
