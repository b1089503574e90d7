"""Where requests wait: the second table of *where the time goes*."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.finding import WaitLine, WaitTable
from perftools.record import Missing, Source
from perftools.report.page import Column, Page, Span
from perftools.report.paths import Paths, function
from perftools.report.words import GLUE, clean, glued, mean, rough, seconds, source_line

LINES = 8
"""Rows shown at most; the JSON report holds them all."""
INDENT = 4
DEEP = 6
LONG_S = 0.5
"""From which a single stay is worth saying."""


def write(page: Page, waits: WaitTable | Missing, sources: Sequence[Source], paths: Paths) -> None:
    """Nothing where no request was seen waiting, or the audit is of a time before there was this table."""
    if isinstance(waits, Missing):
        if waits.code != "E-ABSENT":
            page.write(f"where requests wait was not seen: {glued(waits.reason)}", indent=INDENT, hang=INDENT)
        return
    if not waits.lines:
        return
    page.blank()
    page.write(*_summary(waits), indent=INDENT, hang=INDENT)
    rows = waits.lines[:LINES]
    if page.narrow:
        for row in rows:
            page.write(f"{rough(row.share)}  {mean(row.mean)}{GLUE}waiting", indent=INDENT, hang=DEEP)
            page.write(_place(row, paths), indent=DEEP, hang=DEEP)
            for below in _below(row, sources, paths):
                page.cut(below, indent=DEEP)
    else:
        heads = [Column("of their time", "right"), Column("waiting", "right"), Column("where requests wait")]
        cells = [(rough(row.share), mean(row.mean), _place(row, paths), *_below(row, sources, paths)) for row in rows]
        page.table(heads, cells, indent=INDENT)
    page.blank()
    page.write((_legend(waits), "dim"), indent=INDENT, hang=INDENT)


def _summary(waits: WaitTable) -> list[Span]:
    return [
        f"requests wait: {mean(waits.waiting)} at a time on average, while {mean(waits.running)} threads run or want to"
    ]


def _place(row: WaitLine, paths: Paths) -> str:
    return f"{paths.line(row.where)} {function(row.where)} -> {clean(row.what)}"


def _below(row: WaitLine, sources: Sequence[Source], paths: Paths) -> list[Span]:
    """Its source line; which handler leads there, and how long one stood there."""
    parts = []
    if row.entry is not None:
        parts.append(f"for {function(row.entry)} {paths.line(row.entry)}")
    if row.kind == "thread" and row.longest_s >= LONG_S:
        parts.append(f"up to {seconds(row.longest_s)} at a stretch")
    text = (source_line(sources, row.where) or "").strip()
    said: list[Span] = [(text, "dim")] if text else []
    return [*said, (", ".join(parts), "dim")] if parts else said


def _legend(waits: WaitTable) -> str:
    said = f"From {waits.looks} looks. Threads and tasks that are parked until there is work are left out."
    if waits.held_up:
        said += " The threads of these workers run or want to all the time: requests may wait for their turn."
    if waits.tasks is not None:
        said += f" Tasks of event loops were not seen: {waits.tasks.reason}."
    return glued(said)
