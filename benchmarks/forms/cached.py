"""The scorer over cached embeddings, which a thread makes anew from the features while requests go on."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np

from .. import core
from ..core.models import Array, Buffers
from .numpy import Numpy

BLOCK = 4096
"""Members that are refreshed at a time; numpy holds the GIL for none of the work within."""


class Cached(core.Scorer):
    """A request scores over the rows that were current when it began: none waits, and none sees half a refresh."""

    def __init__(self, table: core.Table) -> None:
        self.table = table
        self.features: Array = np.array(table.features)
        """What members are now, (members, features); whoever writes here sees it in the scores after a refresh."""
        self._current = Numpy(table)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        return self._current.score(user, ids, k)

    def refresh(self, *, core_share: float = 1.0) -> bool:
        """Embeddings of the present features for all members, then all at once for the requests that follow.

        Takes `core_share` of one core, and the memory of a second table. False if `close` came in between.
        """
        table, tower = self.table, Buffers(self.table.tower)
        rows = np.zeros_like(table.rows, subok=False)
        for first in range(0, len(rows), BLOCK):
            start = time.monotonic()
            features = self.features[first : first + BLOCK]
            rows[first : first + BLOCK, table.dimensions : table.dimensions + table.feature_count] = features
            tower.run(features, out=rows[first : first + BLOCK, : table.dimensions])
            if self._stop.wait((time.monotonic() - start) * (1 / core_share - 1)):
                return False
        rows.flags.writeable = False
        self._current = Numpy(replace(table, rows=rows, file=None))
        return True

    def start(self, *, every_s: float, core_share: float = 0.25) -> None:
        """Refresh in the background, with pauses of `every_s` between, until `close`."""

        def run() -> None:
            while not self._stop.wait(every_s):
                self.refresh(core_share=core_share)

        self._thread = threading.Thread(target=run, name="embedding-refresh", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
