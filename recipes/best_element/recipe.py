"""The largest or smallest element of an array: argmax instead of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A largest or smallest element, or of what is computed from each."""
    yield from loops.offers(place, loops.shapes.is_best, "the best element by argmax", helper="_best")


RECIPE = Recipe(
    id="best-element",
    title="The largest or smallest element of an array: no loop",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="strongest",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    return max(value for value in values)
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(values):
    return max(values)
""",
        ),
        Example(
            code="""\
def f(items):
    best = items[0]
    for item in items:
        if item.price > best.price:
            best = item
    return best
""",
        ),
        Example(
            code="""\
def f(values):
    best = 0.0
    for value in values:
        if value > best:
            best = value
            print(best)
    return best
""",
        ),
        Example(
            code="""\
def f(values, limit):
    best = 0.0
    for value in values:
        if value > best:
            best = value
        if best > limit:
            break
    return best
""",
        ),
        Example(
            code="""\
def f(values):
    best = None
    for value in values:
        if not best or value > best:
            best = value
    return best
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
import math


def peak(signal):
    highest = -math.inf
    for sample in signal:
        highest = max(highest, abs(sample))
    return highest
""",
            becomes='''\
import math
import numpy as np


def _peak_fast(signal):
    """The fast path of `peak`; NotImplemented where the original has to run."""
    if not (
        type(signal) is np.ndarray
        and signal.dtype.char == "d"
        and signal.ndim == 1
        and len(signal) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            keys = np.abs(signal)
            best_at = int(keys.argmax())
            if keys[best_at] != keys[best_at]:
                raise ValueError("NaN")
            highest = keys[best_at] if keys[best_at] > -np.inf else -np.inf
    except Exception:
        return NotImplemented
    return highest


def peak(signal):
    _fast = _peak_fast(signal)
    if _fast is NotImplemented:
        highest = -math.inf
        for sample in signal:
            highest = max(highest, abs(sample))
    else:
        highest = _fast
    return highest
''',
        ),
        Example(
            code="""\
class Quotes:
    def widest(self):
        return max(high - low for high, low in zip(self.highs, self.lows))
""",
            becomes='''\
import numpy as np

def _best(self):
    """`max(high - low for high, low in zip(self.highs, self.lows))`, by a faster way where that gives the same."""
    if (
        type(self.highs) is np.ndarray
        and self.highs.dtype.char == "d"
        and self.highs.ndim == 1
        and type(self.lows) is np.ndarray
        and self.lows.dtype.char == "d"
        and self.lows.ndim == 1
        and len(self.lows) == len(self.highs)
        and len(self.highs) >= 96
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                keys = self.highs - self.lows
                best_at = int(keys.argmax())
                if keys[best_at] != keys[best_at]:
                    raise ValueError("NaN")
                result = keys[best_at]
        except Exception:
            pass
        else:
            return result
    return max(high - low for high, low in zip(self.highs, self.lows))


class Quotes:
    def widest(self):
        return _best(self)
''',
        ),
        Example(
            code="""\
def coldest(readings):
    lowest = None
    i = 0
    while i < len(readings):
        if lowest is None or readings[i] < lowest:  # the first one stays
            lowest = readings[i]
        i += 1
    return lowest
""",
            becomes='''\
import numpy as np

def _coldest_fast(readings):
    """The fast path of `coldest`; NotImplemented where the original has to run."""
    if not (
        type(readings) is np.ndarray
        and readings.dtype.char == "d"
        and readings.ndim == 1
        and len(readings) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            best_at = int(readings.argmin())
            if readings[best_at] != readings[best_at]:
                raise ValueError("NaN")
            lowest = readings[best_at]
    except Exception:
        return NotImplemented
    return lowest


def coldest(readings):
    _fast = _coldest_fast(readings)
    if _fast is NotImplemented:
        lowest = None
        i = 0
        while i < len(readings):
            if lowest is None or readings[i] < lowest:  # the first one stays
                lowest = readings[i]
            i += 1
    else:
        lowest = _fast
    return lowest
''',
        ),
    ),
)
