"""How many elements meet a condition: one count of a mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A count of the elements that meet a condition; membership is for membership-list."""
    yield from loops.offers(place, _is_count, "one count instead of a test for each element", helper="_count")


def _is_count(value: loops.ir.Value) -> bool:
    counts = isinstance(value, loops.ir.Red) and loops.shapes.is_count(value)
    return counts and not loops.shapes.is_membership(value)


RECIPE = Recipe(
    id="count-loop",
    title="How many elements meet a condition: count_nonzero",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="count_between",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    return sum(1 for value in values if value > 0.5)
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(values):
    return sum(value for value in values)
""",
        ),
        Example(
            code="""\
def f(values):
    count = 0
    for value in values:
        if wanted(value):
            count += 1
    return count
""",
        ),
        Example(
            code="""\
def f(values, weight):
    count = 0
    for value in values:
        if value > 0.5:
            count += weight
    return count
""",
        ),
        Example(
            code="""\
def f(values, limit):
    count = 0
    for value in values:
        if value > 0.5:
            count += 1
            if count > limit:
                raise ValueError(value)
    return count
""",
        ),
        Example(
            code="""\
def f(items):
    return sum(1 for item in items if item.price > 0.5)
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def high(values, limit):
    count = 0
    for value in values:
        if value > limit:
            count += 1
    return count
""",
            becomes='''\
import numpy as np

def _high_fast(values, limit):
    """The fast path of `high`; NotImplemented where the original has to run."""
    if not (
        type(values) is np.ndarray
        and values.dtype.char == "d"
        and values.ndim == 1
        and type(limit) in (float, np.float64)
        and len(values) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            count = int(np.count_nonzero(values > limit))
    except Exception:
        return NotImplemented
    return count


def high(values, limit):
    _fast = _high_fast(values, limit)
    if _fast is NotImplemented:
        count = 0
        for value in values:
            if value > limit:
                count += 1
    else:
        count = _fast
    return count
''',
        ),
        Example(
            code="""\
def crossings(left, right):
    return sum(left[i] < right[i] for i in range(len(left)))
""",
            becomes='''\
import numpy as np

def _count(left, right):
    """`sum(left[i] < right[i] for i in range(len(left)))`, by a faster way where that gives the same."""
    if (
        type(left) is np.ndarray
        and left.dtype.char == "d"
        and left.ndim == 1
        and type(right) is np.ndarray
        and right.dtype.char == "d"
        and right.ndim == 1
        and len(right) == len(left)
        and len(left) >= 96
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = int(np.count_nonzero(left < right))
        except Exception:
            pass
        else:
            return result
    return sum(left[i] < right[i] for i in range(len(left)))


def crossings(left, right):
    return _count(left, right)
''',
        ),
        Example(
            code="""\
class Monitor:
    def failures(self, latencies):
        failed = 0
        for number, latency in enumerate(latencies):
            if latency <= self.limit:
                continue
            failed += 1
        return failed / 2  # each was sent twice
""",
            becomes='''\
import numpy as np

def _failures_fast(latencies, self):
    """The fast path of `failures`; NotImplemented where the original has to run."""
    if not (
        type(latencies) is np.ndarray
        and latencies.dtype.char == "d"
        and latencies.ndim == 1
        and type(self.limit) in (float, np.float64)
        and len(latencies) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            failed = int(np.count_nonzero(~(latencies <= self.limit)))
    except Exception:
        return NotImplemented
    return failed


class Monitor:
    def failures(self, latencies):
        _fast = _failures_fast(latencies, self)
        if _fast is NotImplemented:
            failed = 0
            for number, latency in enumerate(latencies):
                if latency <= self.limit:
                    continue
                failed += 1
        else:
            failed = _fast
        return failed / 2  # each was sent twice
''',
        ),
    ),
)
