"""`python -m perftools_benchmarks gc`: the observers of garbage collection against what the target itself knows."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit code."""
    from .suite import main as run

    return run(arguments)
