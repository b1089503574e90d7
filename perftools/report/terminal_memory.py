"""Memory by process, where there is something to say: it grows, is copied, swapped, near its limit, or cost a life."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.finding import Diagnosis, Estimate
from perftools.record import Audit, Memory, Missing
from perftools.report.memory_summary import Held, growth, held, total
from perftools.report.page import Column, Page
from perftools.report.words import GLUE, count, glued, memory, number

RULES = ("memory-growth", "fork-memory", "allocation-churn")
PROCESSES = 8
INDENT = 4
TABLE = 60
"""Below this width each process stands as a paragraph."""
NEAR = 0.8
"""Part of the limit from which it is said."""
SWAPPED_BYTES = 1 << 20
GROWING = 2.0
"""MiB a minute."""
HEADS = ("RSS", "private", "shared", "swap", "growth, MiB/min")


def write(page: Page, audit: Audit, diagnosis: Diagnosis) -> None:
    """Nothing where memory is fine, or was not recorded."""
    seen = audit.observations.memory
    if isinstance(seen, Missing):
        return
    numbers = [n for n, finding in enumerate(diagnosis.findings, start=1) if finding.rule in RULES]
    found = held(seen)
    if not found or not (numbers or _worth_saying(seen, found)):
        return
    page.blank()
    page.write(("MEMORY", "bold"), *((f" [{n}]", "bold") for n in numbers))
    shown = sorted(found, key=_weight)[:PROCESSES]
    swap = any(each.last.swap_bytes >= SWAPPED_BYTES for each in shown)
    heads = [head for head in HEADS if swap or head != "swap"]
    rows = [[cell for head, cell in zip(HEADS, _cells(each), strict=True) if head in heads] for each in shown]
    if page.width >= TABLE:
        columns = [Column("pid", "right"), *(Column(head, "right") for head in heads)]
        page.table(columns, [[str(each.last.pid), *row] for each, row in zip(shown, rows, strict=True)], indent=INDENT)
    else:
        for each, row in zip(shown, rows, strict=True):
            said = ", ".join(f"{head}{GLUE}{cell}" for head, cell in zip(heads, row, strict=True))
            page.write(f"pid{GLUE}{each.last.pid}: {said}", indent=INDENT, hang=INDENT + 2)
    if len(found) > PROCESSES:
        rest = sum(each.last.rss_bytes for each in found) - sum(each.last.rss_bytes for each in shown)
        page.write((f"and {count(len(found) - PROCESSES)} more, RSS {memory(rest)}", "dim"), indent=INDENT)
    page.write((glued(_legend(seen, found)), "dim"), indent=INDENT, hang=INDENT)


def _worth_saying(seen: Memory, found: list[Held]) -> bool:
    near = seen.limit_bytes is not None and (seen.used_bytes or 0) >= NEAR * seen.limit_bytes
    growing = any((grown := growth(each)) is not None and grown.low > 0 and grown.value >= GROWING for each in found)
    return bool(seen.oom_kills) or near or growing or total(found).swap_bytes >= SWAPPED_BYTES


def _weight(of: Held) -> tuple[float, int]:
    """What grows comes first, then what is large."""
    grown = growth(of)
    return (-grown.value if grown is not None and grown.low > 0 else 0.0, -of.last.rss_bytes)


def _cells(of: Held) -> Sequence[str]:
    walked = of.walked
    private, shared = (walked.private_bytes, walked.shared_bytes) if walked is not None else (None, None)
    swap = of.last.swap_bytes
    return (
        memory(of.last.rss_bytes),
        "n/a" if private is None else memory(private),
        "n/a" if shared is None else memory(shared),
        memory(swap) if swap >= SWAPPED_BYTES else "",
        _growth(growth(of)),
    )


def _growth(grown: Estimate | None) -> str:
    """The rate with its interval, or how fast it may grow at most."""
    if grown is None:
        return "n/a"
    if grown.low <= 0 <= grown.high:
        return f"none (<{GLUE}{number(max(grown.high, 0.1))})"
    sign = "+" if grown.value > 0 else "−"
    low, high = sorted(abs(each) for each in (grown.low, grown.high))
    return f"{sign}{number(abs(grown.value))} ({number(low)}–{number(high)})"


def _legend(seen: Memory, found: list[Held]) -> str:
    said = "Private: mapped by that process alone. Growth: of anonymous memory, with its 95 % interval."
    if any(each.walked is None for each in found) and seen.unwalked is not None:
        said += f" n/a: {seen.unwalked.reason}"
        said += f"; {seen.unwalked.remedy}." if seen.unwalked.remedy else "."
    return said
