"""The verdicts for the summary of a build step, as GitHub writes Markdown (github.github.com/gfm)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from perftools.budget.model import Status, Verdict
from perftools.budget.report import words
from perftools.report.words import clean

MARKS: Final[dict[Status, str]] = {
    "broken": "❌",
    "not_measured": "🚫",
    "inconclusive": "❔",
    "waived": "⏸️",
    "pass": "✅",
}

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$!])")
_EDGES: Final = re.compile(r"[\\`|]")
"""What a code span in a table cannot hold."""


def render(verdicts: Sequence[Verdict], *, notes: Sequence[str] = ()) -> str:
    """A heading, a table with the worst first, and the notes below."""
    lines = [
        f"### Performance budgets: {words.summary(verdicts)}",
        "",
        "| | budget | metric | verdict | target |",
        "|---|---|---|---|---|",
    ]
    for verdict in words.ordered(verdicts):
        budget = verdict.budget
        said = f"**{words.SAID[verdict.status]}**: {_text(words.evidence(verdict))}"
        cells = (MARKS[verdict.status], _code(budget.id), _code(budget.metric), said, _code(budget.target))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"{_text(note)}  " for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def _text(said: str) -> str:
    """Prose that holds no markup, no HTML and no edge of a table."""
    return _SPECIAL.sub(r"\\\1", clean(said))


def _code(said: str) -> str:
    """The text as code, whatever it holds."""
    shown = clean(said)
    if not _EDGES.search(shown):
        return f"`{shown}`" if shown.strip() else ""
    return f"<code>{''.join(char if char.isalnum() else f'&#{ord(char)};' for char in shown)}</code>"
