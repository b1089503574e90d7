"""What was found, as tables of the page beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..diagnosis.tables import conditions
from ..report import columns, markdown, sentence, write
from .estimators import ESTIMATORS
from .walking import Cost

PAGE = Path(__file__).with_name("README.md")
Table = tuple[list[str], list[list[str]]]
"""Heads and rows."""


def false_alarms(found: Mapping[str, Mapping[str, float]], rule: Mapping[str, Mapping[float, float]]) -> Table:
    """Per scenario: windows of 20 s taken for growth by each estimator, and by the rule in other windows."""
    others = sorted({window for by_window in rule.values() for window in by_window} - {20.0})
    heads = ["a steady service", *(f"{name}, 20 s" for name in ESTIMATORS)]
    heads += [f"the rule, {each:g} s" for each in others]
    rows = [
        [name, *(_percent(by_name[each]) for each in ESTIMATORS), *(_percent(rule[name][each]) for each in others)]
        for name, by_name in found.items()
    ]
    return heads, rows


def detected(found: Mapping[str, Mapping[float, float]], rates: Sequence[float]) -> Table:
    """Per noise and rate: part of the windows in which the rule finds the leak."""
    heads = ["a leak under", *(f"{rate:g} MiB/min" for rate in rates)]
    return heads, [[name, *(_percent(by_rate[rate]) for rate in rates)] for name, by_rate in found.items()]


def services(rows: Sequence[Sequence[str]]) -> Table:
    return ["set", "service", "leaks, MiB/min", "measured, MiB/min (95 %)", "windows called growth"], [*map(list, rows)]


def forks(rows: Sequence[Sequence[str]]) -> Table:
    return ["what is loaded", "before the fork", "inherited, MiB", "copied, MiB", "fork-memory"], [*map(list, rows)]


def costs(found: Sequence[Cost]) -> Table:
    heads = [
        "process",
        "pages of",
        "status, ms",
        "smaps_rollup, ms",
        "smaps, ms",
        "its own mmap, slowest of 10,000, ms: alone",
        "walked as by an audit",
        "walked without end",
    ]
    rows = [[f"{each.mib} MiB", each.pages, *(f"{value:.2f}" for value in each[2:])] for each in found]
    return heads, rows


def text(tables: Mapping[str, Table]) -> str:
    """For the terminal."""
    return "\n\n".join(f"{title}\n{columns(*table)}" for title, table in tables.items())


def write_page(tables: Mapping[str, Table]) -> None:
    """Put the tables that were made between their markers."""
    for section, table in tables.items():
        write(section, [sentence(conditions()), markdown(*table)], PAGE)


def _percent(part: float) -> str:
    return "0" if part == 0 else f"{100 * part:.1f} %" if part < 0.1 else f"{100 * part:.0f} %"
