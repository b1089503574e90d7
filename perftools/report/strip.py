"""Events over time in one row of characters: the height of each is the longest event that began in its slice. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

HEIGHTS = "▁▂▃▄▅▆▇█"
QUIET = "·"
"""Watched, and nothing happened; a blank was not watched."""
_ROUND = (1.0, 2.0, 2.5, 4.0, 5.0, 10.0)
_TICK = 6
"""Cells from one label of the axis to the next, at least."""


def slice_s(span_s: float, cells: int) -> float:
    """The shortest round time of which at most `cells` make up the span."""
    return _round_up(span_s / cells, _ROUND)


def strip(
    events: Iterable[tuple[float, float]], watched: tuple[float, float], *, slice_s: float, cells: int, highest_s: float
) -> str:
    """One row, from time 0 on.

    `events`: (start, length) in seconds; one that is longer than a slice fills as many cells as it has whole slices.
    `watched`: from when to when; `highest_s`: the length that stands as a full block.
    """
    longest: list[float | None] = [None] * cells
    for start_s, length_s in events:
        first = min(max(math.floor(start_s / slice_s), 0), cells - 1)
        for cell in range(first, min(first + 1 + int(length_s / slice_s), cells)):
            longest[cell] = max(longest[cell] or 0.0, length_s)
    start, end = watched
    return "".join(
        _height(length, highest_s)
        if length is not None
        else QUIET
        if cell * slice_s < end and (cell + 1) * slice_s > start
        else " "
        for cell, length in enumerate(longest)
    )


def axis(span_s: float, slice_s: float) -> str:
    """Seconds under the cells that they stand for: "0      5      10 s"."""
    step = _round_up(_TICK * slice_s, (1.0, 2.0, 5.0, 10.0))
    line = ""
    for tick in range(int(span_s / step + 1e-9) + 1):
        line = line.ljust(round(tick * step / slice_s)) + f"{tick * step:g}"
    return line + " s"


def _height(length_s: float, highest_s: float) -> str:
    eighths = math.ceil(len(HEIGHTS) * length_s / highest_s) if highest_s > 0 else 1
    return HEIGHTS[min(max(eighths, 1), len(HEIGHTS)) - 1]


def _round_up(value: float, steps: Iterable[float]) -> float:
    """The least of the steps, times a power of ten, that is not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in steps if step * power >= value * (1 - 1e-9))
