"""The scorer over two numpy tables: fancy indexing makes new arrays for each request, and all scores are sorted."""

from __future__ import annotations

import numpy as np

from .. import core
from ..core import check
from ..core.models import Array, Linear


class NumpyNaive(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.embeddings = np.ascontiguousarray(table.embeddings)
        self.features = np.ascontiguousarray(table.features)
        self.head = table.head

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.embeddings))
        scores = self.score_pairs(self.embeddings[candidates] @ self.embeddings[user], self.features[candidates])
        order = np.lexsort((candidates, -scores))[:k]
        return core.Answer(candidates[order], scores[order])

    def score_pairs(self, match: Array, features: Array) -> Array:
        if isinstance(self.head, Linear):
            return match + features @ self.head.weights
        values = np.column_stack([match, features])
        for layer in self.head.layers[:-1]:
            values = np.maximum(values @ layer.weights + layer.biases, 0)
        last = self.head.layers[-1]
        return (values @ last.weights + last.biases)[:, 0]
