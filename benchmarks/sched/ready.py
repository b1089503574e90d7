"""How the service of a scenario says that a worker of it can serve; it ends with the process that started it."""

from __future__ import annotations

import os

from perftools_benchmarks import prctl

LINE = "worker ready"


def ready() -> None:
    """To be called once in each worker."""
    prctl.end_with(os.getppid())
    prctl.allow_any_tracer()
    print(LINE, flush=True)
