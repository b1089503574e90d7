"""The recipes that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perftools.errors import UsageError

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder


def chosen(ids: Sequence[str]) -> list[Folder]:
    """The recipes with these ids, or all. Raises UsageError for an unknown id."""
    from perftools.cli import outcome
    from perftools.rewrite.catalogue import folders

    try:
        return folders(ids)
    except ValueError as error:
        raise UsageError(str(error), commands=(outcome.command("recipes", "list"),)) from None
