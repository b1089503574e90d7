"""Positions or elements that meet a condition: one mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A list of those elements, or their positions, that meet a condition; membership is for membership-list."""
    yield from loops.offers(place, _is_filter, "one mask instead of a test for each element", helper="_kept")


def _is_filter(value: loops.ir.Value) -> bool:
    return loops.shapes.is_filter(value) and not loops.shapes.is_membership(value)


RECIPE = Recipe(
    id="filter-loop",
    title="Elements that meet a condition: one mask",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="within",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    return [value for value in values if value > 0.5]
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(ids, seen):
    return [each for each in ids if each not in seen]
""",
        ),
        Example(
            code="""\
def f(values):
    return [value for value in values if wanted(value)]
""",
        ),
        Example(
            code="""\
def f(values, k):
    kept = []
    for value in values:
        if value > 0.5:
            kept.append(value)
        if len(kept) == k:
            break
    return kept
""",
        ),
        Example(
            code="""\
def f(values):
    kept = []
    for value in values:
        if value > 0.5 and (not kept or value > kept[-1]):
            kept.append(value)
    return kept
""",
        ),
        Example(
            code="""\
def f(values, low):
    return list(filter(lambda value: value > low, values))
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def positive(values):
    return [value for value in values if value > 0.0]
""",
            becomes='''\
import numpy as np

def _kept(values):
    """`[value for value in values if value > 0.0]`, by a faster way where that gives the same."""
    if type(values) is np.ndarray and values.dtype.char == "d" and values.ndim == 1 and len(values) >= 96:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = list(values[values > 0.0])
        except Exception:
            pass
        else:
            return result
    return [value for value in values if value > 0.0]


def positive(values):
    return _kept(values)
''',
        ),
        Example(
            code="""\
def alarms(readings, limits):
    found = []
    for i in range(len(readings)):
        if readings[i] <= limits[i]:
            continue
        found.append(i)  # over its own limit
    return found
""",
            becomes='''\
import numpy as np

def _alarms_fast(readings, limits):
    """The fast path of `alarms`; NotImplemented where the original has to run."""
    if not (
        type(readings) is np.ndarray
        and readings.dtype.char == "d"
        and readings.ndim == 1
        and type(limits) is np.ndarray
        and limits.dtype.char == "d"
        and limits.ndim == 1
        and len(limits) == len(readings)
        and len(readings) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found = np.flatnonzero(~(readings <= limits)).tolist()
    except Exception:
        return NotImplemented
    return found


def alarms(readings, limits):
    _fast = _alarms_fast(readings, limits)
    if _fast is NotImplemented:
        found = []
        for i in range(len(readings)):
            if readings[i] <= limits[i]:
                continue
            found.append(i)  # over its own limit
    else:
        found = _fast
    return found
''',
        ),
        Example(
            code="""\
class Board:
    def middle(self):
        return [i for i in range(len(self.x)) if self.x[i] > 0.2 and self.x[i] < 0.8]
""",
            becomes='''\
import marshal
import numpy as np

_FLOAT = np.dtype([("tag", "u1"), ("value", "<f8")])


def _f8(floats):
    """A list of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(floats, 2)
    count = len(floats)
    if len(data) != 5 + 9 * count or data[5::9].count(b"g") != count:
        raise TypeError("not a list of floats")
    return np.frombuffer(data, _FLOAT, count, 5)["value"].copy()


def _kept(self):
    """`[i for i in range(len(self.x)) if self.x[i] > 0.2 and self.x …`, by a faster way where that gives the same."""
    if type(self.x) is list and len(self.x) >= 450:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                x_array = _f8(self.x)
                result = np.flatnonzero((x_array > 0.2) & (x_array < 0.8)).tolist()
        except Exception:
            pass
        else:
            return result
    return [i for i in range(len(self.x)) if self.x[i] > 0.2 and self.x[i] < 0.8]


class Board:
    def middle(self):
        return _kept(self)
''',
            facts={"self.x": "list[float]"},
        ),
    ),
)
