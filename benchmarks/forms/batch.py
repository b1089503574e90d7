"""The scorer for many users against peers that they share: one matrix product for all pairs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .. import core
from ..core import check, topk
from ..core.models import Array, Linear


class Peers(NamedTuple):
    """Candidates that many users share, gathered once."""

    ids: topk.Ids
    columns: Array
    """(dimensions + features, peers): in the order in which BLAS is fastest here."""


class Scores(threading.local):
    """The score matrix of one thread, kept for the next batch: fresh megabytes cost more than what is done in them."""

    def __init__(self) -> None:
        self._memory = np.empty(0, dtype=np.float32)

    def matrix(self, users: int, columns: int) -> Array:
        if self._memory.size < users * columns:
            self._memory = np.empty(users * columns, dtype=np.float32)
        return self._memory[: users * columns].reshape(users, columns)


class Batch(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.rows, self.dimensions, self.head = table.rows, table.dimensions, table.head
        self.used = table.dimensions + table.feature_count
        self.scores = Scores()

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        check.as_array(user, ids, len(self.rows))
        best_ids, scores = self.score_all([user], self.peers(ids), k)
        return core.Answer(best_ids[0], scores[0])

    def score_batch(self, users: Sequence[int], ids: core.Ids, k: int = core.TOP) -> list[core.Answer]:
        best_ids, scores = self.score_all(users, self.peers(ids), k)
        return [core.Answer(*row) for row in zip(best_ids, scores)]

    def peers(self, ids: core.Ids) -> Peers:
        """Raises as `score` does."""
        candidates = check.as_array(0, ids, len(self.rows))
        return Peers(candidates, np.ascontiguousarray(self.rows[candidates, : self.used].T))

    def check(self, user: int) -> None:
        """Raises as `score` does."""
        check.as_list(user, [], len(self.rows))

    def score_all(self, users: Sequence[int], peers: Peers, k: int = core.TOP) -> tuple[topk.Ids, Array]:
        """The best peers of each user and their scores, both (users, min(k, peers)). Raises as `score` does."""
        wanted = check.as_array(0, list(users), len(self.rows))
        count = len(peers.ids)
        scores = self.scores.matrix(len(wanted), topk.padded(count))
        self.product(wanted, peers, out=scores[:, :count])
        scores[:, count:] = -np.inf
        return topk.best_of_each(peers.ids, scores, k)

    def product(self, users: topk.Ids, peers: Peers, *, out: Array) -> None:
        """The scores of all pairs, (users, peers)."""
        queries = self.rows[users, : self.used]
        if isinstance(self.head, Linear):
            queries[:, self.dimensions :] = self.head.weights
            np.matmul(queries, peers.columns, out=out)
            return
        np.matmul(queries[:, : self.dimensions], peers.columns[: self.dimensions], out=out)
        first, *inner, last = self.head.layers
        # What the first layer makes of the features is the same for every user.
        shared = first.weights[1:].T @ peers.columns[self.dimensions :] + first.biases[:, None]
        for user in range(len(out)):
            row = out[user]
            values = np.maximum(np.outer(first.weights[0], row) + shared, 0)
            for layer in inner:
                values = np.maximum(layer.weights.T @ values + layer.biases[:, None], 0)
            np.dot(last.weights[:, 0], values, out=row)
            row += last.biases
