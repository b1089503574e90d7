"""`python -m perftools_benchmarks service`: the service under load, every layer naive against every layer good."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit code."""
    from .suite import main as run

    return run(arguments)
