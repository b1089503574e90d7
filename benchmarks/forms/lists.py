"""The scorer over dicts and lists of floats, one Python loop for each dot product."""

from __future__ import annotations

from . import TOP, UnknownMember
from .tables import Table


def dot(left: list[float], right: list[float]) -> float:
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


class Lists:
    def __init__(self, table: Table) -> None:
        self.weights = table.weights.tolist()
        rows = zip(table.embeddings.tolist(), table.features.tolist())
        self.members = {
            member: {"embedding": embedding, "features": features} for member, (embedding, features) in enumerate(rows)
        }

    def score(self, user: int, candidates: list[int]) -> list[tuple[int, float]]:
        scores = []
        try:
            wanted = self.members[user]["embedding"]
            for candidate in candidates:
                member = self.members[candidate]
                score = dot(wanted, member["embedding"]) + dot(self.weights, member["features"])
                scores.append((candidate, score))
        except KeyError as unknown:
            raise UnknownMember from unknown
        scores.sort(key=lambda pair: (-pair[1], pair[0]))
        return scores[:TOP]
