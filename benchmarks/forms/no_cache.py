"""The scorer without cached embeddings: the peer tower runs on the features of user and candidates in each request."""

from __future__ import annotations

import numpy as np

from .. import core
from ..core import topk
from ..core.models import Array
from .numpy import Numpy


class NoCache(Numpy):
    """Otherwise as fast as `Numpy`, so that the tower is the only difference."""

    def __init__(self, table: core.Table) -> None:
        super().__init__(table)
        self.features = np.ascontiguousarray(table.features)
        self.used = self.dimensions + table.feature_count

    def embedding(self, user: int) -> Array:
        [embedding] = self.scratch.tower.run(self.features[user : user + 1])
        return np.asarray(embedding)

    def gather(self, ids: topk.Ids, block: Array) -> None:
        features = self.scratch.features[: len(ids)]
        self.features.take(ids, axis=0, out=features, mode="clip")
        block[:, self.dimensions : self.used] = features
        block[:, : self.dimensions] = self.scratch.tower.run(features)
