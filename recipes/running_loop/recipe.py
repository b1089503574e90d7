"""Running sums and maxima of an array: accumulate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A list of sums or maxima so far, or of what is computed with them."""
    yield from loops.offers(place, loops.shapes.is_scan, "all running values at once", helper="_running")


RECIPE = Recipe(
    id="running-loop",
    title="Running sums and maxima: accumulate instead of a loop",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="running_totals",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    total = 0.0
    totals = []
    for value in values:
        total += value
        totals.append(total)
    return totals
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
from itertools import accumulate


def f(values):
    return list(accumulate(values))
""",
        ),
        Example(
            code="""\
def f(values, decay):
    smooth = 0.0
    out = []
    for value in values:
        smooth = smooth * decay + value
        out.append(smooth)
    return out
""",
        ),
        Example(
            code="""\
def f(values):
    total = 0.0
    totals = []
    for value in values:
        total = max(0.0, total + value)
        totals.append(total)
    return totals
""",
        ),
        Example(
            code="""\
def f(values):
    total = 0.0
    for value in values:
        total += value
        yield total
""",
        ),
        Example(
            code="""\
def f(values):
    return [value * 2.0 for value in values if value]
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def cumulative(values):
    total = 0.0
    out = []
    for value in values:
        total = total + value
        out.append(total)
    return out
""",
            becomes='''\
import numpy as np

def _cumulative_fast(values):
    """The fast path of `cumulative`; NotImplemented where the original has to run."""
    if not (
        type(values) is np.ndarray
        and values.dtype.char == "d"
        and values.ndim == 1
        and len(values) >= 150
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            out = list(np.add.accumulate(np.concatenate(((0.0,), values)))[1:])
    except Exception:
        return NotImplemented
    return out


def cumulative(values):
    _fast = _cumulative_fast(values)
    if _fast is NotImplemented:
        total = 0.0
        out = []
        for value in values:
            total = total + value
            out.append(total)
    else:
        out = _fast
    return out
''',
        ),
        Example(
            code="""\
def drawdowns(prices):
    peak = prices[0]
    falls = []
    for i, price in enumerate(prices):
        peak = max(peak, price)
        falls.append(peak - price)
    return falls
""",
            becomes='''\
import numpy as np

def _drawdowns_fast(prices):
    """The fast path of `drawdowns`; NotImplemented where the original has to run."""
    if not (
        type(prices) is np.ndarray
        and prices.dtype.char == "d"
        and prices.ndim == 1
        and len(prices) >= 150
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            if not ((prices < 0) | (prices > 0)).all():
                raise ValueError("NaN and zeros are ordered otherwise")
            if prices[0] != prices[0]:
                raise ValueError("NaN")
            running = np.maximum.accumulate(np.concatenate(((prices[0],), prices)))[1:]
            falls = list(running - prices)
    except Exception:
        return NotImplemented
    return falls


def drawdowns(prices):
    _fast = _drawdowns_fast(prices)
    if _fast is NotImplemented:
        peak = prices[0]
        falls = []
        for i, price in enumerate(prices):
            peak = max(peak, price)
            falls.append(peak - price)
    else:
        falls = _fast
    return falls
''',
        ),
        Example(
            code="""\
class Meter:
    def levels(self):
        level = self.start
        levels = []
        for used, filled in zip(self.used, self.filled):
            level += filled - used
            levels.append(level)
        return levels
""",
            becomes='''\
import numpy as np

def _levels_fast(self):
    """The fast path of `levels`; NotImplemented where the original has to run."""
    if not (
        type(self.start) in (float, np.float64)
        and type(self.filled) is np.ndarray
        and self.filled.dtype.char == "d"
        and self.filled.ndim == 1
        and type(self.used) is np.ndarray
        and self.used.dtype.char == "d"
        and self.used.ndim == 1
        and len(self.filled) == len(self.used)
        and len(self.used) >= 150
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            levels = list(np.add.accumulate(np.concatenate(((self.start,), self.filled - self.used)))[1:])
    except Exception:
        return NotImplemented
    return levels


class Meter:
    def levels(self):
        _fast = _levels_fast(self)
        if _fast is NotImplemented:
            level = self.start
            levels = []
            for used, filled in zip(self.used, self.filled):
                level += filled - used
                levels.append(level)
        else:
            levels = _fast
        return levels
''',
        ),
    ),
)
