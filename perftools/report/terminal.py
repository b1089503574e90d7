"""The report for a terminal: verdict first, then what to do next, then the evidence.

The first 24 rows hold the verdict, the next command and the first finding with its file and line. A finding keeps one
number throughout. Colour stands for severity alone, and nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from perftools.finding import Diagnosis
from perftools.record import Audit
from perftools.report import (
    terminal_allocations,
    terminal_checks,
    terminal_finding,
    terminal_gc,
    terminal_head,
    terminal_memory,
    terminal_threads,
    terminal_time,
    terminal_use,
)
from perftools.report.page import Page
from perftools.report.paths import paths


def render(
    audit: Audit,
    diagnosis: Diagnosis,
    *,
    width: int,
    colour: bool,
    next_commands: Sequence[str] = (),
    unicode: bool = True,
) -> str:
    """The report as text of at most `width` columns (at least 40, at most 100 are used).

    `colour` allows escape codes; without it there are none. `next_commands` are printed as they are, on one line each
    whatever the width, and what follows "  # " as a remark. `unicode=False` writes ASCII only.
    """
    page = Page(width=width, colour=colour, unicode=unicode)
    shown = paths(diagnosis)
    terminal_head.write(page, audit, diagnosis, shown, next_commands)
    for number, finding in enumerate(diagnosis.findings, start=1):
        terminal_finding.write(page, number, finding, audit.sources, shown)
    terminal_time.write(page, diagnosis, audit.sources, shown)
    terminal_threads.write(page, audit)
    terminal_use.write(page, audit, diagnosis)
    terminal_memory.write(page, audit, diagnosis)
    terminal_allocations.write(page, audit, diagnosis, shown)
    terminal_gc.write(page, audit, diagnosis, shown)
    terminal_checks.write(page, audit, diagnosis)
    return page.render()
