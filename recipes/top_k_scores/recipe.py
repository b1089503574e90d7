"""The best k of a list or array of scores: a partition, then a sort of those that are left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`sorted(…, key=…)[:k]` over positions or elements."""
    yield from loops.offers(place, loops.shapes.is_top, "only the best are sorted", helper="_best")


RECIPE = Recipe(
    id="top-k-scores",
    title="The best k of many scores: a partition before the sort",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="best",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(scores, k):
    return sorted(scores, reverse=True)[:k]
""",
            refused="not-faster",
            facts={"scores": "list[float]"},
        ),
        Example(
            code="""\
def f(scores):
    return sorted(scores, key=lambda score: -score)
""",
        ),
        Example(
            code="""\
def f(items, k):
    return sorted(items, key=lambda item: item.score, reverse=True)[:k]
""",
        ),
        Example(
            code="""\
def f(scores, k):
    return sorted(range(len(scores)), key=scores.__getitem__)[k:]
""",
        ),
        Example(
            code="""\
def f(scores, k, sorted):
    return sorted(range(len(scores)), key=lambda i: scores[i])[:k]
""",
        ),
        Example(
            code="""\
def f(scores, k):
    return sorted(range(len(scores)), key=lambda i: (scores[i], i))[:k]
""",
            refused="expression",
        ),
    ),
    invalid=(
        Example(
            code="""\
def lowest(scores, k):
    return sorted(range(len(scores)), key=lambda i: scores[i])[:k]
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


def _best(scores, k):
    """`sorted(range(len(scores)), key=lambda i: scores[i])[:k]`, by a faster way where that gives the same."""
    if type(scores) is list and type(k) is int and abs(k) < 2**40 and len(scores) >= 768:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                scores_array = _f8(scores)
                if not 0 < k < len(scores_array) // 8:
                    raise ValueError("no short head")
                if np.isnan(scores_array).any():
                    raise ValueError("NaN has no place in an order")
                bound = np.partition(scores_array, k - 1)[k - 1]
                head = np.flatnonzero(scores_array <= bound)
                result = head[np.argsort(scores_array[head], kind="stable")][:k].tolist()
        except Exception:
            pass
        else:
            return result
    return sorted(range(len(scores)), key=lambda i: scores[i])[:k]


def lowest(scores, k):
    return _best(scores, k)
''',
        ),
        Example(
            code="""\
class Board:
    def first(self):
        return sorted(self.scores, key=lambda score: -score)[:10]
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


def _best(self):
    """`sorted(self.scores, key=lambda score: -score)[:10]`, by a faster way where that gives the same."""
    if type(self.scores) is list and len(self.scores) >= 768:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                scores_array = _f8(self.scores)
                order = -scores_array
                if not 0 < 10 < len(order) // 8:
                    raise ValueError("no short head")
                if np.isnan(order).any():
                    raise ValueError("NaN has no place in an order")
                bound = np.partition(order, 10 - 1)[10 - 1]
                head = np.flatnonzero(order <= bound)
                result = [self.scores[place] for place in head[np.argsort(order[head], kind="stable")][:10].tolist()]
        except Exception:
            pass
        else:
            return result
    return sorted(self.scores, key=lambda score: -score)[:10]


class Board:
    def first(self):
        return _best(self)
''',
        ),
        Example(
            code="""\
def best(scores, count):
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[:count]
    return {"ids": order}
""",
            becomes='''\
import numpy as np

def _best(scores, count):
    """`sorted(range(len(scores)), key=lambda i: -scores[i])[:count]`, by a faster way where that gives the same."""
    if (
        type(scores) is np.ndarray
        and scores.dtype.char == "d"
        and scores.ndim == 1
        and type(count) is int
        and abs(count) < 2**40
        and len(scores) >= 768
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                order_2 = -scores
                if not 0 < count < len(order_2) // 8:
                    raise ValueError("no short head")
                if np.isnan(order_2).any():
                    raise ValueError("NaN has no place in an order")
                bound = np.partition(order_2, count - 1)[count - 1]
                head = np.flatnonzero(order_2 <= bound)
                result = head[np.argsort(order_2[head], kind="stable")][:count].tolist()
        except Exception:
            pass
        else:
            return result
    return sorted(range(len(scores)), key=lambda i: -scores[i])[:count]


def best(scores, count):
    order = _best(scores, count)
    return {"ids": order}
''',
            facts={"scores": "ndarray[f8, C]"},
        ),
    ),
)
