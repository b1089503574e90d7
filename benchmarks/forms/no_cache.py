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
        embedding = np.empty((1, self.dimensions), dtype=np.float32)
        self.scratch.tower.run(self.features[user : user + 1], out=embedding)
        return embedding.reshape(-1)

    def gather(self, ids: topk.Ids, rows: Array) -> None:
        rows[:, self.dimensions : self.used] = self.features[ids]
        self.scratch.tower.run(rows[:, self.dimensions : self.used], out=rows[:, : self.dimensions])
