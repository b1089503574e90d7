"""The scorer by faiss, over embedding and features as one vector: inner products with a subset of the index."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from .. import core
from ..core import check
from ..core.models import Linear


class Faiss(core.Scorer):
    """Raises TypeError of an MLP head."""

    def __init__(self, table: core.Table) -> None:
        if not isinstance(table.head, Linear):
            raise TypeError("faiss scores by inner products alone")
        self.dimensions, self.used = table.dimensions, table.dimensions + table.feature_count
        self.rows, self.weights = table.rows, table.head.weights
        self.index: Any = faiss.IndexFlatIP(self.used)
        self.index.add(np.ascontiguousarray(table.rows[:, : self.used]))

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.rows))
        query = np.concatenate([self.rows[user, : self.dimensions], self.weights])
        scores = np.empty(len(candidates), dtype=np.float32)
        pointers = [faiss.swig_ptr(array) for array in (query, scores, candidates)]
        self.index.compute_distance_subset(1, pointers[0], len(candidates), pointers[1], pointers[2])
        best = np.argpartition(-scores, k)[:k] if len(scores) > k else np.arange(len(scores))
        best = best[np.argsort(-scores[best])]
        return core.Answer(candidates[best], scores[best])
