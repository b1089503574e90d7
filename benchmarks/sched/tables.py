"""The outcomes as plain text, as JSON and as tables in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..diagnosis.tables import conditions
from .judging import ADVICE, Outcome, Totals, total
from .measuring import told

DOCS = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
HEADS = (
    "service",
    "workers x native threads",
    "requests/s",
    "of the best",
    "is",
    "said",
    "advised",
    "advised, of the best",
    "threads runnable",
    "CPUs used",
    "others' CPUs",
)
TOTAL_HEADS = ("set", "flagged/harmful", "false alarms/healthy", f"advice >= {100 * ADVICE:.0f} % of the best", "worst")


def text(outcomes: Sequence[Outcome], skipped: Mapping[str, str]) -> str:
    """For the terminal."""
    parts = [f"{name}: {value}" for name, value in conditions().items()]
    parts += ["", _columns(HEADS, map(_cells, outcomes)), "", _columns(TOTAL_HEADS, _totals(outcomes))]
    return "\n".join([*parts, *_skipped(skipped)])


def document(outcomes: Sequence[Outcome], skipped: Mapping[str, str], rates: Mapping[str, Any]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "conditions": conditions(),
        "totals": {name: figures._asdict() for name, figures in _by_set(outcomes)},
        "scenarios": [
            {
                **outcome._asdict(),
                "setting": str(outcome.setting),
                "advised": outcome.advised and str(outcome.advised),
                "seen": {
                    **outcome.seen._asdict(),
                    "alarms": [{**each._asdict(), "advised": str(each.advised)} for each in outcome.seen.alarms],
                },
            }
            for outcome in outcomes
        ],
        "skipped": dict(skipped),
        "rates": rates,
    }


def write_docs(outcomes: Sequence[Outcome], skipped: Mapping[str, str]) -> None:
    """Put the tables between the markers of the page beside this file."""
    parts = ["", "; ".join(f"{name} {value}" for name, value in conditions().items())]
    parts += ["", _markdown(TOTAL_HEADS, _totals(outcomes))]
    for name in dict.fromkeys(outcome.set for outcome in outcomes):
        rows = (_cells(outcome) for outcome in outcomes if outcome.set == name)
        parts += ["", f"### {name}", "", _markdown(HEADS, rows)]
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCS.write_text("\n".join([before + BEGIN, *parts, *_skipped(skipped), "", END + after]), encoding="utf-8")


def _cells(of: Outcome) -> list[str]:
    return [
        of.service,
        str(of.setting),
        "" if of.rate is None else f"{of.rate:.1f}",
        "" if of.of_best is None else str(of.of_best),
        ("harmful" if of.harmful else "healthy") + (" WRONG" if of.wrong else ""),
        told(of.seen),
        "" if of.advised is None else str(of.advised),
        "" if of.advised_of_best is None else str(of.advised_of_best),
        f"{of.seen.runnable:.1f}",
        f"{of.seen.used:.1f}",
        f"{of.seen.others:.1f}",
    ]


def _by_set(outcomes: Sequence[Outcome]) -> list[tuple[str, Totals]]:
    names = list(dict.fromkeys(outcome.set for outcome in outcomes))
    figures = [(name, total([each for each in outcomes if each.set == name])) for name in names]
    return [*figures, ("all", total(outcomes))] if len(names) > 1 else figures


def _totals(outcomes: Sequence[Outcome]) -> Iterable[list[str]]:
    for name, of in _by_set(outcomes):
        worst = "" if of.worst_advice is None else f"{of.worst_advice:.2f}"
        yield [
            name,
            f"{of.flagged}/{of.harmful}",
            f"{of.false_alarms}/{of.healthy}",
            f"{of.advised_well}/{of.advised}",
            worst,
        ]


def _skipped(skipped: Mapping[str, str]) -> list[str]:
    return ["", *(f"Skipped: {name}: {why}" for name, why in skipped.items())] if skipped else []


def _columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [heads, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
