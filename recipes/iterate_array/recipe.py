"""A loop over the elements of an array: over plain floats, where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite
from perftools.source.syntax import COMPREHENSIONS, walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_TELLING_NOTHING = frozenset(["builtins.float", "builtins.int", "builtins.bool"]) | frozenset(
    f"math.{name}"
    for name in "floor ceil trunc exp log log2 log10 log1p sqrt sin cos tanh isnan isfinite isinf".split()
)
"""Functions whose answer is the same for an np.float64 and for the float of that value, in type as well."""
_LARGEST = 2**53


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`for x in array`, as a loop or in a comprehension, where x is only converted, compared or formatted."""
    if place.function is None:
        return
    for node, _ in place.expressions(cst.ListComp, cst.SetComp):
        assert isinstance(node, cst.ListComp | cst.SetComp)
        loop = node.for_in
        if loop.inner_for_in is None and isinstance(loop.target, cst.Name) and isinstance(loop.iter, cst.Name):
            uses = [node.elt, *(each.test for each in loop.ifs)]
            yield from _considered(place, node, loop.iter, loop.target.value, uses)
    for statement in place.statements():
        if (
            isinstance(statement, cst.For)
            and isinstance(statement.target, cst.Name)
            and isinstance(statement.iter, cst.Name)
        ):
            parts = [statement.body, *([statement.orelse] if statement.orelse is not None else [])]
            yield from _considered(place, statement, statement.iter, statement.target.value, parts)


def _considered(
    place: Place, loop: cst.CSTNode, source: cst.Name, item: str, parts: Sequence[cst.CSTNode]
) -> Iterator[Rewrite | Refusal]:
    array = source.value
    kind = place.kind(array)
    if not place.is_local(array) or array == item or (kind is not None and kind.name != "ndarray"):
        return
    uses = [each for part in parts for each in walk(part) if isinstance(each, cst.Name) and each.value == item]
    if not uses or (kind is None and not all(_converted(place, each) for each in uses)):
        return  # nothing says that it is an array
    if not all(_tells_nothing(place, each) for each in uses):
        yield Refusal(
            loop,
            "type-shows",
            f"`{item}` would be a number of Python's, not of numpy's, and what is made of it shows that",
        )
        return
    if isinstance(loop, cst.For) and place.read_after(loop, item):
        yield Refusal(loop, "type-shows", f"`{item}` may be read after the loop")
        return
    if not all(_changes_nothing(place, each, array) for part in parts for each in walk(part)):
        yield Refusal(loop, "array-changes", f"`{array}` may be changed while the loop is on its way")
        return
    yield Rewrite(
        nodes=(source,),
        reason=f"{array} as plain floats, all at once",
        fast=Fast(
            guards=(
                Guard(f"type({array}) is np.ndarray", "lists and subclasses are walked over as they are"),
                Guard(f'{array}.dtype.char == "d"', "ints compare otherwise, float32 is shown otherwise"),
                Guard(f"{array}.ndim == 1", "rows are arrays"),
            ),
            body=f"result = {array}.tolist()",
        ),
        imports=("import numpy as np",),
        helper=f"_{array}_items",
    )


def _converted(place: Place, use: cst.Name) -> bool:
    """`float(x)`: engineers write that where x is no float already."""
    call = _call_around(place, use)
    return call is not None and place.is_builtin(call.func, "float")


def _call_around(place: Place, use: cst.CSTNode) -> cst.Call | None:
    """The call whose only argument this is."""
    arg = place.module.parent(use)
    call = place.module.parent(arg) if isinstance(arg, cst.Arg) and arg.keyword is None and not arg.star else None
    return call if isinstance(call, cst.Call) and len(call.args) == 1 and call.func is not use else None


def _tells_nothing(place: Place, use: cst.CSTNode) -> bool:
    call = _call_around(place, use)
    if call is not None:
        return place.qualified(call.func) in _TELLING_NOTHING
    parent = place.module.parent(use)
    if isinstance(parent, cst.FormattedStringExpression):
        spec = parent.format_spec
        written = spec is not None and len(spec) == 1 and isinstance(spec[0], cst.FormattedStringText)
        return written and parent.conversion is None and parent.equal is None
    return isinstance(parent, cst.Comparison | cst.ComparisonTarget) and _is_test_of_constants(place, parent)


