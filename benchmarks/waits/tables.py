"""The outcomes as plain text, as JSON and as tables in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..diagnosis.tables import conditions
from .judging import Outcome, Totals, total

DOCS = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
HEADS = ("case", "Python", "CPU of a core", "first waiting line", "of their time", "is", "verdict", "looks/s", "cost")
TOTAL_HEADS = ("set", "first line right", "and its words", "said to be not CPU-bound", "computing, said so")


def text(outcomes: Sequence[Outcome], skipped: Mapping[str, str]) -> str:
    """For the terminal."""
    parts = [f"{name}: {value}" for name, value in conditions().items()]
    rows = [[each.set, *_cells(each)] for each in outcomes]
    parts += ["", _columns(["set", *HEADS], rows), "", _columns(TOTAL_HEADS, _totals(outcomes))]
    return "\n".join([*parts, *_skipped(skipped)])


def document(outcomes: Sequence[Outcome], skipped: Mapping[str, str]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "conditions": conditions(),
        "totals": {name: figures._asdict() for name, figures in _by_set(outcomes)},
        "cases": [{**each._asdict(), "right": each.right} for each in outcomes],
        "skipped": dict(skipped),
    }


def write_docs(outcomes: Sequence[Outcome], skipped: Mapping[str, str]) -> None:
    """Put the tables between the markers of the page beside this file."""
    parts = ["", "; ".join(f"{name} {value}" for name, value in conditions().items())]
    parts += ["", _markdown(TOTAL_HEADS, _totals(outcomes))]
    for name in dict.fromkeys(outcome.set for outcome in outcomes):
        rows = (_cells(outcome, noted=True) for outcome in outcomes if outcome.set == name)
        parts += ["", f"### {name}", "", _markdown(HEADS, rows)]
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCS.write_text("\n".join([before + BEGIN, *parts, *_skipped(skipped), "", END + after]), encoding="utf-8")


def _cells(of: Outcome, *, noted: bool = False) -> list[str]:
    what = of.failed or of.first or "none"
    return [
        f"{of.case}: {of.note}" if noted else of.case,
        of.python,
        f"{of.cpu_percent:.0f} %",
        f"`{what}`" if noted and of.first else what,
        f"{100 * of.share:.0f} %" if of.first else "",
        "right" if of.right else "WRONG",
        "not CPU-bound" if of.not_cpu_bound else "",
        f"{of.looks_a_second:.0f}",
        f"{of.cost_percent:.1f} %",
    ]


def _by_set(outcomes: Sequence[Outcome]) -> list[tuple[str, Totals]]:
    names = list(dict.fromkeys(outcome.set for outcome in outcomes))
    figures = [(name, total([each for each in outcomes if each.set == name])) for name in names]
    return [*figures, ("all", total(outcomes))] if len(names) > 1 else figures


def _totals(outcomes: Sequence[Outcome]) -> Iterable[list[str]]:
    for name, of in _by_set(outcomes):
        yield [
            name,
            f"{of.lines_right}/{of.waiting}",
            f"{of.words_right}/{of.waiting}",
            f"{of.verdicts}/{of.waiting}",
            f"{of.alarms}/{of.computing}",
        ]


def _skipped(skipped: Mapping[str, str]) -> list[str]:
    return ["", *(f"Skipped: {name}: {why}" for name, why in skipped.items())] if skipped else []


def _columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [heads, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
