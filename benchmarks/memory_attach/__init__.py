"""`python -m perftools_benchmarks memory-attach`: what letting memray into a loaded service costs it, and whether it
survives; and what large temporaries cost.

    --part attach   in and out, N times in a row, on the reference service under load: stalls, gaps between answers,
                    requests lost, the state of the service afterwards
    --part churn    CPU seconds for a GiB of temporaries, by their size: what the rule allocation-churn reckons with
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; returns the exit code."""
    from .suite import main as run

    return run(arguments)
