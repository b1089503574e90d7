"""A function applied to each element of a Series: arithmetic on the whole column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`series.apply(function)` or `.map(function)`, the function a lambda or one defined in the same module."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value not in ("apply", "map"):
            continue
        if len(node.args) != 1 or node.args[0].keyword is not None or node.args[0].star:
            continue
        given = node.args[0].value
        if not isinstance(given, cst.Lambda | cst.Name):
            continue
        try:
            function = frames.definition(place, given)
        except frames.Unclear:
            continue  # of a frame, a pool, a group: nothing says that this is a Series
        try:
            yield _rewrite(place, node, node.func.value, function)
        except frames.Unclear as unclear:
            yield unclear.refusal


def _rewrite(
    place: Place, call: cst.Call, receiver: cst.BaseExpression, function: cst.Lambda | cst.FunctionDef
) -> Rewrite:
    series = place.code(receiver)
    if not _is_named(receiver):
        raise frames.Unclear(call, "expression", "the column must have a name: it is looked at more than once")
    fresh = frames.names_in_helper(place, call, function)
    column = fresh("column")
    element = function.params.params[0].name.value
    if frames.is_bound((function.body,), element):
        raise frames.Unclear(call, "element-written", f"`{element}` is bound anew in the function")
    columns: dict[cst.CSTNode, str] = dict.fromkeys(frames.uses_of(place, (function.body,), element), column)
    found = frames.columnwise(place, function, columns, f"len({series})", fresh)
    return Rewrite(
        nodes=(call,),
        reason="arithmetic on the whole column",
        fast=Fast(
            guards=(
                Guard(f"type({series}) is pd.Series", "no Series"),
                Guard(f'{series}.dtype == "float64"', "elements of another type"),
                Guard(f"not {series}.attrs", "attrs, which apply hands on"),
                *(Guard(f"type({each}) is float", "a number of another type") for each in found.invariants),
                Guard(f"len({series}) >= 500", "slower below", speed=True),
            ),
            body=f"{column} = {series}.to_numpy()\n{found.body}\n"
            f"result = pd.Series({found.values}, index={series}.index, name={series}.name)\n",
            may_raise=True,
        ),
        imports=("import numpy as np", "import pandas as pd"),
        helper="_by_column",
    )


def _is_named(node: cst.BaseExpression) -> bool:
    """A name, an attribute of one, or a column of one by its name."""
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        return bool(frames.text_of(node.slice[0].slice.value)) and _is_named(node.value)
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


RECIPE = Recipe(
    id="series-apply",
    title="Series.apply of arithmetic: the arithmetic on the whole column",
    level="guarded",
    rules=("pandas-hot-path",),
    function="charges",
    match=match,
    valid=(
        Example(code="def f(s, g):\n    return s.apply(g)\n"),
        Example(code="def f(s):\n    return s.apply(lambda x: x ** 2)\n", refused="expression"),
        Example(code="import math\n\n\ndef f(s):\n    return s.apply(lambda x: math.exp(x))\n", refused="call"),
        Example(code="def f(s):\n    return s.map(lambda x: x if x > 0.0 else 0)\n", refused="mixed-types"),
        Example(code="def f(s):\n    return s.apply(lambda x: 1.0)\n", refused="constant"),
        Example(code="def f(s):\n    return s.apply(lambda x: len(x) + 1)\n", refused="call"),
        Example(code="def f(s, t):\n    return s.apply(lambda x: x * 2.0, by_row=False)\n"),
        Example(code="def f(g):\n    return g().apply(lambda x: x * 2.0)\n", refused="expression"),
        Example(code="def f(s, table):\n    return s.map(table)\n"),
        Example(
            code="""\
def f(s):
    def twice(x):
        x = x * 2.0
        return x

    return s.apply(twice)
""",
            refused="element-written",
        ),
    ),
    invalid=(
        Example(
            code="""\
import pandas as pd


def scaled(frame):
    frame["share"] = frame["count"].map(lambda count: count / 100.0)  # in percent
    return frame
""",
            becomes='''\
import pandas as pd
import numpy as np


def _by_column(frame):
    """`frame["count"].map(lambda count: count / 100.0)`, by a faster way where that gives the same."""
    if (
        type(frame["count"]) is pd.Series
        and frame["count"].dtype == "float64"
        and not frame["count"].attrs
        and len(frame["count"]) >= 500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                column = frame["count"].to_numpy()
                values = column / 100.0
                result = pd.Series(values, index=frame["count"].index, name=frame["count"].name)
        except Exception:
            pass
        else:
            return result
    return frame["count"].map(lambda count: count / 100.0)


def scaled(frame):
    frame["share"] = _by_column(frame)  # in percent
    return frame
''',
        ),
        Example(
            code="""\
import math


class Grades:
    def graded(self, points):
        def grade(p):
            return "A" if p >= self.best else "B" if math.sqrt(p) > 2 else "C"

        return points.apply(grade)
""",
            becomes='''\
import math
import numpy as np
import pandas as pd


def _by_column(points, self, grade):
    """`points.apply(grade)`, by a faster way where that gives the same."""
    if (
        type(points) is pd.Series
        and points.dtype == "float64"
        and not points.attrs
        and type(self.best) is float
        and len(points) >= 500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                column = points.to_numpy()
                values = np.where(column >= self.best, "A", np.where(np.sqrt(column) > 2, "B", "C")).tolist()
                result = pd.Series(values, index=points.index, name=points.name)
        except Exception:
            pass
        else:
            return result
    return points.apply(grade)


class Grades:
    def graded(self, points):
        def grade(p):
            return "A" if p >= self.best else "B" if math.sqrt(p) > 2 else "C"

        return _by_column(points, self, grade)
''',
        ),
    ),
)
