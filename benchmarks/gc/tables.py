"""The figures as plain text, as JSON and as tables in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..diagnosis.tables import conditions
from .accuracy import Run
from .compare import Accuracy, accuracy
from .cost import Cost

DOCS = Path(__file__).with_name("README.md")

HEADS = (
    "Python",
    "observer",
    "machine",
    "pauses found",
    "invented",
    "median error, ms",
    "worst, ms",
    "within 0.1 ms",
    "within 0.5 ms",
    "of the rest, waited",
    "generation right",
    "line right",
    "count off by",
    "watcher's CPU",
)
COST_HEADS = (
    "Python",
    "observer",
    "collections/s",
    "threads",
    "switches/s",
    "target's CPU",
    "95 % interval",
    "pairs",
    "watcher's CPU",
)


def text(runs: Sequence[Run], costs: Sequence[Cost]) -> str:
    """All tables, for the terminal."""
    parts = [f"{name}: {value}" for name, value in conditions().items()]
    for floor, index in (("1", 0), ("5", 1)):
        if runs:
            parts += ["", f"pauses of at least {floor} ms", _columns(HEADS, _rows(runs, index))]
    if costs:
        parts += ["", "cost to the target, CPU time of the same work", _columns(COST_HEADS, map(_cost_cells, costs))]
    return "\n".join(parts)


def document(runs: Sequence[Run], costs: Sequence[Cost]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "conditions": conditions(),
        "accuracy": [
            {**run._replace(compared=None)._asdict(), "at_least": [each._asdict() for each in run.at_least]}
            for run in runs
        ],
        "cost": [{**cost._asdict(), "difference": cost.difference._asdict()} for cost in costs],
    }


def write_docs(runs: Sequence[Run], costs: Sequence[Cost]) -> None:
    """Put what was measured between its markers on the page beside this file; the other part stays as it is."""
    if runs:
        parts = [
            f"### Pauses of at least {floor} ms\n\n{_markdown(HEADS, _rows(runs, index))}"
            for floor, index in (("1", 0), ("5", 1))
        ]
        _replace("accuracy", parts)
    if costs:
        _replace("cost", ["### Cost to the target\n\n" + _markdown(COST_HEADS, map(_cost_cells, costs))])


def _replace(part: str, paragraphs: Sequence[str]) -> None:
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    measured = "; ".join(f"{name} {value}" for name, value in conditions().items())
    text = "\n\n".join([begin, measured, *paragraphs, end])
    DOCS.write_text(before + text + after, encoding="utf-8")


def line(run: Run) -> str:
    """One run in a line."""
    if run.why_not:
        return f"{run.python} {run.method} {run.machine}: cannot watch: {run.why_not}"
    least = "; ".join(
        f">= {each.floor_ms:g} ms {each.found}/{each.pauses}, {each.invented} invented" for each in run.at_least
    )
    return f"{run.python} {run.method} {run.machine}: {run.found} of {run.collections} collections; {least}"


def cost_line(cost: Cost) -> str:
    """One measurement in a line."""
    where = f"{cost.collections_per_s:.0f} collections/s, {cost.threads} threads"
    return f"{cost.python} {cost.method}, {where}: {cost.difference}"


def _rows(runs: Sequence[Run], index: int) -> Iterable[list[str]]:
    """Every run, then all runs of each observer together."""
    for run in runs:
        if run.why_not:
            yield [run.python, run.method, run.machine, f"not possible: {run.why_not}", *[""] * (len(HEADS) - 4)]
        else:
            yield [run.python, run.method, run.machine, *_cells(run.at_least[index], [run])]
    for method in dict.fromkeys(run.method for run in runs):
        of = [run for run in runs if run.method == method and run.compared]
        if len(of) > 1:
            pooled = accuracy([run.compared for run in of if run.compared], of[0].at_least[index].floor_ms)
            yield ["all", method, "all", *_cells(pooled, of)]


def _cells(of: Accuracy, runs: Sequence[Run]) -> list[str]:
    def ms(value: float | None) -> str:
        return "" if value is None else f"{value:.3f}"

    def share(part: int, whole: int) -> str:
        return f"{part}/{whole}" if whole else ""

    cpu_percent = sum(run.cpu_percent for run in runs) / len(runs)
    return [
        share(of.found, of.pauses),
        str(of.invented),
        ms(of.median_error_ms),
        ms(of.worst_error_ms),
        share(of.within_100us, of.found),
        share(of.within_500us, of.found),
        share(of.waited, of.found - of.within_500us),
        share(*of.generations),
        share(*of.lines),
        str(max(run.miscounted for run in runs)),
        f"{cpu_percent:.1f} %",
    ]


def _cost_cells(cost: Cost) -> list[str]:
    difference = cost.difference
    return [
        cost.python,
        cost.method,
        f"{cost.collections_per_s:.0f}",
        str(cost.threads),
        f"{cost.switches_per_s:.0f}",
        f"{difference.percent:+.1f} %",
        f"{difference.low:+.1f} to {difference.high:+.1f} %",
        str(difference.pairs),
        f"{cost.watcher_percent:.1f} %",
    ]


def _columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table if "not possible" not in row[3]) for column in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", "---", "---", *["---:"] * (len(heads) - 3)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
