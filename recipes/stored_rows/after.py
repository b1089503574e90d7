import random
import numpy as np


def dot(left, right):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


def _best(scores, ids, k):
    """Places of the k best scores, best first; equal scores by the smaller id."""
    few = np.arange(len(scores))
    if 0 < k < len(scores):
        few = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return few[np.lexsort((ids[few], -scores[few]))][:k]


class Recommender:
    """Scores members against one of them: embeddings by dot product, features by weights."""

    def __init__(self, members, dimensions=64, features=20):
        numbers = random.Random(1)
        self.embeddings = [[numbers.gauss(0, 1) for _ in range(dimensions)] for _ in range(members)]
        self._embeddings_matrix = np.array(self.embeddings, dtype=float)
        self.features = [[numbers.gauss(0, 1) for _ in range(features)] for _ in range(members)]
        self._features_matrix = np.array(self.features, dtype=float)
        self.weights = [numbers.gauss(0, 1) for _ in range(features)]

    def best(self, user, ids, k):
        wanted = self.embeddings[user]
        rows = np.array(ids, dtype=np.intp)
        match = self._embeddings_matrix.take(rows, axis=0) @ np.array(wanted)
        values = match + (self._features_matrix.take(rows, axis=0) @ np.array(self.weights))
        best = _best(values, rows, k)
        scores = list(zip(rows[best].tolist(), values[best].tolist()))
        return scores[:k]


RECOMMENDER = Recommender(1000)


def recommend(user, ids, k):
    return RECOMMENDER.best(user, ids, k)
