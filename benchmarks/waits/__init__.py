"""`python -m perftools_benchmarks waits`: is the line where requests wait the right one, on labelled services?

Services that wait for a slow peer, a lock, a pool or a child process, and services that compute; `cases.py` says what a
label holds.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the cases; returns the exit code."""
    from .suite import main as run

    return run(arguments)
