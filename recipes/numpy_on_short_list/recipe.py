"""The mean or sum of a short list by numpy: Python's own sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_FUNCTIONS = {"numpy.mean": " / len({})", "numpy.sum": ""}


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`np.mean(values)` and `np.sum(values)`, with or without float() around it."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        called = place.qualified(node.func)
        if called not in _FUNCTIONS or not node.args:
            continue
        first, *options = node.args
        if options or first.keyword is not None or first.star:
            yield Refusal(node, "options", "an axis or a dtype says that arrays are meant")
            continue
        if not isinstance(first.value, cst.Name) or not place.is_local(first.value.value):
            yield Refusal(node, "expression", "the values must have a local name: they are looked at more than once")
            continue
        name = first.value.value
        kind = place.kind(name)
        if kind is not None and kind.name != "list":
            yield Refusal(node, "no-list", f"`{name}` is no list here")
            continue
        if place.size is not None and place.size > 96:
            yield Refusal(node, "not-faster", "numpy is faster for lists of this size, or as fast")
            continue
        yield _rewrite(place, node, name, _FUNCTIONS[called].format(name))


def _rewrite(place: Place, call: cst.Call, name: str, mean: str) -> Rewrite:
    arg = place.module.parent(call)
    around = place.module.parent(arg) if isinstance(arg, cst.Arg) else None
    plain = isinstance(around, cst.Call) and len(around.args) == 1 and place.is_builtin(around.func, "float")
    value = f"total{mean}" if mean or not plain else ""
    value = value if plain else f"np.float64({value})"
    total = "total" if value else "result"
    return Rewrite(
        nodes=(around if plain and around is not None else call,),
        reason=f"{name} added up without an array",
        fast=Fast(
            guards=(
                Guard(f"type({name}) is list", "arrays, and whatever else numpy takes"),
                Guard(f"len({name}) <= 96", "slower above", speed=True),
                Guard(f"set(map(type, {name})) == {{float}}", "ints, None, text, rows; a mean of nothing"),
            ),
            body=f"{total} = sum({name})" + (f"\nresult = {value}" if value else ""),
            after=(Guard(f"{total} - {total} == 0.0", "numpy warns of overflow, and of infinity less infinity"),),
        ),
        imports=() if plain else ("import numpy as np",),
        helper="_mean" if mean else "_total",
    )


_HEAD = "import numpy as np\n\n\n"

RECIPE = Recipe(
    id="numpy-on-short-list",
    title="The mean or sum of a short list by numpy: Python's own sum",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="average",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code=f"{_HEAD}def f(xs):\n    return np.median(xs)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return xs.mean()\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return np.mean(xs, axis=0)\n", refused="options"),
        Example(code=f"{_HEAD}def f(xs):\n    return np.sum([x * x for x in xs])\n", refused="expression"),
        Example(code=f"{_HEAD}def f(xs):\n    return np.mean(xs)\n", facts={"xs": "ndarray[f8, C]"}, refused="no-list"),
        Example(code=f"{_HEAD}def f(xs):\n    return np.mean(xs)\n", size=5000, refused="not-faster"),
        Example(code="def f(np, xs):\n    return np.mean(xs)\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy as np


def drift(window, reference):
    # both are short
    return np.mean(window) - float(np.sum(reference))
""",
            becomes='''\
import numpy as np


def _mean(window):
    """`np.mean(window)`, by a faster way where that gives the same."""
    if type(window) is list and len(window) <= 96 and set(map(type, window)) == {float}:
        total = sum(window)
        result = np.float64(total / len(window))
        if total - total == 0.0:
            return result
    return np.mean(window)


def _total(reference):
    """`float(np.sum(reference))`, by a faster way where that gives the same."""
    if type(reference) is list and len(reference) <= 96 and set(map(type, reference)) == {float}:
        result = sum(reference)
        if result - result == 0.0:
            return result
    return float(np.sum(reference))


def drift(window, reference):
    # both are short
    return _mean(window) - _total(reference)
''',
        ),
        Example(
            code="""\
from numpy import mean as average


class Latency:
    def add(self, seconds):
        recent = self.recent[-20:]
        self.mean = average(recent)
""",
            becomes='''\
from numpy import mean as average
import numpy as np


def _mean(recent):
    """`average(recent)`, by a faster way where that gives the same."""
    if type(recent) is list and len(recent) <= 96 and set(map(type, recent)) == {float}:
        total = sum(recent)
        result = np.float64(total / len(recent))
        if total - total == 0.0:
            return result
    return average(recent)


class Latency:
    def add(self, seconds):
        recent = self.recent[-20:]
        self.mean = _mean(recent)
''',
        ),
    ),
)
