"""Which timings stand for a recipe."""

from __future__ import annotations

from perftools.rewrite.catalogue import Folder
from perftools.rewrite.timings import Timings


def timings_of(folder: Folder) -> Timings | None:
    """The recipe's shipped timings."""
    return folder.shipped
