"""The verdicts as an engineer reads them in a terminal or in the log of a build: the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perftools.budget.model import Status, Verdict
from perftools.budget.report import words
from perftools.report.page import Page
from perftools.report.words import GLUE, glued

STYLES: Final[dict[Status, str]] = {
    "broken": "bold red",
    "not_measured": "bold red",
    "inconclusive": "bold yellow",
    "waived": "bold cyan",
    "pass": "bold green",
}
INDENT: Final = 4
NEXT: Final = 9


def render(
    verdicts: Sequence[Verdict],
    *,
    width: int,
    colour: bool,
    unicode: bool = True,
    notes: Sequence[str] = (),
    next_command: str | None = None,
) -> str:
    """The page, ending in a newline.

    `notes`: what holds for all of them, such as what head was compared with. `next_command` is printed whole.
    """
    page = Page(width=width, colour=colour, unicode=unicode)
    page.write(("BUDGETS", "bold"), f"  {glued(words.summary(verdicts))}")
    for note in notes:
        page.write(glued(note), indent=NEXT, hang=NEXT)
    before: Status = "pass"
    for verdict in words.ordered(verdicts):
        if verdict.status != "pass" or before != "pass":
            page.blank()
        before = verdict.status
        page.write((words.heading(verdict), STYLES[verdict.status]), f": {_said(verdict)}", hang=INDENT)
        if verdict.status != "pass":
            page.write((glued(words.target(verdict)), "dim"), indent=INDENT, hang=INDENT)
    if next_command is not None:
        page.blank()
        page.whole(next_command, label=("NEXT", "bold"), hang=NEXT)
    return page.render()


def _said(verdict: Verdict) -> str:
    return glued(words.evidence(verdict)).replace(">= ", f">={GLUE}")
