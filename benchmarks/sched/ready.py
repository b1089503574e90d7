"""How the service of a scenario sizes its work, and says that a worker of it can serve; it ends with its parent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from perftools_benchmarks import prctl

LINE = "worker ready"


def sized(work: Callable[[int], object], cpu_s: float, first: int = 500) -> int:
    """How much of it takes about so much CPU time on this machine: machines differ fivefold, and a name shall hold."""
    count = first
    while True:
        began = time.thread_time()
        work(count)
        took_s = time.thread_time() - began
        if took_s > cpu_s / 4:
            return max(1, round(count * cpu_s / took_s))
        count *= 2


def ready() -> None:
    """To be called once in each worker."""
    prctl.end_with(os.getppid())
    prctl.allow_any_tracer()
    print(LINE, flush=True)
