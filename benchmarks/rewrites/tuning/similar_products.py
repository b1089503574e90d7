"""Products that are like the one on the page, from embeddings held in one array."""
import math

import numpy as xp

DIM = 64


def cosine(a, b):
    """Cosine of the angle between two vectors."""
    dot = na = nb = 0.0
    for x, y in zip(a, b):
        dot += x * y
        na += x * x
        nb += y * y
    if na == 0 or nb == 0:
        return 0.0
    return dot / (math.sqrt(na) * math.sqrt(nb))


def affinity(user, item):
    return sum(u * i for u, i in zip(user, item))


def affinities(user, items):
    # one score for each item, in the order of the items
    return [affinity(user, item) for item in items]


def similar(vectors, query, k=10):
    scored = []
    for index, vector in enumerate(vectors):
        scored.append((cosine(vector, query), index))
    scored.sort(reverse=True)
    return [index for _, index in scored[:k]]


def top_scores(scores, k):
    order = xp.argsort(-scores)[:k]  # best first
    return [(int(i), float(scores[i])) for i in order]


def last_scores(scores, k):
    return xp.argsort(scores)[::-1][:k].tolist()


def norm(vector):
    total = 0
    for index in range(len(vector)):
        total += vector[index] ** 2
    return math.sqrt(total)


def blended(a, b, share):
    """A share of one vector, the rest of the other."""
    out = xp.zeros(len(a))
    for i in range(len(a)):
        out[i] = share * a[i] + (1 - share) * b[i]
    return out


def _vectors(n, seed=11, d=DIM):
    return xp.random.default_rng(seed).normal(size=(n, d))


CALLS = [
    ("cosine", lambda: (_vectors(1, 1, 768)[0], _vectors(1, 2, 768)[0])),
    ("cosine", lambda: (_vectors(1, 1, 300)[0], xp.zeros(300))),
    ("affinity", lambda: (_vectors(1)[0], _vectors(1, 4)[0])),
    ("affinities", lambda: (_vectors(1)[0], _vectors(500))),
    ("similar", lambda: (_vectors(400), _vectors(1, 5)[0], 5)),
    ("top_scores", lambda: (_vectors(1, 7, 5000)[0], 10)),
    ("top_scores", lambda: (xp.round(_vectors(1, 7, 5000)[0], 1), 25)),
    ("last_scores", lambda: (_vectors(1, 8, 5000)[0], 10)),
    ("norm", lambda: (_vectors(1, 9, 2000)[0],)),
    ("blended", lambda: (_vectors(1, 1, 1000)[0], _vectors(1, 2, 1000)[0], 0.25)),
]
