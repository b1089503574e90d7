"""How a worker begins: who may trace it, what it ends with, and its tables."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import NamedTuple

from . import core, prctl
from .core import tables
from .settings import Settings


class Worker(NamedTuple):
    """A worker that can serve."""

    scorer: core.Scorer
    ready_socket: str | None

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
    table = tables.make(settings.users, settings.dimensions, settings.features, settings.seed)
    return Worker(core.forms()[settings.form].prepare(table), settings.ready_socket)
