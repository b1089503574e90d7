"""The verdicts as annotations of GitHub Actions: each on the line that the budget is written on.

The commands and their escapes are those of docs.github.com, "Workflow commands for GitHub Actions", and of
`escapeData` and `escapeProperty` in actions/toolkit, packages/core/src/command.ts. They go to the log of the build, so
that a pull request from a fork, which may write nowhere, has them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from perftools.budget.model import Status, Verdict
from perftools.budget.report import words
from perftools.report.words import clean

LEVELS: Final[dict[Status, str]] = {
    "broken": "error",
    "not_measured": "error",
    "inconclusive": "warning",
    "waived": "notice",
}
"""A budget that is met needs no annotation."""


def render(verdicts: Sequence[Verdict], *, folder: str = "") -> str:
    """One command a line, the worst first: GitHub shows ten of a level for a step.

    `folder`: of the budget file, relative to the repository.
    """
    return "".join(
        f"::{LEVELS[verdict.status]} {_properties(verdict, folder)}::{_data(words.sentence(verdict))}\n"
        for verdict in words.ordered(verdicts)
        if verdict.status in LEVELS
    )


def _properties(verdict: Verdict, folder: str) -> str:
    budget = verdict.budget
    properties = {
        "file": str(PurePosixPath(folder, budget.path)),
        "line": str(budget.line),
        "title": f"perf budget {budget.id}",
    }
    return ",".join(f"{name}={_property(value)}" for name, value in properties.items())


def _data(said: str) -> str:
    return clean(said).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
