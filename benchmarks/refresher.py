"""The process that keeps the embeddings of all workers new: it never holds up a request, not even for the GIL.

It reads the features that members have now from FOLDER/features.npy (the table's own where there is no such file),
and leaves whole rows in FOLDER/rows.npy, which the workers map.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from . import prctl
from .core import tables
from .forms.cached import remade
from .settings import Settings

FEATURES, ROWS = "features.npy", "rows.npy"
CORE_SHARE = 0.25


@contextlib.contextmanager
def refreshing(every_s: float) -> Iterator[Path]:
    """Refresh for the service that the environment describes, in a process that ends with this one; its folder.

    The process removes the folder, so that nothing stays of a service that was killed.
    """
    folder = tempfile.mkdtemp(prefix="embeddings-")
    command = [sys.executable, "-m", __name__, folder, json.dumps(every_s), str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield Path(folder)
    finally:
        process.terminate()
        process.wait()


def main(folder: Path, every_s: float) -> None:
    """Refresh until killed. A failure is said, and the next turn tries again."""
    settings = Settings.from_environment()
    table = tables.shared(settings.users, settings.dimensions, settings.features, settings.seed)
    while True:
        time.sleep(every_s)
        try:
            refresh(table, folder)
        except (OSError, ValueError) as error:
            print(f"embeddings not refreshed: {error}", file=sys.stderr, flush=True)


def refresh(table: tables.Table, folder: Path) -> None:
    """One turn. Raises OSError, or ValueError of features that are none of this table."""
    file = folder / FEATURES
    features = np.load(file) if file.exists() else table.features
    rows = remade(table, features, core_share=CORE_SHARE, wait=time.sleep)
    assert rows is not None
    tables.write(folder / ROWS, rows)


if __name__ == "__main__":
    try:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the service will end, and this with it
        prctl.end_with(int(sys.argv[3]), signal.SIGTERM)
        os.nice(19)  # a worker that wakes up takes the CPU at once
        main(Path(sys.argv[1]), json.loads(sys.argv[2]))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(sys.argv[1], ignore_errors=True)
