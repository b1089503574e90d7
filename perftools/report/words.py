"""Numbers, sizes and untrusted text as a reader should see them. Pure, and without any library.

A share is a fraction of 1 in the data and a percentage here, with two significant digits and never more than its
interval supports. Number and unit are glued, so that a line is never broken between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from perftools.finding import Clause, Estimate, Fact, Measure, Where
from perftools.record import Source

GLUE = "\ue000"
"""Stands for a space that must not become a line break; the page turns it into a space."""

LONGEST = 4096
LOPSIDED = 0.35
"""From this difference between its halves on, an interval is printed by its ends."""

OF = {"cpu": "CPU", "gil": "GIL-held time", "wall": "wall time"}

_UNIT = re.compile(r"(?<=[\d%]) (?=%|±|×|\d{3}(?!\d)|(?:ms|s|µs|MiB|GiB|CPUs?)\b)|(?<=[±×]) (?=\d)")


def clean(text: str) -> str:
    """`text` from the target without what could steer a terminal.

    Control and format characters (C0, C1, bidirectional overrides, zero width), surrogates, private use and line
    separators are dropped, tabs and other spaces become spaces, and the length is bounded.
    """
    spaced = (" " * 4 if char == "\t" else " " if char.isspace() else char for char in text[:LONGEST])
    return "".join(char for char in spaced if char.isprintable())


def glued(text: str) -> str:
    """Clean prose whose numbers stay with their units and their groups of digits together."""
    return _UNIT.sub(GLUE, clean(text))


def plain(text: str) -> str:
    """The text as it is read outside a page."""
    return text.replace(GLUE, " ")


def count(number: int) -> str:
    """In groups of three digits: "4 617"."""
    return f"{number:,}".replace(",", GLUE)


def number(value: float) -> str:
    """Two significant digits, whole numbers in full."""
    if value == int(value) or abs(value) >= 10:
        return count(round(value))
    return f"{value:.2g}" if abs(value) < 1 else f"{value:.1f}"


def plural(n: int, noun: str) -> str:
    return f"{count(n)}{GLUE}{noun if n == 1 else noun + 's'}"


def seconds(value: float) -> str:
    said = f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
    return f"{said}{GLUE}s"


def milliseconds(value: float) -> str:
    """212 ms, 2.1 ms, < 0.1 ms."""
    if 0 < value < 0.05:
        return f"<{GLUE}0.1{GLUE}ms"
    return f"{count(round(value)) if value >= 9.95 or value == 0 else f'{value:.1f}'}{GLUE}ms"


def percent(fraction: float) -> str:
    """38 %, 5.4 %, < 0.1 %."""
    points = 100 * fraction
    if 0 < points < 0.05:
        return f"<{GLUE}0.1{GLUE}%"
    return f"{_points(points)}{GLUE}%"


def memory(size_bytes: float) -> str:
    """With two or three digits: 1.9 GiB, 210 MiB."""
    gib = size_bytes / 2**30
    if gib >= 0.95:
        return f"{f'{gib:.1f}'.removesuffix('.0') if gib < 9.95 else f'{gib:.0f}'}{GLUE}GiB"
    return f"{size_bytes / 2**20:.0f}{GLUE}MiB"


def mean(value: float) -> str:
    """A mean number of threads, or of CPUs: 0.02, 1.9, 12; 0 below what could be told."""
    if value < 0.005:
        return "0"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def rough(fraction: float) -> str:
    """A share to the nearest percent: 26 %, <1 %, and nothing for nothing."""
    if fraction <= 0:
        return ""
    return f"{100 * fraction:.0f}{GLUE}%" if fraction >= 0.005 else f"<1{GLUE}%"


def interval(estimate: Estimate) -> str:
    """A share with its uncertainty: "38 % ± 3", "5.4 % (2.5–11)" if lopsided; the bare share if it was counted."""
    value, low, high = (100 * part for part in (estimate.value, estimate.low, estimate.high))
    said = percent(estimate.value)
    below, above = value - low, high - value
    half = max(below, above)
    if estimate.counted or half <= 0:
        return said
    if abs(above - below) > LOPSIDED * half:
        return f"{said}{GLUE}({_points(low)}–{_points(high)})"
    if half >= 0.95:
        return f"{value:.0f}{GLUE}%{GLUE}±{GLUE}{half:.0f}"
    return f"{said}{GLUE}±{GLUE}{max(half, 0.1):.1f}"


def share(estimate: Estimate) -> str:
    """The share, how sure it is, and of what: "38 % ± 3 of CPU"."""
    whole = f" of{GLUE}{glued(OF.get(estimate.of, estimate.of)).replace(' ', GLUE)}" if estimate.of else ""
    doubt = ", counted" if estimate.counted else ", too few to tell" if estimate.few else ""
    return f"{interval(estimate)}{whole}{doubt}"


def quantity(estimate: Estimate) -> str:
    """Any number of the evidence: a share if it is one, else the number with its unit."""
    if estimate.of:
        return share(estimate)
    said = number(estimate.value)
    if not estimate.counted and estimate.low != estimate.high:
        said += f"{GLUE}({number(estimate.low)}–{number(estimate.high)})"
    return f"{said}{GLUE}{glued(estimate.unit)}" if estimate.unit else said


def evidence(item: Measure | str) -> str:
    if isinstance(item, str):
        return glued(item)
    return f"{glued(item.label)}: {quantity(item.estimate)}"


def sizes(fact: Fact) -> str:
    """As in 50 000 or, by depth or axis, 200 × 64."""
    return f"{GLUE}×{GLUE}".join(count(size) for size in fact.sizes)


def name(fact: Fact) -> str:
    """The name in the source; what the walk calls an iterator is no name that a reader knows."""
    return "iterated" if fact.name == ".0" or fact.name.startswith("<iter") else clean(fact.name)


def source_line(sources: Iterable[Source], where: Where, line: int | None = None) -> str | None:
    """The text of `line` (of `where`, if not given) in its file, or None where the audit does not hold it."""
    line = line or where.line
    for source in sources:
        lines = source.text.removesuffix("\n").split("\n")
        if source.file == where.file and 0 <= line - source.first_line < len(lines):
            return clean(lines[line - source.first_line]).rstrip()
    return None


def sentence(clauses: Iterable[Clause]) -> str:
    """The verdict's clauses as one text."""
    texts = [plain(glued(clause.text)).strip() for clause in clauses]
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in texts if text)


def pairs(values: Mapping[str, str | int | float]) -> str:
    return ", ".join(f"{clean(key)} {clean(str(value))}" for key, value in values.items())


def _points(points: float) -> str:
    return f"{points:.0f}" if points >= 9.95 or points == 0 else f"{points:.1f}"
