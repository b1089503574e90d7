"""The scorer with a DataFrame built for each request and `apply` over its rows."""

from __future__ import annotations

from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # the stubs are no dependency of ours

from . import TOP, UnknownMember
from .tables import Table


class Pandas:
    def __init__(self, table: Table) -> None:
        self.weights = table.weights
        self.members = [
            {"id": member, "embedding": embedding, "features": features}
            for member, (embedding, features) in enumerate(zip(table.embeddings, table.features))
        ]

    def score(self, user: int, candidates: list[int]) -> list[tuple[int, float]]:
        if min(user, *candidates) < 0 or max(user, *candidates) >= len(self.members):
            raise UnknownMember
        wanted = self.members[user]["embedding"]

        def score_row(row: Any) -> float:
            return float(wanted @ row["embedding"] + self.weights @ row["features"])

        frame = pd.DataFrame([self.members[candidate] for candidate in candidates])
        frame["score"] = frame.apply(score_row, axis=1)
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(TOP)
        return list(zip(best["id"].tolist(), best["score"].tolist()))