def _is_test_of_constants(place: Place, part: cst.CSTNode) -> bool:
    """`x > 0.5` where only its truth counts."""
    comparison = part if isinstance(part, cst.Comparison) else place.module.parent(part)
    if not isinstance(comparison, cst.Comparison) or len(comparison.comparisons) != 1:
        return False
    operator = comparison.comparisons[0].operator
    if not isinstance(
        operator,
        cst.LessThan | cst.LessThanEqual | cst.GreaterThan | cst.GreaterThanEqual | cst.Equal | cst.NotEqual,
    ):
        return False
    sides = [comparison.left, comparison.comparisons[0].comparator]
    if not any(_is_number(each) for each in sides):
        return False
    child: cst.CSTNode = comparison
    around = place.module.parent(child)
    while isinstance(around, cst.BooleanOperation) or (
        isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.Not)
    ):
        child, around = around, place.module.parent(around)
    return isinstance(around, cst.If | cst.While | cst.IfExp | cst.CompIf) and around.test is child


def _is_number(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        node = node.expression
    return isinstance(node, cst.Float) or (isinstance(node, cst.Integer) and abs(int(node.evaluated_value)) < _LARGEST)


def _changes_nothing(place: Place, node: cst.CSTNode, array: str) -> bool:
    """Can this part of the loop not reach the array's memory? Only lists, sets and names are written."""
    match node:
        case cst.Call(func=cst.Attribute(value=cst.Name(), attr=cst.Name(value="append" | "add"))):
            return True
        case cst.Call():
            name = place.qualified(node.func)
            return name in _TELLING_NOTHING or name in ("builtins.round", "builtins.str", "builtins.len")
        case cst.Assign():
            return all(isinstance(each.target, cst.Name) and each.target.value != array for each in node.targets)
        case cst.AugAssign():
            return isinstance(node.target, cst.Name) and node.target.value != array
        case cst.AnnAssign() | cst.Del() | cst.With() | cst.Await() | cst.Yield() | cst.NamedExpr() | cst.Lambda():
            return False
        case cst.FunctionDef() | cst.ClassDef() | cst.Global() | cst.Nonlocal():
            return False
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
            return isinstance(node, COMPREHENSIONS)
    return True


_KNOWN = {"xs": "ndarray[f8, C]"}

RECIPE = Recipe(
    id="iterate-array",
    title="A loop over an array's elements: over plain floats, where nobody can tell",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="answer",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code="def f(xs):\n    return [x * 2 for x in xs]\n"),
        Example(code="def f(xs):\n    return [x for x in xs if x > 0.5]\n", facts=_KNOWN, refused="type-shows"),
        Example(code="def f(xs):\n    return [x > 0.5 for x in xs]\n", facts=_KNOWN, refused="type-shows"),
        Example(code="def f(xs):\n    return [f'{x}' for x in xs]\n", facts=_KNOWN, refused="type-shows"),
        Example(
            code="def f(xs):\n    for x in xs:\n        print(float(x))\n    return x\n",
            facts=_KNOWN,
            refused="type-shows",
        ),
        Example(
            code="def f(xs, g):\n    out = []\n    for x in xs:\n        out.append(g(float(x)))\n    return out\n",
            facts=_KNOWN,
            refused="array-changes",
        ),
        Example(
            code="def f(xs):\n    for x in xs:\n        xs[0] = float(x)\n",
            facts=_KNOWN,
            refused="array-changes",
        ),
        Example(code="def f(xs):\n    return [float(x) for x in xs]\n", facts={"xs": "list[float]"}),
        Example(code="def f(xs, float):\n    return [float(x) for x in xs]\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy as np


def texts(scores):
    scores = np.asarray(scores)
    return [f"{float(score):.3f}" for score in scores]  # for the page
""",
            becomes='''\
import numpy as np


def _scores_items(scores):
    """`scores`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.dtype.char == "d" and scores.ndim == 1:
        result = scores.tolist()
        return result
    return scores


def texts(scores):
    scores = np.asarray(scores)
    return [f"{float(score):.3f}" for score in _scores_items(scores)]  # for the page
''',
        ),
        Example(
            code="""\
import math


def histogram(xs, counts):
    low = 0
    for x in xs:
        if x < 0.0 or x > 1:
            low += 1
            continue
        bucket = math.floor(float(x) * 10)
        label = f"{x:.2f}"
    return low
""",
            facts=_KNOWN,
            becomes='''\
import math
import numpy as np


def _xs_items(xs):
    """`xs`, by a faster way where that gives the same."""
    if type(xs) is np.ndarray and xs.dtype.char == "d" and xs.ndim == 1:
        result = xs.tolist()
        return result
    return xs


def histogram(xs, counts):
    low = 0
    for x in _xs_items(xs):
        if x < 0.0 or x > 1:
            low += 1
            continue
        bucket = math.floor(float(x) * 10)
        label = f"{x:.2f}"
    return low
''',
        ),
    ),
)
