"""The scorer in PyTorch, gathering into memory that is kept."""

from __future__ import annotations

import threading
from typing import Any

import torch

from .. import core
from .torch import Torch


class TorchOut(Torch):
    def __init__(self, table: core.Table) -> None:
        super().__init__(table)
        self.local = threading.local()

    def gather(self, candidates: Any) -> Any:
        kept = getattr(self.local, "rows", None)
        if kept is None or len(kept) < len(candidates):
            kept = self.local.rows = torch.empty((len(candidates), self.rows.shape[1]))
        return torch.index_select(self.rows, 0, candidates, out=kept[: len(candidates)])
