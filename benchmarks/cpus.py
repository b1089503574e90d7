"""How many CPUs a service may use, and what follows from it."""

from __future__ import annotations

import os
import sys


def effective() -> float:
    """The CPUs of this process's affinity, or fewer where a control group's quota is smaller.

    Before Python 3.11, which perftools needs, the affinity alone.
    """
    if sys.version_info >= (3, 11):
        from perftools.target import cpus
        from perftools.target.proc import Proc

        return float(cpus.effective(Proc(), [os.getpid()]).effective)
    return float(len(os.sched_getaffinity(0)))


def workers() -> int:
    """As many as there are whole CPUs: each is busy with one request at a time."""
    return max(1, int(effective()))


def threads(workers: int) -> int:
    """Of a worker's native pools, so that all workers together have no more than the CPUs carry."""
    return max(1, int(effective() / workers))
