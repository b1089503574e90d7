"""A sum of products over two arrays: one dot product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A sum of products; sums of squares are for distance-loop."""
    yield from loops.offers(place, _is_product_sum, "one dot product", helper="_dot")


def _is_product_sum(value: loops.ir.Value) -> bool:
    return loops.shapes.is_dot(value) and not loops.shapes.is_square_sum(value)


RECIPE = Recipe(
    id="dot-loop",
    title="A dot product of arrays: one call instead of a loop",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="weighted",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="def f(u, v):\n    return sum(a * b for a, b in zip(u, v))\n",
            refused="not-faster",
            facts={"u": "list[float]", "v": "list[float]"},
        ),
        Example(
            code="""\
def f(prices, counts):
    total = 0
    for i in range(len(prices)):
        total += int(prices[i]) * int(counts[i])
    return total
""",
            refused="int-sum",
        ),
        Example(
            code="""\
def f(u, v, log):
    total = 0.0
    for a, b in zip(u, v):
        total += a * b
        log.append(total)
    return total
""",
        ),
        Example(code="def f(u):\n    return sum(a * 2.0 for a in u)\n"),
        Example(code="def f(u, v):\n    return sum(a + b for a, b in zip(u, v))\n"),
        Example(code="def f(u, v, sum):\n    return sum(a * b for a, b in zip(u, v))\n"),
        Example(
            code="""\
def f(u, v):
    total = 0.0
    for a, b in zip(u, v):
        if total > 10.0:
            break
        total += a * b
    return total
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def match(user, item):
    return sum(a * b for a, b in zip(user, item))
""",
            becomes='''\
import numpy as np

def _dot(user, item):
    """`sum(a * b for a, b in zip(user, item))`, by a faster way where that gives the same."""
    if (
        type(user) is np.ndarray
        and user.dtype.char == "d"
        and user.ndim == 1
        and type(item) is np.ndarray
        and item.dtype.char == "d"
        and item.ndim == 1
        and len(item) == len(user)
        and len(user) >= 48
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.dot(user, item)
        except Exception:
            pass
        else:
            return result
    return sum(a * b for a, b in zip(user, item))


def match(user, item):
    return _dot(user, item)
''',
        ),
        Example(
            code="""\
class Linear:
    def predict(self, features):
        score = self.bias
        for i, weight in enumerate(self.weights):
            score += weight * features[i]  # the bias comes first
        return score
""",
            becomes='''\
import numpy as np

def _predict_fast(self, features):
    """The fast path of `predict`; NotImplemented where the original has to run."""
    if not (
        type(self.bias) in (float, np.float64)
        and type(self.weights) is np.ndarray
        and self.weights.dtype.char == "d"
        and self.weights.ndim == 1
        and type(features) is np.ndarray
        and features.dtype.char == "d"
        and features.ndim == 1
        and len(features) == len(self.weights)
        and len(self.weights) >= 48
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            score = self.bias + np.dot(self.weights, features)
    except Exception:
        return NotImplemented
    return score


class Linear:
    def predict(self, features):
        _fast = _predict_fast(self, features)
        if _fast is NotImplemented:
            score = self.bias
            for i, weight in enumerate(self.weights):
                score += weight * features[i]  # the bias comes first
        else:
            score = _fast
        return score
''',
        ),
        Example(
            code="""\
from functools import reduce


def total(x, y):
    return reduce(lambda t, i: t + x[i] * y[i], range(len(x)), 0.0)
""",
            becomes='''\
from functools import reduce
import numpy as np


def _dot(x, y):
    """`reduce(lambda t, i: t + x[i] * y[i], range(len(x)), 0.0)`, by a faster way where that gives the same."""
    if (
        type(x) is np.ndarray
        and x.dtype.char == "d"
        and x.ndim == 1
        and type(y) is np.ndarray
        and y.dtype.char == "d"
        and y.ndim == 1
        and len(y) == len(x)
        and len(x) >= 48
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.dot(x, y)
        except Exception:
            pass
        else:
            return result
    return reduce(lambda t, i: t + x[i] * y[i], range(len(x)), 0.0)


def total(x, y):
    return _dot(x, y)
''',
        ),
        Example(
            code="""\
import numpy as np


def similarity(a, b):
    i, dot = 0, 0.0
    while i < len(a):
        dot = dot + a[i] * b[i]
        i += 1
    return round(dot, 3)
""",
            becomes='''\
import numpy as np


def _similarity_fast(a, b):
    """The fast path of `similarity`; NotImplemented where the original has to run."""
    if not (
        type(a) is np.ndarray
        and a.dtype.char == "d"
        and a.ndim == 1
        and type(b) is np.ndarray
        and b.dtype.char == "d"
        and b.ndim == 1
        and len(b) == len(a)
        and len(a) >= 48
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            dot = np.dot(a, b)
    except Exception:
        return NotImplemented
    return dot


def similarity(a, b):
    _fast = _similarity_fast(a, b)
    if _fast is NotImplemented:
        i, dot = 0, 0.0
        while i < len(a):
            dot = dot + a[i] * b[i]
            i += 1
    else:
        dot = _fast
    return round(dot, 3)
''',
        ),
    ),
)
