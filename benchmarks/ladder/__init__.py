"""`python -m perftools_benchmarks core`: every form of the core, timed in processes of its own beside the limit."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit code."""
    from .suite import main as run

    return run(arguments)
