"""Which element or row is the best: argmin of whole arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """The position of the largest or smallest key, or what goes with it: of elements, of rows, of distances."""
    yield from loops.offers(place, loops.shapes.is_arg, "the best one by argmin or argmax", helper="_nearest")


RECIPE = Recipe(
    id="nearest-row",
    title="Which row is nearest: argmin instead of a loop",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="nearest",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    return max(range(len(values)), key=lambda i: values[i])
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(rows, query):
    return min(range(len(rows)), key=lambda i: sum((a - b) ** 2 for a, b in zip(rows[i], query)))
""",
            refused="compensated-sum",
            facts={"rows": "list[list[float]]", "query": "list[float]"},
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
    best, name = 0.0, ""
    for item in items:
        if item.score > best:
            best, name = item.score, item.name
    return name
""",
        ),
        Example(
            code="""\
def f(values, limit):
    for i, value in enumerate(values):
        if value > limit:
            return i
    return -1
""",
        ),
        Example(
            code="""\
def f(values, seen):
    best, at = 0.0, -1
    for i, value in enumerate(values):
        if value > best and i not in seen:
            best, at = value, i
            seen.add(i)
    return at
""",
        ),
        Example(
            code="""\
def f(rows, query):
    return min(rows, key=lambda row: distance(row, query))
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def nearest(rows, query):
    best = None
    at = -1
    for number, row in enumerate(rows):
        distance = 0.0
        for x, y in zip(row, query):
            distance += (x - y) * (x - y)
        if best is None or distance < best:
            best = distance
            at = number
    return at
""",
            becomes='''\
import numpy as np

def _nearest_fast(rows, query):
    """The fast path of `nearest`; NotImplemented where the original has to run."""
    if not (
        type(rows) is np.ndarray
        and rows.dtype.char == "d"
        and rows.ndim == 2
        and type(query) is np.ndarray
        and query.dtype.char == "d"
        and query.ndim == 1
        and len(query) == rows.shape[1]
        and rows.shape[1] > 0
        and len(rows) >= 3
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            step = rows - query
            if len(rows) < 2:
                raise ValueError("one sum alone is not taken in order")
            total = np.ascontiguousarray((step * step).T).sum(axis=0) + 0.0
            best_at = int(total.argmin())
            if total[best_at] != total[best_at]:
                raise ValueError("NaN")
            at = best_at
    except Exception:
        return NotImplemented
    return at


def nearest(rows, query):
    _fast = _nearest_fast(rows, query)
    if _fast is NotImplemented:
        best = None
        at = -1
        for number, row in enumerate(rows):
            distance = 0.0
            for x, y in zip(row, query):
                distance += (x - y) * (x - y)
            if best is None or distance < best:
                best = distance
                at = number
    else:
        at = _fast
    return at
''',
            facts={"rows": "ndarray[f8, C]", "query": "ndarray[f8, C]"},
        ),
        Example(
            code="""\
class Ranking:
    def worst(self):
        return min(range(len(self.scores)), key=lambda i: self.scores[i])
""",
            becomes='''\
import numpy as np

def _nearest(self):
    """`min(range(len(self.scores)), key=lambda i: self.scores[i])`, by a faster way where that gives the same."""
    if (
        type(self.scores) is np.ndarray
        and self.scores.dtype.char == "d"
        and self.scores.ndim == 1
        and len(self.scores) >= 96
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                keys = self.scores
                best_at = int(keys.argmin())
                if keys[best_at] != keys[best_at]:
                    raise ValueError("NaN")
                result = best_at
        except Exception:
            pass
        else:
            return result
    return min(range(len(self.scores)), key=lambda i: self.scores[i])


class Ranking:
    def worst(self):
        return _nearest(self)
''',
        ),
        Example(
            code="""\
import math


def loudest(left, right):
    level, found, i = -math.inf, -1, 0
    while i < len(left):
        sample = abs(left[i] - right[i])
        if sample >= level:  # the last of equals
            level, found = sample, i
        i += 1
    return found
""",
            becomes='''\
import math
import numpy as np


def _loudest_fast(left, right):
    """The fast path of `loudest`; NotImplemented where the original has to run."""
    if not (
        type(left) is np.ndarray
        and left.dtype.char == "d"
        and left.ndim == 1
        and type(right) is np.ndarray
        and right.dtype.char == "d"
        and right.ndim == 1
        and len(right) == len(left)
        and len(left) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            keys = np.abs(left - right)
            best_at = len(keys) - 1 - int(keys[::-1].argmax())
            if keys[best_at] != keys[best_at]:
                raise ValueError("NaN")
            found = best_at if keys[best_at] >= -np.inf else -1
    except Exception:
        return NotImplemented
    return found


def loudest(left, right):
    _fast = _loudest_fast(left, right)
    if _fast is NotImplemented:
        level, found, i = -math.inf, -1, 0
        while i < len(left):
            sample = abs(left[i] - right[i])
            if sample >= level:  # the last of equals
                level, found = sample, i
            i += 1
    else:
        found = _fast
    return found
''',
        ),
    ),
)
