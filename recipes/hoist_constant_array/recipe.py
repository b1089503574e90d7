"""An array made anew from constants in each call: made once, at module level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import SCOPES, walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_MAKERS = frozenset({"numpy.array", "numpy.asarray"})
_DTYPES = frozenset(
    ["builtins.float", "builtins.int", *(f"numpy.{name}" for name in ("float64", "float32", "int64", "int32"))]
)
_READERS = frozenset(
    f"numpy.{name}"
    for name in "dot inner outer sum mean max min argmax argmin argsort sort exp log sqrt where "
    "maximum minimum multiply add subtract divide average linalg.norm isin searchsorted interp".split()
)
"""Functions that only read an array and give a new one."""
_METHODS = frozenset("sum mean max min argmax argmin argsort dot std var tolist".split())


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`np.array(NAME)` or `np.array([1.0, 2.0])` inside a function that only reads the array."""
    if place.function is None:
        return
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if place.qualified(node.func) not in _MAKERS or not node.args or node.args[0].keyword is not None:
            continue
        source = node.args[0].value
        if isinstance(source, cst.Name):
            found = _constant(place, source.value)
            if found is None:
                continue
            if isinstance(found, tuple):
                yield Refusal(node, *found)
                continue
        elif not _is_literal(source):
            continue
        problem = _problem(place, node)
        if problem is not None:
            yield Refusal(node, *problem)
            continue
        stem = f"_{source.value}_ARRAY" if isinstance(source, cst.Name) else "_CONSTANTS"
        name = place.fresh(stem)
        yield Rewrite(
            nodes=(node,),
            reason="an array of constants, made once",
            replacement=name,
            module_level=f"{name} = {place.code(node)}\n{name}.flags.writeable = False",
        )


def _constant(place: Place, name: str) -> tuple[str, str] | bool | None:
    """True for a module's list of numbers that nothing changes; why it is none; None where it is no constant at all."""
    if place.is_local(name):
        return None
    for statement in place.module.tree.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))], value=value)
                    | cst.AnnAssign(target=cst.Name(value=bound), value=value)
                ]
            ) if bound == name and value is not None and _is_literal(value):
                break
    else:
        return None
    if not place.assigned_once(name):
        return "changed", f"`{name}` may be changed or bound again, or is handed on to code that may do so"
    assert place.top is not None
    if place.line_of(statement) > place.line_of(place.top):
        return "defined-later", f"`{name}` is bound below the function"
    return True


def _is_literal(node: cst.BaseExpression, depth: int = 0) -> bool:
    """A display of numbers; nested ones are tuples, or lists that no name stands for."""
    if isinstance(node, cst.List | cst.Tuple):
        inner = [each.value for each in node.elements if isinstance(each, cst.Element)]
        return (
            depth < 2 and 0 < len(inner) == len(node.elements) and all(_is_literal(each, depth + 1) for each in inner)
        )
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        node = node.expression
    return depth > 0 and isinstance(node, cst.Float | cst.Integer)


def _problem(place: Place, call: cst.Call) -> tuple[str, str] | None:
    for option in call.args[1:]:
        named = option.keyword is None or option.keyword.value == "dtype"
        if not named or place.qualified(option.value) not in _DTYPES:
            return "options", "only a plain dtype is understood"
    if isinstance(call.args[0].value, cst.Name) and _nested_list(place, call.args[0].value.value):
        return "changed", "its rows are lists, which may be changed through a name of their own"
    if not place.module.bound_globally(place.code(call.func).partition(".")[0]):
        return "local-import", "numpy is imported inside of the function"
    assert place.function is not None
    if any(call in set(walk(each)) for each in walk(place.function.body) if isinstance(each, SCOPES)):
        return "nested", "it stands in a nested function"
    parent = place.module.parent(call)
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0].target, cst.Name):
        name = parent.targets[0].target.value
        return None if _only_read(place, name, parent) else _WRITTEN
    return None if _reads(place, call) else _WRITTEN


_WRITTEN = ("written", "the array may be changed, kept or handed on: each call needs one of its own")


def _nested_list(place: Place, name: str) -> bool:
    for statement in place.module.tree.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=bound))], value=value)
                    | cst.AnnAssign(target=cst.Name(value=bound), value=value)
                ]
            ) if bound == name and value is not None:
                return any(isinstance(each, cst.List) for each in walk(value) if each is not value)
    return False


def _only_read(place: Place, name: str, binding: cst.Assign) -> bool:
    """Is a local name bound only here, and is whatever it stands for only read?"""
    function = place.function
    assert function is not None
    if not place.is_local(name):
        return False
    for each in walk(function):
        if not isinstance(each, cst.Name) or each.value != name or each is binding.targets[0].target:
            continue
        if not _reads(place, each) or place.module.scope(each) is not place.module.scope(binding):
            return False
    return True


