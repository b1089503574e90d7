"""The builtin max or min over an array: its place by numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`max(values)` or `min(values)` of a local name that is an array, or of which nothing is known."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        called = place.qualified(node.func)
        if called not in ("builtins.max", "builtins.min") or len(node.args) != 1:
            continue
        (arg,) = node.args
        if arg.keyword is not None or arg.star or not isinstance(arg.value, cst.Name):
            continue
        name = arg.value.value
        kind = place.kind(name)
        if not place.is_local(name) or (kind is None and not _looks_like_array(place, name)):
            continue
        if kind is not None and kind.name != "ndarray":
            yield Refusal(node, "no-array", f"`{name}` is no array here, and the builtin is right for it")
            continue
        function = called.rpartition(".")[2]
        yield Rewrite(
            nodes=(node,),
            reason=f"the {function} of {name} found by numpy",
            fast=Fast(
                guards=(
                    Guard(f"type({name}) is np.ndarray", "lists, masked arrays, iterators"),
                    Guard(f'{name}.dtype.char in "dl"', "records, objects and text compare in their own way"),
                    Guard(f"{name}.ndim == 1", "rows do not compare"),
                    Guard(f"{name}.size >= 12", "slower below; of nothing there is none", speed=True),
                ),
                body=f"result = {name}[{name}.arg{function}()]",
                after=(Guard("result == result", "where NaN stands decides what the builtin says"),),
            ),
            imports=("import numpy as np",),
            helper=f"_{function}",
        )


def _looks_like_array(place: Place, name: str) -> bool:
    """Does the module use numpy, and is the name no list that the function makes itself?"""
    for statement in place.every_statement():
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=found))], value=value)]
            ) if found == name and isinstance(value, cst.List | cst.ListComp | cst.Tuple | cst.Dict | cst.GeneratorExp):
                return False
    return any(
        isinstance(each, cst.SimpleStatementLine)
        and any(isinstance(small, cst.Import | cst.ImportFrom) and "numpy" in place.code(small) for small in each.body)
        for each in place.module.tree.body
    )


_HEAD = "import numpy as np\n\n\n"

RECIPE = Recipe(
    id="max-of-array",
    title="The builtin max or min over an array: its place by numpy",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="peak",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code="def f(xs):\n    return max(xs)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return max(xs, key=abs)\n"),
        Example(code=f"{_HEAD}def f(xs, y):\n    return max(xs, y)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return max(x * x for x in xs)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    ys = [x * x for x in xs]\n    return max(ys)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return min(xs)\n", facts={"xs": "list[float]"}, refused="no-array"),
        Example(code=f"{_HEAD}def f(max, xs):\n    return max(xs)\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy as np


def scaled(scores):
    low, high = min(scores), max(scores)  # of all candidates
    return (scores - low) / (high - low)
""",
            becomes='''\
import numpy as np


def _min(scores):
    """`min(scores)`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.dtype.char in "dl" and scores.ndim == 1 and scores.size >= 12:
        result = scores[scores.argmin()]
        if result == result:
            return result
    return min(scores)


def _max(scores):
    """`max(scores)`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.dtype.char in "dl" and scores.ndim == 1 and scores.size >= 12:
        result = scores[scores.argmax()]
        if result == result:
            return result
    return max(scores)


def scaled(scores):
    low, high = _min(scores), _max(scores)  # of all candidates
    return (scores - low) / (high - low)
''',
        ),
        Example(
            code="""\
class Window:
    def slowest(self, values):
        return 1000.0 * max(values)
""",
            facts={"values": "ndarray[f8, C]"},
            becomes='''\
import numpy as np

def _max(values):
    """`max(values)`, by a faster way where that gives the same."""
    if type(values) is np.ndarray and values.dtype.char in "dl" and values.ndim == 1 and values.size >= 12:
        result = values[values.argmax()]
        if result == result:
            return result
    return max(values)


class Window:
    def slowest(self, values):
        return 1000.0 * _max(values)
''',
        ),
    ),
)
