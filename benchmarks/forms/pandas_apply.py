"""The scorer with a DataFrame built for each request and `apply` over its rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import core
from ..core import check
from ..core.models import Linear
from .pandas import Members


class PandasApply(core.Scorer):
    """Columns are taken by position: by name, `row[names]`, each row takes ten times as long."""

    def __init__(self, table: core.Table) -> None:
        self.members = Members(table)
        self.dimensions, self.head = table.dimensions, table.head

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_list(user, ids, len(self.members.frame))
        embedding, features = slice(1, 1 + self.dimensions), slice(1 + self.dimensions, None)  # behind the id
        wanted = self.members.frame.iloc[user, : self.dimensions].to_numpy()

        def score_row(row: Any) -> float:
            match = row.iloc[embedding].to_numpy() @ wanted
            values = row.iloc[features].to_numpy()
            if isinstance(self.head, Linear):
                return float(match + values @ self.head.weights)
            values = np.append(match, values)
            for layer in self.head.layers[:-1]:
                values = np.maximum(values @ layer.weights + layer.biases, 0)
            last = self.head.layers[-1]
            return float((values @ last.weights + last.biases)[0])

        frame = self.members.of(candidates)
        if frame.empty:
            return core.Answer([], [])
        frame["score"] = frame.apply(score_row, axis=1)
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(k)
        return core.Answer(best["id"].tolist(), best["score"].tolist())
