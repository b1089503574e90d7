"""The scorer in compiled code: gather, dot product and selection in one pass, without the GIL."""

from __future__ import annotations

import numpy as np

from .. import core
from ..core import check, kernels
from ..core.models import Array, Linear


class Native(core.Scorer):
    """Compiled when it is made, in some seconds. Raises ValueError of an MLP head without just two hidden layers."""

    def __init__(self, table: core.Table) -> None:
        self.rows, self.dimensions = table.rows, table.dimensions
        self.rest = np.zeros(table.rows.shape[1], dtype=np.float32)
        self.layers: tuple[Array, ...] = ()
        if isinstance(table.head, Linear):
            self.rest[table.dimensions : table.dimensions + table.feature_count] = table.head.weights
        elif len(table.head.layers) == 3:
            self.layers = tuple(np.ascontiguousarray(part) for layer in table.head.layers for part in layer)
        else:
            raise ValueError(f"the head has {len(table.head.layers)} layers, not 3")
        self.score(0, [0])

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        if k < 1:
            raise ValueError(f"k: at least 1, not {k}")
        candidates = check.whole_numbers(user, ids)  # the kernels look whether they are in the table
        best_ids, scores = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.float32)
        found = -1
        if 0 <= user < len(self.rows):
            query = self.rest.copy()
            query[: self.dimensions] = self.rows[user, : self.dimensions]
            if self.layers:
                found = kernels.best_mlp(self.rows, candidates, query, self.dimensions, self.layers, best_ids, scores)
            else:
                found = kernels.best_linear(self.rows, candidates, query, best_ids, scores)
        if found < 0:
            raise core.UnknownMember("a user or candidate is not in the table")
        return core.Answer(best_ids[:found], scores[:found])
