"""How well growth of memory is told from a service that is steady, what forks copy, and what looking costs."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the suite."""
    from .suite import main as run

    return run(arguments)
