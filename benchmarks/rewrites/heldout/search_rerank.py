"""Second-stage ranking of search hits.

The first stage hands us hits in the order of the shards; the front end pages
through what we return, so the order must be the same on every call.
"""
import random
from typing import Any, Callable

BOOST_FIELDS = {"title": 3.0, "anchor": 1.5, "body": 1.0}


def bm25ish(hit: dict[str, Any], terms: list[str]) -> float:
    score = 0.0
    for f, weight in BOOST_FIELDS.items():
        tokens = hit.get(f, ())
        for term in terms:
            tf = tokens.count(term)
            if tf: score += weight * tf / (tf + 1.2)
    return round(score, 1)


def top_hits(hits, terms, k=10):
    """Best first. Of equally good hits the one that came later wins (fresher shard)."""
    scored = [(bm25ish(h, terms), h["id"]) for h in hits]
    ranked = sorted(scored, key=lambda s: s[0])
    ranked = ranked[::-1]
    return [i for _, i in ranked[:k]]


def tail_hits(scores: dict[str, float], k: int) -> list[str]:
    # candidates for eviction from the hot index, worst last
    return [doc for doc, _ in sorted(scores.items(), key=lambda kv: kv[1])[:k]][::-1]


def pick_rounds(hits: list[dict], rounds: int, key: Callable[[dict], float]) -> list[int]:
    """Take the best hit, `rounds` times over; a picked hit's shard is handicapped for the rest."""
    left = list(hits)
    penalty: dict[int, float] = {}
    picked = []
    while left and len(picked) < rounds:
        winner = max(left, key=lambda h: key(h) - penalty.get(h["shard"], 0.0))
        left.remove(winner)
        penalty[winner["shard"]] = penalty.get(winner["shard"], 0.0) + 0.25
        picked.append(winner["id"])
    return picked


def merge_shards(shards: list[list[tuple[float, dict]]], limit: int) -> list[dict]:
    everything = []
    for shard in shards:
        for entry in shard:
            everything.append(entry)
    everything.sort(reverse=True, key=lambda e: e[0])
    return [doc for _, doc in everything[:limit]]


def merge_strict(shards: list[list[tuple[float, dict]]], limit: int) -> list[dict]:
    """Like merge_shards, for indexes whose scores are unique; a tie there is a bug and blows up (TypeError)."""
    return [doc for _, doc in sorted((e for shard in shards for e in shard), reverse=True)[:limit]]


_VOCAB = ["red", "shoe", "men", "run", "trail", "sale", "kids", "wool", "sock", "boot"]


def _hits(n, seed):
    r = random.Random(seed)
    return [{"id": i, "shard": r.randrange(5), "prior": round(r.random(), 1),
             "title": [r.choice(_VOCAB) for _ in range(4)], "body": [r.choice(_VOCAB) for _ in range(12)]}
            for i in range(n)]


def _shards(n, seed, digits):
    r = random.Random(seed)
    return [[(round(r.random(), digits), {"doc": s * n + i}) for i in range(n)] for s in range(4)]


def _doc_scores(n, seed):
    r = random.Random(seed)
    return {f"d{i}": float(r.randrange(20)) for i in range(n)}


CALLS = [
    ("top_hits", lambda: (_hits(1500, 1), ["red", "shoe"])),
    ("top_hits", lambda: (_hits(600, 2), ["nothing"], 25)),
    ("top_hits", lambda: (_hits(4, 3), ["wool"], 0)),
    ("tail_hits", lambda: (_doc_scores(3000, 4), 40)),
    ("tail_hits", lambda: ({"a": 1.0, "b": 1.0, "c": float("nan"), "d": 0.5, "e": 1.0}, 3)),
    ("pick_rounds", lambda: (_hits(500, 5), 30, lambda h: h["prior"])),
    ("pick_rounds", lambda: (_hits(3, 6), 10, lambda h: 1)),
    ("merge_shards", lambda: (_shards(700, 7, 1), 30)),
    ("merge_shards", lambda: ([[], []], 30)),
    ("merge_strict", lambda: (_shards(500, 8, 17), 10)),
    ("merge_strict", lambda: ([[(0.9, {"doc": 1}), (0.2, {"doc": 2})], [(0.2, {"doc": 3}), (0.4, {"doc": 4})]], 1)),
]
