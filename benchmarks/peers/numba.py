"""The scorer as it is often written in numba: a loop over the candidates, then numpy's argsort."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from .. import core
from ..core import check
from ..core.models import Linear


@numba.njit(fastmath=True)
def scores_of(rows: Any, ids: Any, query: Any) -> Any:
    scores = np.empty(len(ids), dtype=np.float32)
    for at in range(len(ids)):
        total = np.float32(0)
        for column in range(len(query)):
            total += rows[ids[at], column] * query[column]
        scores[at] = total
    return scores


class Numba(core.Scorer):
    """Raises TypeError of an MLP head."""

    def __init__(self, table: core.Table) -> None:
        if not isinstance(table.head, Linear):
            raise TypeError("only the linear head")
        self.rows, self.dimensions = table.rows, table.dimensions
        self.weights = table.head.weights
        self.score(0, [0])

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.rows))
        query = np.concatenate([self.rows[user, : self.dimensions], self.weights])
        scores = scores_of(self.rows, candidates, query)
        best = np.argsort(-scores)[:k]
        return core.Answer(candidates[best], scores[best])
