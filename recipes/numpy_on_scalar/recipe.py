"""One number clipped by numpy: two comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_LARGEST = 2.0**53
"""Up to here every int is a float as well."""


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`np.clip(x, low, high)`, with or without float() around it, of plain names."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if place.qualified(node.func) != "numpy.clip":
            continue
        values = _arguments(node)
        if values is None:
            yield Refusal(node, "arguments", "only a value and two bounds are understood")
            continue
        x, *bounds = values
        limits = [_number(place, bound) for bound in bounds]
        if not isinstance(x, cst.Name) or not place.is_local(x.value) or None in limits:
            yield Refusal(node, "expression", "value and bounds must be local names or numbers: they are used twice")
            continue
        kind = place.kind(x.value)
        if kind is not None and kind.name not in ("float", "int"):
            yield Refusal(node, "no-scalar", f"`{x.value}` is no single number here")
            continue
        low, high = (str(limit) for limit in limits)
        if all(isinstance(limit, float) for limit in limits) and float(low) > float(high):
            yield Refusal(node, "bounds", "the lower bound is above the upper one")
            continue
        yield _rewrite(place, node, x.value, low, high)


def _arguments(call: cst.Call) -> list[cst.BaseExpression] | None:
    named = {"a": 0, "a_min": 1, "a_max": 2}
    found: dict[int, cst.BaseExpression] = {}
    for at, arg in enumerate(call.args):
        place = at if arg.keyword is None else named.get(arg.keyword.value, 3)
        if arg.star or place in found:
            return None
        found[place] = arg.value
    return [found[at] for at in range(3)] if sorted(found) == [0, 1, 2] else None


def _number(place: Place, node: cst.BaseExpression) -> float | str | None:
    """The number that is written there, or the local name."""
    if isinstance(node, cst.Name):
        return node.value if place.is_local(node.value) else None
    negative = isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus)
    literal = node.expression if isinstance(node, cst.UnaryOperation) and negative else node
    if not isinstance(literal, cst.Integer | cst.Float):
        return None
    value = float(literal.evaluated_value)
    return None if abs(value) > _LARGEST else -value if negative else value


def _rewrite(place: Place, call: cst.Call, x: str, low: str, high: str) -> Rewrite:
    names = [each for each in (low, high) if each.isidentifier()]
    guards = [Guard(f"type({x}) is float", "arrays, ints, and numbers of other kinds")]
    guards += [Guard(f"type({each}) is float", "an int bound of an array, and None for no bound") for each in names]
    if names:
        guards.append(Guard(f"{low} <= {high}", "crossed bounds, and NaN"))
    around = _float_around(place, call)
    chosen = f"{low} if {x} < {low} else {high} if {x} > {high} else {x}"
    return Rewrite(
        nodes=(call if around is None else around,),
        reason=f"{x} compared with two numbers",
        fast=Fast(
            guards=tuple(guards),
            body=f"result = np.float64({chosen})" if around is None else f"result = {chosen}",
        ),
        imports=("import numpy as np",) if around is None else (),
        helper="_clipped",
    )


def _float_around(place: Place, call: cst.Call) -> cst.Call | None:
    """`float(...)`, where the call is all that it is given."""
    arg = place.module.parent(call)
    around = place.module.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(around, cst.Call) or len(around.args) != 1 or around.args[0].keyword is not None:
        return None
    return around if place.is_builtin(around.func, "float") and not around.args[0].star else None


_HEAD = "import numpy as np\n\n\n"

RECIPE = Recipe(
    id="numpy-on-scalar",
    title="One number clipped by numpy: two comparisons",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="probability",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code=f"{_HEAD}def f(x):\n    return np.sqrt(x)\n"),
        Example(code=f"{_HEAD}def f(x, o):\n    np.clip(x, 0.0, 1.0, out=o)\n", refused="arguments"),
        Example(code=f"{_HEAD}def f(x):\n    return np.clip(x + 1.0, 0.0, 1.0)\n", refused="expression"),
        Example(code=f"{_HEAD}def f(x):\n    return np.clip(x, None, 1.0)\n", refused="expression"),
        Example(code=f"{_HEAD}def f(x):\n    return np.clip(x, 1.0, 0.0)\n", refused="bounds"),
        Example(
            code=f"{_HEAD}def f(x):\n    return np.clip(x, 0.0, 1.0)\n",
            facts={"x": "ndarray[f8, C]"},
            refused="no-scalar",
        ),
        Example(code="def f(np, x):\n    return np.clip(x, 0.0, 1.0)\n"),
    ),
    invalid=(
        Example(
            code="""\
from numpy import clip


class Model:
    def predict(self, features):
        score = self.raw(features)
        return {"score": clip(a_max=1, a=score, a_min=-1)}  # a probability
""",
            becomes='''\
from numpy import clip
import numpy as np


def _clipped(score):
    """`clip(a_max=1, a=score, a_min=-1)`, by a faster way where that gives the same."""
    if type(score) is float:
        result = np.float64(-1.0 if score < -1.0 else 1.0 if score > 1.0 else score)
        return result
    return clip(a_max=1, a=score, a_min=-1)


class Model:
    def predict(self, features):
        score = self.raw(features)
        return {"score": _clipped(score)}  # a probability
''',
        ),
        Example(
            code="""\
import numpy


def percent(share):
    return round(100 * float(numpy.clip(share, 0, 1)), 1)
""",
            becomes='''\
import numpy


def _clipped(share):
    """`float(numpy.clip(share, 0, 1))`, by a faster way where that gives the same."""
    if type(share) is float:
        result = 0.0 if share < 0.0 else 1.0 if share > 1.0 else share
        return result
    return float(numpy.clip(share, 0, 1))


def percent(share):
    return round(100 * _clipped(share), 1)
''',
        ),
    ),
)
