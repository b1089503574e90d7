"""Timings of recipes for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perftools.report.words import clean


def table(timings: Sequence[Mapping[str, Any]]) -> str:
    """One line a recipe, variant and size: microseconds before and after, the speed-up and its interval."""
    heads = ("recipe", "input", "n", "before µs", "after µs", "speed-up", "95 % interval", "")
    cells = [heads]
    for each in timings:
        for row in each["rows"]:
            verdict = "" if row["faster"] else "not worth it"
            cells.append((each["recipe"], row["variant"], f"{row['n']:,}", f"{row['before_us']:,.4g}",
                          f"{row['after_us']:,.4g}", f"{row['speedup']:.3g}x",
                          f"{row['low']:.3g}–{row['high']:.3g}", verdict))  # fmt: skip
    widths = [max(len(row[at]) for row in cells) for at in range(len(heads))]
    lines = []
    for row in cells:
        parts = [cell.ljust(width) if at in (0, 1, 7) else cell.rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append(clean("  ".join(parts)).rstrip())
    return "\n".join(lines) + "\n"
