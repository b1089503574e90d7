"""Scores of many rows against one vector: one product of a matrix and a vector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A list with a sum over each row of a matrix: dot products, cosines, weighted sums.

    Distances are for distance-loop.
    """
    yield from loops.offers(place, _is_score, "all rows in one product", helper="_scores")


def _is_score(value: loops.ir.Value) -> bool:
    sums = [each for each in loops.ir.walk(value) if isinstance(each, loops.ir.Red)]
    return loops.shapes.is_scores(value) and not all(map(_is_distance, sums))


def _is_distance(value: loops.ir.Red) -> bool:
    """A sum of squared differences?"""
    differs = any(isinstance(each, loops.ir.Op) and each.name == "-" for each in loops.ir.walk(value.body))
    return loops.shapes.is_square_sum(value) and differs


RECIPE = Recipe(
    id="score-rows",
    title="Scores of rows: one product instead of a loop for each row",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="scores",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code="def f(rows, q):\n    return [sum((a - b) ** 2 for a, b in zip(row, q)) for row in rows]\n"),
        Example(code="def f(u, v):\n    return sum(a * b for a, b in zip(u, v))\n"),
        Example(code="def f(rows, user):\n    return [score(user, row) for row in rows]\n"),
        Example(
            code="""\
def f(rows, user):
    scores = []
    for row in rows:
        total = 0.0
        for a, b in zip(user, row):
            total = total * 0.9 + a * b
        scores.append(total)
    return scores
""",
        ),
        Example(
            code="""\
def f(rows, user):
    scores = []
    for row in rows:
        scores.append(sum(a * b for a, b in zip(user, row)))
        report(len(scores))
    return scores
""",
        ),
        Example(
            code="def f(rows: list, user):\n    return [len([a for a in row if a > user]) for row in rows]\n",
        ),
    ),
    invalid=(
        Example(
            code="""\
def score(items, user):
    scores = []
    for item in items:
        total = 0.0
        for i in range(len(user)):  # one term for each dimension
            total += user[i] * item[i]
        scores.append(total)
    return scores
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


def _score_fast(user, items):
    """The fast path of `score`; NotImplemented where the original has to run."""
    if not (type(user) is list and type(items) is list and len(items) * len(user) >= 1500):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            user_array = _f8(user)
            items_array = _f8x2(items)
            if items_array.shape[1] != len(user):
                raise ValueError("lengths differ")
            scores = (items_array @ user_array).tolist()
    except Exception:
        return NotImplemented
    return scores


def score(items, user):
    _fast = _score_fast(user, items)
    if _fast is NotImplemented:
        scores = []
        for item in items:
            total = 0.0
            for i in range(len(user)):  # one term for each dimension
                total += user[i] * item[i]
            scores.append(total)
    else:
        scores = _fast
    return scores
''',
        ),
        Example(
            code="""\
import math


def cosine(a, b):
    ab = aa = bb = 0.0
    for x, y in zip(a, b):
        ab += x * y
        aa += x * x
        bb += y * y
    return ab / math.sqrt(aa * bb)


class Catalogue:
    def similar(self, query):
        return [cosine(query, vector) for vector in self.vectors]
""",
            becomes='''\
import math
import marshal
import numpy as np


def cosine(a, b):
    ab = aa = bb = 0.0
    for x, y in zip(a, b):
        ab += x * y
        aa += x * x
        bb += y * y
    return ab / math.sqrt(aa * bb)


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


def _scores(query, self):
    """`[cosine(query, vector) for vector in self.vectors]`, by a faster way where that gives the same."""
    if type(query) is list and type(self.vectors) is list and len(self.vectors) * len(query) >= 1500:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                query_array = _f8(query)
                vectors_array = _f8x2(self.vectors)
                if vectors_array.shape[1] != len(query):
                    raise ValueError("lengths differ")
                total = vectors_array @ query_array
                total_2 = np.dot(query_array, query_array)
                total_3 = (vectors_array * vectors_array).sum(axis=1)
                result = (total / np.sqrt(total_2 * total_3)).tolist()
        except Exception:
            pass
        else:
            return result
    return [cosine(query, vector) for vector in self.vectors]


class Catalogue:
    def similar(self, query):
        return _scores(query, self)
''',
        ),
        Example(
            code="""\
import numpy as np


def weighted(matrix, weights, bias):
    out = []
    for row in matrix:
        value = bias
        for j, x in enumerate(row):
            value += weights[j] * x
        out.append(value)
    return out
""",
            becomes='''\
import numpy as np


def _weighted_fast(bias, weights, matrix):
    """The fast path of `weighted`; NotImplemented where the original has to run."""
    if not (
        type(bias) is float
        and type(weights) is np.ndarray
        and weights.dtype.char == "d"
        and weights.ndim == 1
        and type(matrix) is np.ndarray
        and matrix.dtype.char == "d"
        and matrix.ndim == 2
        and len(weights) == matrix.shape[1]
        and matrix.shape[1] > 0
        and len(matrix) >= 3
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            out = list(bias + matrix @ weights)
    except Exception:
        return NotImplemented
    return out


def weighted(matrix, weights, bias):
    _fast = _weighted_fast(bias, weights, matrix)
    if _fast is NotImplemented:
        out = []
        for row in matrix:
            value = bias
            for j, x in enumerate(row):
                value += weights[j] * x
            out.append(value)
    else:
        out = _fast
    return out
''',
            facts={"matrix": "ndarray[f8, C]", "weights": "ndarray[f8, C]"},
        ),
    ),
)
