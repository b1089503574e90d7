"""Distances and norms: squares of whole arrays of differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A sum of squares, and lists of sums of squared differences: to one point, or of all pairs."""
    yield from loops.offers(place, _is_distance, "all differences at once", helper="_distances")


def _is_distance(value: loops.ir.Value) -> bool:
    if loops.shapes.is_square_sum(value):
        return True
    sums = [each for each in loops.ir.walk(value) if isinstance(each, loops.ir.Red)]
    return loops.shapes.is_scores(value) and all(loops.shapes.is_square_sum(each) and _differs(each) for each in sums)


def _differs(value: loops.ir.Red) -> bool:
    """Is something subtracted in it?"""
    return any(isinstance(each, loops.ir.Op) and each.name == "-" for each in loops.ir.walk(value.body))


RECIPE = Recipe(
    id="distance-loop",
    title="Distances and norms: whole arrays instead of loops",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="squared_distances",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="def f(v):\n    return sum(x * x for x in v)\n",
            refused="not-faster",
            facts={"v": "list[float]"},
        ),
        Example(code="def f(u, v):\n    return sum(a * b for a, b in zip(u, v))\n"),
        Example(code="def f(rows, user):\n    return [sum(a * b for a, b in zip(row, user)) for row in rows]\n"),
        Example(code="def f(points):\n    return [[distance(p, q) for q in points] for p in points]\n"),
        Example(code="def f(points):\n    return [max(abs(a) for a in p) for p in points]\n"),
        Example(code="def f(p, q, k):\n    return sum(abs(a - b) ** k for a, b in zip(p, q))\n"),
    ),
    invalid=(
        Example(
            code="""\
import math


def norm(vector):
    return math.sqrt(sum(x * x for x in vector))
""",
            becomes='''\
import math
import numpy as np


def _distances(vector):
    """`sum(x * x for x in vector)`, by a faster way where that gives the same."""
    if type(vector) is np.ndarray and vector.dtype.char == "d" and vector.ndim == 1 and len(vector) >= 48:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.dot(vector, vector)
        except Exception:
            pass
        else:
            return result
    return sum(x * x for x in vector)


def norm(vector):
    return math.sqrt(_distances(vector))
''',
        ),
        Example(
            code="""\
class Index:
    def distances(self, query):
        found = []
        for row in self.rows:
            squared = 0.0
            for i in range(len(query)):
                difference = row[i] - query[i]
                squared += difference * difference
            found.append(squared)
        return found
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


def _f8x2(rows):
    """A list of equally long lists of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(rows, 2)
    count, width = len(rows), len(rows[0])
    record = np.dtype([("tag", "u1"), ("length", "<i4"), ("floats", [("tag", "u1"), ("value", "<f8")], (width,))])
    if width == 0 or len(data) != 5 + record.itemsize * count:
        raise TypeError("not a list of equally long lists of floats")
    found = np.frombuffer(data, record, count, 5)
    listed = (found["tag"] == 91).all() and (found["length"] == width).all()
    if not listed or not (found["floats"]["tag"] == 103).all():
        raise TypeError("not a list of equally long lists of floats")
    return np.ascontiguousarray(found["floats"]["value"])


def _distances_fast(self, query):
    """The fast path of `distances`; NotImplemented where the original has to run."""
    if not (type(self.rows) is list and type(query) is list and len(self.rows) * len(query) >= 1500):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            rows_array = _f8x2(self.rows)
            query_array = _f8(query)
            if rows_array.shape[1] != len(query):
                raise ValueError("lengths differ")
            step = rows_array - query_array
            found = ((step * step).sum(axis=1)).tolist()
    except Exception:
        return NotImplemented
    return found


class Index:
    def distances(self, query):
        _fast = _distances_fast(self, query)
        if _fast is NotImplemented:
            found = []
            for row in self.rows:
                squared = 0.0
                for i in range(len(query)):
                    difference = row[i] - query[i]
                    squared += difference * difference
                found.append(squared)
        else:
            found = _fast
        return found
''',
        ),
        Example(
            code="""\
def gaps(times):
    table = []
    for i in range(len(times)):
        row = []
        for j in range(len(times)):
            row.append(sum((a - b) ** 2 for a, b in zip(times[i], times[j])) ** 0.5)
        table.append(row)
    return table
""",
            becomes='''\
import numpy as np

def _gaps_fast(times):
    """The fast path of `gaps`; NotImplemented where the original has to run."""
    if not (
        type(times) is np.ndarray
        and times.dtype.char == "d"
        and times.ndim == 2
        and times.shape[1] > 0
        and len(times) >= 3
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            total = 0.0
            for k in range(times.shape[1]):
                step = times[:, k][:, None] - times[:, k]
                total = total + step * step
            table = [list(row) for row in np.sqrt(total)]
    except Exception:
        return NotImplemented
    return table


def gaps(times):
    _fast = _gaps_fast(times)
    if _fast is NotImplemented:
        table = []
        for i in range(len(times)):
            row = []
            for j in range(len(times)):
                row.append(sum((a - b) ** 2 for a, b in zip(times[i], times[j])) ** 0.5)
            table.append(row)
    else:
        table = _fast
    return table
''',
            facts={"times": "ndarray[f8, C]"},
        ),
        Example(
            code="""\
def distance(p, q):
    total = 0.0
    for a, b in zip(p, q):
        d = a - b
        total += d**2
    return total**0.5
""",
            becomes='''\
import numpy as np

def _distance_fast(p, q):
    """The fast path of `distance`; NotImplemented where the original has to run."""
    if not (
        type(p) is np.ndarray
        and p.dtype.char == "d"
        and p.ndim == 1
        and type(q) is np.ndarray
        and q.dtype.char == "d"
        and q.ndim == 1
        and len(q) == len(p)
        and len(p) >= 48
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            step = p - q
            total_2 = np.dot(step, step)
            if not np.isfinite(total_2):
                raise ValueError("** raises where it overflows, and BLAS does not")
            total = total_2
    except Exception:
        return NotImplemented
    return total


def distance(p, q):
    _fast = _distance_fast(p, q)
    if _fast is NotImplemented:
        total = 0.0
        for a, b in zip(p, q):
            d = a - b
            total += d**2
    else:
        total = _fast
    return total**0.5
''',
        ),
    ),
)
