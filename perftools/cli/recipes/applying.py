"""What the commands that apply recipes share: the file and line asked for, and the rewritten text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from perftools.cli.recipes.chosen import chosen
from perftools.errors import FileError, UsageError

if TYPE_CHECKING:
    from perftools.rewrite.calls import Calls
    from perftools.rewrite.proof.application import ApplicationProof
    from perftools.rewrite.recipe import Level
    from perftools.rewrite.rewriting import Outcome


class Asked(NamedTuple):
    """What is to be rewritten, and by what."""

    path: str
    line: int | None
    recipes: Sequence[str]
    level: Level
    size: int | None
    calls: Calls | None

    @classmethod
    def at(
        cls, place: str, *, recipes: Sequence[str], level: Level, size: int | None, calls: str | None = None
    ) -> Asked:
        """From "PATH" or "PATH:LINE", and a file of recorded calls."""
        from perftools.rewrite.calls import read

        path, line = place, None
        if found := re.fullmatch(r"(.+):(\d+)", place):
            path, line = found[1], int(found[2])
        return cls(path, line, recipes, level, size, read(calls) if calls is not None else None)

    @property
    def function(self) -> str:
        """Of the recorded calls: "Scorer.score"; "" without."""
        return self.calls.function.partition(":")[2] if self.calls is not None else ""


def outcome_of(asked: Asked) -> Outcome:
    """The file's text with the recipes applied; nothing is written. Raises FileError, UsageError."""
    import libcst as cst

    from perftools.rewrite import cache, observed, undo
    from perftools.rewrite.rewriting import Known, rewrite

    known = observed.known(asked.calls) if asked.calls is not None else Known()
    text = undo.read(asked.path)
    if asked.line is not None and not 1 <= asked.line <= text.count("\n") + 1:
        raise UsageError(f"{asked.path} has no line {asked.line}")
    try:
        return rewrite(
            text,
            chosen(asked.recipes),
            level=asked.level,
            line=asked.line,
            known=known if asked.size is None else known._replace(size=asked.size),
            function=asked.function,
            timings_of=cache.timings_of,
        )
    except cst.ParserSyntaxError as error:
        raise FileError(f"{asked.path} is no Python that can be parsed: {error.message}") from error


def proof_of(asked: Asked, outcome: Outcome) -> ApplicationProof | None:
    """The rewritten function tried on the recorded calls; None without calls, or where nothing was rewritten.

    Raises FileError where the module cannot be loaded.
    """
    if asked.calls is None or not outcome.taken:
        return None
    from perftools.rewrite.proof import application

    try:
        return application.check(
            outcome.before, outcome.after, asked.function, asked.calls, asked.calls.function.partition(":")[0],
            file=asked.path,
        )  # fmt: skip
    except ValueError as error:
        raise FileError(f"{asked.path} cannot be tried on the recorded calls: {error}") from error
