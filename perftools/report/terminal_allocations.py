"""Allocations of one worker: what its lines allocate a second, what they hold at the peak, and what it cost to look."""

from __future__ import annotations

from perftools.finding import Diagnosis
from perftools.record import Audit, Missing
from perftools.report.allocation_summary import allocated
from perftools.report.model import AllocatedLine, AllocatedMemory
from perftools.report.page import Column, Page
from perftools.report.paths import Paths, function
from perftools.report.words import GLUE, clean, count, glued, memory, milliseconds, number, percent, seconds

RULE = "allocation-churn"
LINES = 5
HOLDERS = 3
SMALL = 0.02
"""Lines that allocate or hold less than this part are left out."""
INDENT = 4
HANG = 14
TABLE = 70
"""Below this width a line of code stands below its numbers."""
NOBODY = "no line of your own"


def write(page: Page, audit: Audit, diagnosis: Diagnosis, paths: Paths) -> None:
    """Nothing where it was not recorded: the reason stands with the rule that was not checked."""
    seen = allocated(audit)
    if isinstance(seen, Missing):
        return
    numbers = [n for n, finding in enumerate(diagnosis.findings, start=1) if finding.rule == RULE]
    page.blank()
    whose = f" of worker{GLUE}{seen.pid}, for {seconds(seen.span_s)} after the window"
    page.write(("ALLOCATIONS", "bold"), *((f" [{n}]", "bold") for n in numbers), (whose, "dim"), hang=INDENT)
    page.write(_rates(seen), indent=INDENT, hang=INDENT)
    _churn(page, seen, paths)
    page.blank()
    _holders(page, seen, paths)
    page.write(_visit(seen), label="memray", indent=INDENT, hang=HANG)


def _rates(seen: AllocatedMemory) -> str:
    said = f"{_rate(seen.size_bytes, seen.span_s)} in {count(round(seen.allocations / seen.span_s))} allocations/s"
    if seen.temporaries:
        mean = memory_size(seen.temporary_bytes / seen.temporaries)
        said += f"; {percent(seen.temporary_bytes / max(seen.size_bytes, 1))} of it in large temporaries, {mean} each"
    return f"{said}; in the window before, {count(round(seen.page_faults_per_s))} page faults/s"


def _churn(page: Page, seen: AllocatedMemory, paths: Paths) -> None:
    shown = [row for row in seen.churn if row.size_bytes >= SMALL * seen.size_bytes][:LINES]
    if not shown:
        return
    page.blank()
    heads = [Column(head, "right") for head in ("MiB/s", "of all", "per s", "mean size")]
    cells = [
        [
            number(row.size_bytes / 2**20 / seen.span_s),
            percent(row.size_bytes / max(seen.size_bytes, 1)),
            number(row.allocations / seen.span_s),
            memory_size(row.size_bytes / max(row.allocations, 1)),
        ]
        for row in shown
    ]
    if page.width >= TABLE:
        table = [[*numbers, _place(row, paths)] for numbers, row in zip(cells, shown, strict=True)]
        page.table([*heads, Column("allocated by")], table, indent=INDENT)
        return
    for numbers, row in zip(cells, shown, strict=True):
        page.cut(_place(row, paths), indent=INDENT)
        said = ", ".join(f"{value}{GLUE}{head.head}" for head, value in zip(heads, numbers, strict=True))
        page.write(said, indent=INDENT + 2, hang=INDENT + 2)


def _holders(page: Page, seen: AllocatedMemory, paths: Paths) -> None:
    shown = [row for row in seen.peak if row.size_bytes >= SMALL * seen.peak_bytes][:HOLDERS]
    head = f"{memory_size(seen.peak_bytes)} of what was allocated meanwhile were alive at once"
    page.write(f"{head}, held by:" if shown else head, label="Peak", indent=INDENT, hang=HANG)
    for row in shown:
        page.cut(f"{memory_size(row.size_bytes)}  {_place(row, paths)}", indent=HANG)


def _visit(seen: AllocatedMemory) -> str:
    state = "it runs untraced and untracked" if not seen.left else f"afterwards {glued(seen.left)}"
    return (
        f"{clean(seen.tool)} ran inside: the worker stood still for {milliseconds(seen.attach_stall_ms)} to let it in "
        f"and {milliseconds(seen.detach_stall_ms)} to let it out; {state}. Seen: {glued(seen.complete)}."
    )


def _place(row: AllocatedLine, paths: Paths) -> str:
    if row.where is None:
        return NOBODY
    inside = f" ({clean(row.inside)})" if row.inside else ""
    return f"{paths.line(row.where)} {function(row.where)}{inside}"


def _rate(size_bytes: int, span_s: float) -> str:
    return f"{number(size_bytes / 2**20 / span_s)}{GLUE}MiB/s"


def memory_size(size_bytes: float) -> str:
    """Of any size: 48 B, 3.1 KiB, 8 MiB, 1.2 GiB."""
    if size_bytes >= 2**30:
        return memory(size_bytes)
    for factor, unit in ((2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= factor:
            return f"{number(size_bytes / factor)}{GLUE}{unit}"
    return f"{size_bytes:.0f}{GLUE}B"
