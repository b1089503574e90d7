"""The scorer over cached embeddings, made anew from the features in the background while requests go on."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import core
from ..core import tables
from ..core.models import Array, Buffers
from .numpy import Numpy

BLOCK = 4096
"""Members that are refreshed at a time; numpy holds the GIL for none of the work within."""
FAILURES = 3
"""In a row, after which embeddings count as too old to serve."""


class Cached(core.Scorer):
    """A request scores over the rows that were current when it began: none waits, and none sees half a refresh.

    `start` refreshes in a thread of this process, `follow` takes over what another process leaves in a file, whose
    pages all workers share.
    """

    def __init__(self, table: core.Table) -> None:
        self.table = table
        self.features: Array = np.array(table.features)
        """What members are now, (members, features); whoever writes here sees it in the scores after a refresh."""
        self._current = Numpy(table)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures, self._last_failure = 0, ""

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        return self._current.score(user, ids, k)

    def refresh(self, *, core_share: float = 1.0) -> bool:
        """Embeddings of the present features for all members, then all at once for the requests that follow.

        Takes `core_share` of one core, and the memory of a second table. False if `close` came in between.
        """
        rows = remade(self.table, self.features, core_share=core_share, wait=self._stop.wait)
        if rows is None:
            return False
        rows.flags.writeable = False
        self._current = Numpy(replace(self.table, rows=rows, file=None))
        return True

    def start(self, *, every_s: float, core_share: float = 0.25) -> None:
        """Refresh in the background, with pauses of `every_s` between, until `close`."""
        self._repeat(lambda: self.refresh(core_share=core_share), every_s)

    def follow(self, file: Path, *, every_s: float = 0.5) -> None:
        """Look for new rows in `file` until `close`, and map them; as long as there is no such file, keep the old."""
        seen: tuple[int, int] | None = None

        def look() -> None:
            nonlocal seen
            try:
                found = os.stat(file)
            except FileNotFoundError:
                return
            if (now := (found.st_ino, found.st_mtime_ns)) != seen:
                self._current = Numpy(tables.mapped(self.table, file))
                seen = now

        self._repeat(look, every_s)

    def problem(self) -> str | None:
        if self._failures < FAILURES:
            return None
        return f"embeddings: not refreshed {self._failures} times, at last because of {self._last_failure}"

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _repeat(self, step: Callable[[], object], every_s: float) -> None:
        def run() -> None:
            while not self._stop.wait(every_s):
                try:
                    step()
                    self._failures = 0
                except Exception as error:  # noqa: BLE001  # said at once, tried again, and told by `problem`
                    traceback.print_exc(file=sys.stderr)
                    self._last_failure = f"{type(error).__name__}: {error}"
                    self._failures += 1

        self._thread = threading.Thread(target=run, name="embedding-refresh", daemon=True)
        self._thread.start()


def remade(table: core.Table, features: Array, *, core_share: float, wait: Callable[[float], object]) -> Array | None:
    """The table's rows for these features; None as soon as `wait`, which is given seconds, returns true.

    Raises ValueError where the features have another shape than the table's.
    """
    if features.shape != table.features.shape:
        raise ValueError(f"features of the shape {features.shape}, not {table.features.shape}")
    tower = Buffers(table.tower)
    rows = np.zeros_like(table.rows, subok=False)
    for first in range(0, len(rows), BLOCK):
        start = time.monotonic()
        block = features[first : first + BLOCK]
        rows[first : first + BLOCK, table.dimensions : table.dimensions + table.feature_count] = block
        tower.run(block, out=rows[first : first + BLOCK, : table.dimensions])
        if wait((time.monotonic() - start) * (1 / core_share - 1)):
            return None
    return rows
