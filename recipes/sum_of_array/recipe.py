"""The builtin sum over an array: the array's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`sum(values)` of a local name that is an array, or of which nothing is known."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if not place.is_builtin(node.func, "sum") or len(node.args) != 1:
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
        yield Rewrite(
            nodes=(node,),
            reason=f"{name} added up by numpy",
            fast=Fast(
                guards=(
                    Guard(f"type({name}) is np.ndarray", "lists, masked arrays, iterators"),
                    Guard(f'{name}.dtype.char == "d"', "float32 rounds otherwise, small ints wrap"),
                    Guard(f"{name}.ndim == 1", "the sum of rows is a row"),
                    Guard(f"{name}.size >= 64", "slower below; the sum of nothing is an int", speed=True),
                ),
                body=f"result = {name}.sum()",
                may_raise=True,
            ),
            imports=("import numpy as np",),
            helper="_sum",
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
    id="sum-of-array",
    title="The builtin sum over an array: the array's own",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="total",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code="def f(xs):\n    return sum(xs)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return sum(xs, 1.0)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return sum(x * x for x in xs)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    ys = [x * x for x in xs]\n    return sum(ys)\n"),
        Example(code=f"{_HEAD}def f(xs):\n    return sum(xs)\n", facts={"xs": "list[float]"}, refused="no-array"),
        Example(code=f"{_HEAD}def f(sum, xs):\n    return sum(xs)\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy as np


def normalised(weights):
    weights = np.asarray(weights)
    return weights / sum(weights)  # so that they add up to one
""",
            becomes='''\
import numpy as np


def _sum(weights):
    """`sum(weights)`, by a faster way where that gives the same."""
    if (
        type(weights) is np.ndarray
        and weights.dtype.char == "d"
        and weights.ndim == 1
        and weights.size >= 64
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = weights.sum()
        except Exception:
            pass
        else:
            return result
    return sum(weights)


def normalised(weights):
    weights = np.asarray(weights)
    return weights / _sum(weights)  # so that they add up to one
''',
        ),
        Example(
            code="""\
class Window:
    def load(self, values):
        return 1.0 + sum(values)
""",
            facts={"values": "ndarray[f8, C]"},
            becomes='''\
import numpy as np

def _sum(values):
    """`sum(values)`, by a faster way where that gives the same."""
    if type(values) is np.ndarray and values.dtype.char == "d" and values.ndim == 1 and values.size >= 64:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = values.sum()
        except Exception:
            pass
        else:
            return result
    return sum(values)


class Window:
    def load(self, values):
        return 1.0 + _sum(values)
''',
        ),
    ),
)
