"""The demo's subject: the reference service in its slow form, under load, for as long as it is looked at."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perftools.collect import child
from perftools.errors import ToolBroken

FORM = "lists"
BUSY_CORES = 0.5
"""Load that a slow machine carries too: its rate follows from the time that a request takes there."""
CANDIDATES = 500
"""Scored in a request."""

_PATIENCE_S = 30.0
_LIMITS = child.Limits(cpu_s=3600, file_bytes=1 << 20)
_BENCHMARKS = (sys.executable, "-P", "-m", "perftools_benchmarks")  # -P: nothing is imported from the current folder


class Subject(NamedTuple):
    """The service that runs."""

    pid: int
    rate_hz: float
    """Requests a second."""


@contextlib.contextmanager
def service_under_load(*, seconds: float) -> Iterator[Subject]:
    """The reference service, busy for `seconds` at most; it and its load end with the `with`, and with us (SIGKILL).

    Raises ToolBroken where it cannot be started.
    """
    if importlib.util.find_spec("uvicorn") is None:
        raise ToolBroken(
            "the demo's service runs under uvicorn, which is not installed",
            looked_at={"python": sys.executable},
            commands=("pip install '.[demo]'  # in the checkout",),
        )
    serve = [*_BENCHMARKS, "serve", "--form", FORM, "--allow-tracing"]
    with _running(serve, ready=r"listening on (http://\S+) pid") as (service, url):
        load = [*_BENCHMARKS, "load", url, "--candidates", str(CANDIDATES)]
        load += ["--busy", str(BUSY_CORES), "--seconds", str(seconds)]
        with _running(load, ready=r"sending ([\d.]+) requests/s") as (_, rate):
            yield Subject(service.pid, float(rate))


@contextlib.contextmanager
def _running(command: Sequence[str], *, ready: str) -> Iterator[tuple[child.Child, str]]:
    """A program that has said it is ready, and what it said; killed in the end."""
    output = child.memory_file("perftools-demo")
    try:
        started = child.start(
            command, stdout=output, stderr=output, pass_fds=(), environment=os.environ, limits=_LIMITS
        )
        try:
            yield started, _wait(started, output, ready)
        finally:
            started.kill()
    finally:
        os.close(output)


def _wait(started: child.Child, output: int, ready: str) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        ended = started.ended()  # asked first: what it said last is read after its end
        said = os.pread(output, 64 << 10, 0).decode(errors="replace")
        if found := re.search(ready, said):
            return found[1]
        if ended or time.monotonic() > deadline:
            last = said.strip().rpartition("\n")[2] or "it said nothing"
            raise ToolBroken(f"a part of the demo does not start: {last}", looked_at={"python": sys.executable})
        time.sleep(0.05)
