"""`python -m perftools_benchmarks budgets`: how often the rule for budgets errs, on recorded and on live processes."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the suite; returns the exit code."""
    from .suite import main as run

    return run(arguments)
