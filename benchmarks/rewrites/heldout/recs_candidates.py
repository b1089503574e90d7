"""Candidate generation for the "for you" rail: score the catalogue against a user's taste vector."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

MIN_SCORE = 0.05
POPULARITY_WEIGHT = 0.15


@dataclass
class Item:
    item_id: str
    vector: list[float]
    popularity: float = 0.0


def dot(a: list[float], b: list[float]) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def norm(v: list[float]) -> float:
    return math.sqrt(sum(x * x for x in v))


def cosine(a: list[float], b: list[float]) -> float:
    na = norm(a)
    nb = norm(b)
    if na == 0 or nb == 0:
        return 0.0
    return dot(a, b) / (na * nb)


def score_catalogue(user_vec: list[float], items: list[Item], blocked: list[str]) -> list[tuple[str, float]]:
    """Return (item id, score) of everything above the floor, best first; equal scores by id."""
    scored = []
    for item in items:
        if item.item_id in blocked:
            continue
        s = (1 - POPULARITY_WEIGHT) * cosine(user_vec, item.vector) + POPULARITY_WEIGHT * item.popularity
        if s < MIN_SCORE:
            continue
        scored.append((item.item_id, s))
    scored.sort(key=lambda pair: (-pair[1], pair[0]))
    return scored


@dataclass
class CandidateSource:
    items: list[Item]
    blocked: list[str] = field(default_factory=list)
    served: int = 0

    def top(self, user_vec: list[float], k: int = 20) -> list[str]:
        self.served += 1
        return [item_id for item_id, _ in score_catalogue(user_vec, self.items, self.blocked)[:k]]

    def diversify(self, picks: list[int], limit: int = 5) -> list[int]:
        """Greedy maximal-marginal-relevance over positions in the catalogue."""
        chosen: list[int] = []
        pool = list(picks)
        while pool and len(chosen) < limit:
            best, best_gain = None, -math.inf
            for p in pool:
                closest = 0.0
                for c in chosen:
                    closest = max(closest, cosine(self.items[p].vector, self.items[c].vector))
                gain = self.items[p].popularity - closest
                if gain > best_gain:
                    best, best_gain = p, gain
            chosen.append(best)
            pool.remove(best)
        return chosen


def _vector(rng: random.Random, dim: int) -> list[float]:
    return [rng.uniform(-1, 1) for _ in range(dim)]


def _items(n: int, dim: int, seed: int) -> list[Item]:
    rng = random.Random(seed)
    return [Item(f"i{k:05d}", _vector(rng, dim), rng.random()) for k in range(n)]


def _blocked(n: int, step: int) -> list[str]:
    return [f"i{k:05d}" for k in range(0, n, step)]


CALLS = [
    ("score_catalogue", lambda: (_vector(random.Random(1), 16), _items(1500, 16, 2), _blocked(1500, 20))),
    ("score_catalogue", lambda: (_vector(random.Random(3), 8), _items(40, 8, 4), [])),
    ("score_catalogue", lambda: ([0.0] * 16, _items(600, 16, 5), ["i00003"])),
    ("score_catalogue", lambda: (_vector(random.Random(6), 16), [], ["i00001", "i00002"])),
    ("CandidateSource.top", lambda: (CandidateSource(_items(1200, 16, 7), _blocked(1200, 50)), _vector(random.Random(8), 16))),
    ("CandidateSource.top", lambda: (CandidateSource(_items(12, 16, 9)), _vector(random.Random(10), 16), 50)),
    ("CandidateSource.diversify", lambda: (CandidateSource(_items(200, 16, 11)), list(range(0, 200, 4)), 6)),
    ("CandidateSource.diversify", lambda: (CandidateSource(_items(5, 4, 12)), [4, 2], 5)),
]
