"""Ranks the posts of a feed by the user's interests."""
import random
from dataclasses import dataclass, field


@dataclass
class Ranker:
    weights: list = field(default_factory=list)

    def score_all(self, posts):
        scores = []
        for post in posts:
            total = 0.0
            for i in range(len(post)):
                total += post[i] * self.weights[i]
            scores.append(total)
        return scores

    def best(self, posts, k):
        scored = sorted(enumerate(self.score_all(posts)), key=lambda pair: pair[1], reverse=True)
        return [index for index, _ in scored[:k]]


def drift(values):
    """Each value follows the one before it: no array expression does that."""
    level, out = 0.0, []
    for v in values:
        level = 0.9 * level + 0.1 * v
        out.append(level)
    return out


def _posts(n, d=48, seed=3):
    r = random.Random(seed)
    return [[r.random() for _ in range(d)] for _ in range(n)]


CALLS = [
    ("Ranker.score_all", lambda: (Ranker(_posts(1)[0]), _posts(400))),
    ("Ranker.score_all", lambda: (Ranker(_posts(1)[0]), _posts(900))),
    ("Ranker.best", lambda: (Ranker(_posts(1)[0]), _posts(400), 10)),
    ("drift", lambda: ([x[0] for x in _posts(500)],)),
]
