import random


def dot(left, right):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


class Recommender:
    """Scores members against one of them: embeddings by dot product, features by weights."""

    def __init__(self, members, dimensions=64, features=20):
        numbers = random.Random(1)
        self.embeddings = [[numbers.gauss(0, 1) for _ in range(dimensions)] for _ in range(members)]
        self.features = [[numbers.gauss(0, 1) for _ in range(features)] for _ in range(members)]
        self.weights = [numbers.gauss(0, 1) for _ in range(features)]

    def best(self, user, ids, k):
        wanted = self.embeddings[user]
        scores = []
        for candidate in ids:
            match = dot(wanted, self.embeddings[candidate])
            scores.append((candidate, match + dot(self.weights, self.features[candidate])))
        scores.sort(key=lambda pair: (-pair[1], pair[0]))
        return scores[:k]


RECOMMENDER = Recommender(1000)


def recommend(user, ids, k):
    return RECOMMENDER.best(user, ids, k)
