"""What the recipes bring: on the reference core's slow forms, and on modules written for the purpose."""

from __future__ import annotations

from .rewrites import suite


def main(argv: list[str]) -> int:
    """Judge the modules."""
    return suite.main(argv)
