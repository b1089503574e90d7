"""How a worker begins: who may trace it, what it ends with, its tables, a few requests to warm up, and its garbage."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import bodies, core, prctl, requests
from .core import tables
from .settings import Settings


class Worker(NamedTuple):
    """A worker that can serve."""

    scorer: core.Scorer
    ready_socket: str | None
    codec: bodies.Codec

    def say_ready(self) -> None:
        """Tell the process that waits for it, if any does."""
        if self.ready_socket is None:
            return
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready,
            contextlib.suppress(ConnectionRefusedError),  # a worker started again later: nobody waits for it any more
        ):
            ready.sendto(b"ready", b"\0" + self.ready_socket.encode())


def begin() -> Worker:
    """Make this process a worker, by the settings in the environment."""
    settings = Settings.from_environment()
    if settings.allow_tracing:
        prctl.allow_any_tracer()
    if settings.master_pid not in (None, os.getpid()):
        prctl.end_with(settings.master_pid)
    table = tables.shared(settings.users, settings.dimensions, settings.features, settings.seed)
    scorer = core.forms()[settings.form].prepare(table)
    if settings.refreshed is not None:
        from .forms.cached import Cached

        if not isinstance(scorer, Cached):
            raise ValueError(f"the form {settings.form} keeps no embeddings that could be refreshed")
        scorer.follow(Path(settings.refreshed))
    worker = Worker(scorer, settings.ready_socket, bodies.codec(settings.codec, settings.features))
    _warm_up(worker, settings.users)
    if settings.freeze:
        _freeze()
    return worker


def _warm_up(worker: Worker, members: int) -> None:
    """Every path of a request, at the largest size: scratch memory is there, code is loaded, pages are touched."""
    ids = np.arange(min(members, bodies.MAX_CANDIDATES))
    for size in {1, min(1000, len(ids)), len(ids)}:
        raw = bodies.HEAD.pack(0, size) + ids[:size].astype("<i8").tobytes()
        asked = json.dumps({"user": 0, "candidates": ids[:size].tolist()}).encode()
        requests.answer(worker.scorer, "POST", "/score/raw", bodies.RAW, raw, worker.codec)
        requests.answer(worker.scorer, "POST", "/score", requests.JSON, asked, worker.codec)


def _freeze() -> None:
    """Leave to the collector what is made from now on.

    The second collection settles what the rule for full collections compares with, which is stale otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
