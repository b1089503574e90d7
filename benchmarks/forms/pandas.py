"""The scorer with a DataFrame built for each request and arithmetic on whole columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # the stubs are no dependency of ours

from .. import core
from ..core import check
from ..core.models import Linear


class Members:
    """All members as a DataFrame, a column for each number."""

    def __init__(self, table: core.Table) -> None:
        self.embedding = [f"embedding_{number}" for number in range(table.dimensions)]
        self.features = [f"feature_{number}" for number in range(table.feature_count)]
        used = table.rows[:, : table.dimensions + table.feature_count]
        self.frame = pd.DataFrame(used, columns=[*self.embedding, *self.features], copy=True)

    def of(self, candidates: list[int]) -> Any:
        """A DataFrame of the candidates with their ids."""
        return self.frame.loc[candidates].rename_axis("id").reset_index()


class Pandas(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.members = Members(table)
        self.head = table.head

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_list(user, ids, len(self.members.frame))
        wanted = self.members.frame.loc[user, self.members.embedding]
        frame = self.members.of(candidates)
        match = frame[self.members.embedding] @ wanted
        if isinstance(self.head, Linear):
            frame["score"] = match + frame[self.members.features] @ self.head.weights
        else:
            values = np.column_stack([match, frame[self.members.features]])
            for layer in self.head.layers[:-1]:
                values = np.maximum(values @ layer.weights + layer.biases, 0)
            last = self.head.layers[-1]
            frame["score"] = (values @ last.weights + last.biases)[:, 0]
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(k)
        return core.Answer(best["id"].tolist(), best["score"].tolist())
