"""The scorer over lists of floats, one Python loop for each dot product."""

from __future__ import annotations

from .. import core
from ..core import check, plain


def dot(left: list[float], right: list[float]) -> float:
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


class Lists(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.embeddings = table.embeddings.tolist()
        self.features = table.features.tolist()
        self.head = plain.head(table.head, dot)

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_list(user, ids, len(self.embeddings))
        wanted = self.embeddings[user]
        scores = []
        for candidate in candidates:
            match = dot(wanted, self.embeddings[candidate])
            scores.append((candidate, self.head(match, self.features[candidate])))
        scores.sort(key=lambda pair: (-pair[1], pair[0]))
        return core.Answer([candidate for candidate, _ in scores[:k]], [score for _, score in scores[:k]])
