"""Arithmetic on each element: one expression of whole arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A list of arithmetic on elements, one for each position: nothing is summed or searched."""
    yield from loops.offers(place, loops.shapes.is_elementwise, "one expression for all elements", helper="_each")


RECIPE = Recipe(
    id="elementwise-loop",
    title="Arithmetic on each element: one expression of arrays",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="powers",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    return [value * 2.0 for value in values]
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(values):
    return [value.price * 2.0 - 1.0 for value in values]
""",
        ),
        Example(
            code="""\
def f(values, log):
    out = []
    for value in values:
        out.append((value - 1.0) / 2.0)
        log.append(value)
    return out
""",
        ),
        Example(
            code="""\
def f(values):
    return [handle(value) for value in values]
""",
        ),
        Example(
            code="""\
def f(values, decay):
    out = []
    last = 0.0
    for value in values:
        last = last * decay + value
        out.append(last)
    return out
""",
        ),
        Example(
            code="""\
def clipped(values, low):
    return [low if value < low else value for value in values]
""",
            refused="mixed-types",
            facts={"values": "ndarray[f8, C]", "low": "float"},
        ),
        Example(
            code="""\
def f(values):
    return [(value - 1.0) / 2.0 for value in values if value > 0.0]
""",
        ),
        Example(
            code="""\
def f(values):
    for value in values:
        yield (value - 1.0) / 2.0
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
import math


def sigmoids(scores):
    return [1.0 / (1.0 + math.exp(-score)) for score in scores]
""",
            becomes='''\
import math
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


def _each(scores):
    """`[1.0 / (1.0 + math.exp(-score)) for score in scores]`, by a faster way where that gives the same."""
    if type(scores) is list and len(scores) >= 450:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                scores_array = _f8(scores)
                result = (1.0 / (1.0 + np.exp(-scores_array))).tolist()
        except Exception:
            pass
        else:
            return result
    return [1.0 / (1.0 + math.exp(-score)) for score in scores]


def sigmoids(scores):
    return _each(scores)
''',
        ),
        Example(
            code="""\
class Mixer:
    def mixed(self, old, new):
        mixed = []
        for i in range(len(old)):
            mixed.append(self.share * new[i] + (1.0 - self.share) * old[i])
        return mixed
""",
            becomes='''\
import numpy as np

def _mixed_fast(self, new, old):
    """The fast path of `mixed`; NotImplemented where the original has to run."""
    if not (
        type(self.share) in (float, np.float64)
        and type(new) is np.ndarray
        and new.dtype.char == "d"
        and new.ndim == 1
        and type(old) is np.ndarray
        and old.dtype.char == "d"
        and old.ndim == 1
        and len(new) == len(old)
        and len(old) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            mixed = list(self.share * new + (1.0 - self.share) * old)
    except Exception:
        return NotImplemented
    return mixed


class Mixer:
    def mixed(self, old, new):
        _fast = _mixed_fast(self, new, old)
        if _fast is NotImplemented:
            mixed = []
            for i in range(len(old)):
                mixed.append(self.share * new[i] + (1.0 - self.share) * old[i])
        else:
            mixed = _fast
        return mixed
''',
        ),
        Example(
            code="""\
def convert(degrees):
    return (degrees - 32.0) * 5.0 / 9.0


def celsius(fahrenheit):
    result = []
    for position, degrees in enumerate(fahrenheit):
        result.append(convert(degrees))  # to one decimal place later
    return result
""",
            becomes='''\
import numpy as np

def convert(degrees):
    return (degrees - 32.0) * 5.0 / 9.0


def _celsius_fast(fahrenheit):
    """The fast path of `celsius`; NotImplemented where the original has to run."""
    if not (
        type(fahrenheit) is np.ndarray
        and fahrenheit.dtype.char == "d"
        and fahrenheit.ndim == 1
        and len(fahrenheit) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            result = list((fahrenheit - 32.0) * 5.0 / 9.0)
    except Exception:
        return NotImplemented
    return result


def celsius(fahrenheit):
    _fast = _celsius_fast(fahrenheit)
    if _fast is NotImplemented:
        result = []
        for position, degrees in enumerate(fahrenheit):
            result.append(convert(degrees))  # to one decimal place later
    else:
        result = _fast
    return result
''',
            facts={"fahrenheit": "ndarray[f8, C]"},
        ),
    ),
)
