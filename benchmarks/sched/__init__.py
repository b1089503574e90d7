"""`python -m perftools_benchmarks sched`: the rules about processes, threads and event loops on real services.

Each service runs in several settings, of which the same interleaved runs tell how many requests it completes: that
decides which settings are harmful, and not what we think of them. `scenarios.py` says what a scenario is.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios; returns the exit code."""
    from .suite import main as run

    return run(arguments)
