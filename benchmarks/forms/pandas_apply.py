"""The scorer with a DataFrame built for each request and `apply` over its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # the stubs are no dependency of ours

from .. import core
from ..core import check
from ..core.models import Linear


class PandasApply(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.names = [f"feature_{number}" for number in range(table.feature_count)]
        self.members: list[dict[str, Any]] = [
            {"id": member, "embedding": embedding, **dict(zip(self.names, features.tolist()))}
            for member, (embedding, features) in enumerate(zip(table.embeddings, table.features))
        ]
        self.head = table.head

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_list(user, ids, len(self.members))
        wanted = self.members[user]["embedding"]
        weights = self.head.weights.tolist() if isinstance(self.head, Linear) else []

        def score_row(row: Any) -> float:
            match = wanted @ row["embedding"]
            if isinstance(self.head, Linear):
                return float(match + sum(row[name] * weight for name, weight in zip(self.names, weights)))
            values = np.array([match, *(row[name] for name in self.names)])
            for layer in self.head.layers[:-1]:
                values = np.maximum(values @ layer.weights + layer.biases, 0)
            last = self.head.layers[-1]
            return float((values @ last.weights + last.biases)[0])

        if not candidates:
            return core.Answer([], [])
        frame = pd.DataFrame([self.members[candidate] for candidate in candidates])
        frame["score"] = frame.apply(score_row, axis=1)
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(k)
        return core.Answer(best["id"].tolist(), best["score"].tolist())
