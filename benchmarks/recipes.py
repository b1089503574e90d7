"""What the recipes bring: on the reference core's slow forms, and on modules written for the purpose (--modules)."""

from __future__ import annotations

from .rewrites import reference, suite


def main(argv: list[str]) -> int:
    """The reference core; with --modules the suite of modules."""
    if "--modules" in argv:
        return suite.main([each for each in argv if each != "--modules"])
    return reference.main(argv)
