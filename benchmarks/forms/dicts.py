"""The scorer over a dict for each member, its features by name."""

from __future__ import annotations

from typing import Any

from .. import core
from ..core import check, plain


def dot(left: list[float], right: list[float]) -> float:
    return sum((a * b for a, b in zip(left, right)), 0.0)


class Dicts(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.names = [f"feature_{number}" for number in range(table.feature_count)]
        self.members: list[dict[str, Any]] = [
            {"id": member, "embedding": embedding.tolist(), **dict(zip(self.names, features.tolist()))}
            for member, (embedding, features) in enumerate(zip(table.embeddings, table.features))
        ]
        self.head = plain.head(table.head, dot)

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_list(user, ids, len(self.members))
        wanted = self.members[user]["embedding"]
        scored: list[dict[str, Any]] = []
        for candidate in candidates:
            member = self.members[candidate]
            features = [member[name] for name in self.names]
            scored.append({"id": candidate, "score": self.head(dot(wanted, member["embedding"]), features)})
        best = sorted(scored, key=lambda one: (-one["score"], one["id"]))[:k]
        return core.Answer([one["id"] for one in best], [one["score"] for one in best])