def _reads(place: Place, node: cst.CSTNode) -> bool:
    """Is this use of an array one that neither changes it nor keeps it?"""
    parent = place.module.parent(node)
    match parent:
        case cst.BinaryOperation() | cst.ComparisonTarget() | cst.Comparison():
            return True
        case cst.UnaryOperation():
            return isinstance(parent.operator, cst.Minus)
        case cst.Arg() if parent.keyword is None and not parent.star:
            call = place.module.parent(parent)
            if not isinstance(call, cst.Call):
                return False
            plain = all(each.keyword is None or each.keyword.value == "axis" for each in call.args)
            name = place.qualified(call.func)
            return plain and (name in _READERS or name == "builtins.len")
        case cst.Attribute() if parent.value is node:
            call = place.module.parent(parent)
            called = isinstance(call, cst.Call) and call.func is parent
            if called:
                assert isinstance(call, cst.Call)
                plain = all(each.keyword is None or each.keyword.value == "axis" for each in call.args)
                return plain and parent.attr.value in _METHODS
            return parent.attr.value in ("shape", "size", "ndim", "dtype") and not isinstance(call, cst.AssignTarget)
    return False


_HEAD = "import numpy as np\n\nW = [0.5, 0.25, 0.25]\n\n\n"

RECIPE = Recipe(
    id="hoist-constant-array",
    title="An array of constants made in each call: made once",
    level="auto",
    rules=("list-hot-path", "gil-bound"),
    function="calibrated",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code=f"{_HEAD}def f(x):\n    return np.array(x) @ x\n"),
        Example(code=f"{_HEAD}W.append(0.1)\n\n\ndef f(x):\n    return np.array(W) @ x\n", refused="changed"),
        Example(code=f"{_HEAD}def f(x, g):\n    g(W)\n    return np.array(W) @ x\n", refused="changed"),
        Example(code=f"{_HEAD}def f(x):\n    return np.array(W)\n", refused="written"),
        Example(code=f"{_HEAD}def f(x):\n    w = np.array(W)\n    w *= x\n    return w\n", refused="written"),
        Example(code=f"{_HEAD}def f(x):\n    w = np.array(W)\n    w[0] = x\n    return w.sum()\n", refused="written"),
        Example(code=f"{_HEAD}def f(self):\n    self.w = np.array(W)\n", refused="written"),
        Example(code=f"{_HEAD}def f(x):\n    w = np.array(W)\n    return w[1:]\n", refused="written"),
        Example(code=f"{_HEAD}def f(x, t):\n    return np.array(W, dtype=t) @ x\n", refused="options"),
        Example(
            code="W = [1.0, 2.0]\n\n\ndef f(x):\n    import numpy as np\n\n    return np.array(W) @ x\n",
            refused="local-import",
        ),
        Example(
            code="import numpy as np\n\n\ndef f(x):\n    return np.array(W) @ x\n\n\nW = [1.0, 2.0]\n",
            refused="defined-later",
        ),
        Example(code=f"{_HEAD}def f(x, np):\n    return np.array(W) @ x\n"),
        Example(code=f"{_HEAD}def f(x, W):\n    return np.array(W) @ x\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy as np

WEIGHTS: list[float] = [0.5, 0.3, 0.2]


class Scorer:
    # called for every candidate
    def score(self, features):
        weights = np.asarray(WEIGHTS, dtype=np.float64)  # three of them
        return float(np.dot(features, weights)) / weights.sum()
""",
            becomes="""\
import numpy as np

WEIGHTS: list[float] = [0.5, 0.3, 0.2]


_WEIGHTS_ARRAY = np.asarray(WEIGHTS, dtype=np.float64)
_WEIGHTS_ARRAY.flags.writeable = False


class Scorer:
    # called for every candidate
    def score(self, features):
        weights = _WEIGHTS_ARRAY  # three of them
        return float(np.dot(features, weights)) / weights.sum()
""",
        ),
        Example(
            code="""\
from numpy import array, dot


def mix(rgb):
    return dot(array([[0.3, -0.6, 0.1], [1, 0, 2]]), rgb) - 1.0
""",
            becomes="""\
from numpy import array, dot


_CONSTANTS = array([[0.3, -0.6, 0.1], [1, 0, 2]])
_CONSTANTS.flags.writeable = False


def mix(rgb):
    return dot(_CONSTANTS, rgb) - 1.0
""",
        ),
    ),
)
