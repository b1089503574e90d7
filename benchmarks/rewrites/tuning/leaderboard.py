"""The best of many, spelled in all ways."""
import heapq
from operator import itemgetter

import numpy as np


def top(players, n=10):
    return sorted(players, key=lambda p: p["score"], reverse=True)[:n]


def top_by_getter(players, n):
    ranked = sorted(players, key=itemgetter("score"), reverse=True)
    return [p["name"] for p in ranked[:n]]


def bottom(scores, n):
    return sorted(scores)[:n]


def last(scores, n):
    return sorted(scores)[-n:]


def winner(scores):
    return sorted(scores, reverse=True)[0]


def sorted_in_place(scores, n):
    scores.sort(reverse=True)  # the caller sees it sorted
    return scores[:n]


def top_ids(scores, n):
    pairs = [(s, i) for i, s in enumerate(scores)]
    pairs.sort(key=lambda pair: (-pair[0], pair[1]))
    return [i for _, i in pairs[:n]]


def top_of_array(scores, n):
    return np.argsort(scores)[-n:][::-1]


def threshold(scores, n):
    return np.sort(scores)[-n]


def already(scores, n):
    return heapq.nlargest(n, scores)


def podium(players):
    first = second = None
    for p in players:
        # who came first stays first
        if first is None or p["score"] > first["score"]:
            first, second = p, first
        elif second is None or p["score"] > second["score"]:
            second = p
    return first, second


def page(players, start, n):
    return sorted(players, key=lambda p: p["score"], reverse=True)[start:start + n]


class Board:
    size = 5

    def __init__(self, scores):
        self.scores = scores

    def best(self):
        order = sorted(range(len(self.scores)), key=lambda i: self.scores[i], reverse=True)
        return order[:self.size]

    def median(self):
        return sorted(self.scores)[len(self.scores) // 2]


def _scores(n, seed=3, ties=False):
    r = np.random.default_rng(seed).random(n)
    return np.round(r, 2) if ties else r


def _players(n, ties=False):
    return [{"name": f"p{i}", "score": s} for i, s in enumerate(_scores(n, ties=ties).tolist())]


CALLS = [
    ("top", lambda: (_players(4000), 10)),
    ("top", lambda: (_players(4000, ties=True),)),
    ("top_by_getter", lambda: (_players(4000, ties=True), 7)),
    ("bottom", lambda: (_scores(5000).tolist(), 10)),
    ("last", lambda: (_scores(5000).tolist(), 10)),
    ("winner", lambda: (_scores(2000).tolist(),)),
    ("sorted_in_place", lambda: (_scores(2000).tolist(), 5)),
    ("top_ids", lambda: (_scores(3000, ties=True).tolist(), 10)),
    ("top_ids", lambda: (_scores(3000, ties=True), 10)),
    ("top_of_array", lambda: (_scores(5000, ties=True), 10)),
    ("threshold", lambda: (_scores(5000), 10)),
    ("already", lambda: (_scores(3000).tolist(), 10)),
    ("podium", lambda: (_players(2000, ties=True),)),
    ("page", lambda: (_players(3000), 0, 10)),
    ("page", lambda: (_players(3000), 20, 10)),
    ("Board.best", lambda: (Board(_scores(3000, ties=True).tolist()),)),
    ("Board.median", lambda: (Board(_scores(3000).tolist()),)),
]
