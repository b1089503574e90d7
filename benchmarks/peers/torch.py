"""The scorer in PyTorch: new tensors for each request, as it is often written."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from .. import core
from ..core import check
from ..core.models import Linear


class Torch(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.dimensions, self.used = table.dimensions, table.dimensions + table.feature_count
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the mapped table is read-only, and nobody writes to it here
            self.rows = torch.from_numpy(table.rows)
        self.head: Any = None
        self.weights = torch.zeros(table.feature_count)
        if isinstance(table.head, Linear):
            self.weights = torch.from_numpy(table.head.weights.copy())
        else:
            modules: list[Any] = []
            for layer in table.head.layers:
                linear = torch.nn.Linear(*layer.weights.shape)
                linear.weight.data = torch.from_numpy(layer.weights.T.copy())
                linear.bias.data = torch.from_numpy(layer.biases.copy())
                modules += [linear, torch.nn.ReLU()]
            self.head = torch.nn.Sequential(*modules[:-1])

    @torch.inference_mode()
    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = torch.from_numpy(check.as_array(user, ids, len(self.rows)))
        rows = self.gather(candidates)
        scores = rows[:, : self.dimensions] @ self.rows[user, : self.dimensions]
        features = rows[:, self.dimensions : self.used]
        if self.head is None:
            scores = scores + features @ self.weights
        else:
            scores = self.head(torch.column_stack([scores, features]))[:, 0]
        best = torch.topk(scores, min(k, len(scores)))
        return core.Answer(candidates[best.indices].numpy(), best.values.numpy())

    def gather(self, candidates: Any) -> Any:
        return self.rows[candidates]
