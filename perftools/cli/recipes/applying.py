"""What the commands that apply recipes share: the file and line asked for, and the rewritten text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from perftools.cli.recipes.chosen import chosen
from perftools.errors import FileError, UsageError

if TYPE_CHECKING:
    from perftools.rewrite.recipe import Level
    from perftools.rewrite.rewriting import Outcome


class Asked(NamedTuple):
    """What is to be rewritten, and by what."""

    path: str
    line: int | None
    recipes: Sequence[str]
    level: Level
    size: int | None

    @classmethod
    def at(cls, place: str, *, recipes: Sequence[str], level: Level, size: int | None) -> Asked:
        """From "PATH" or "PATH:LINE"."""
        path, line = place, None
        if found := re.fullmatch(r"(.+):(\d+)", place):
            path, line = found[1], int(found[2])
        return cls(path, line, recipes, level, size)


def outcome_of(asked: Asked) -> Outcome:
    """The file's text with the recipes applied; nothing is written. Raises FileError, UsageError."""
    import libcst as cst

    from perftools.rewrite import cache, undo
    from perftools.rewrite.rewriting import Known, rewrite

    text = undo.read(asked.path)
    if asked.line is not None and not 1 <= asked.line <= text.count("\n") + 1:
        raise UsageError(f"{asked.path} has no line {asked.line}")
    try:
        return rewrite(
            text,
            chosen(asked.recipes),
            level=asked.level,
            line=asked.line,
            known=Known(size=asked.size),
            timings_of=cache.timings_of,
        )
    except cst.ParserSyntaxError as error:
        raise FileError(f"{asked.path} is no Python that can be parsed: {error.message}") from error
