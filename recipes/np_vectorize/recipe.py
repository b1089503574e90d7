"""np.vectorize of arithmetic: the arithmetic on the whole array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide)
_COMPARISONS = (
    cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual, cst.Equal, cst.NotEqual,
)  # fmt: skip
_LARGEST = 2**53


class _Value(NamedTuple):
    """An expression over whole arrays."""

    code: str
    kind: str
    """"float", "int" or "bool": what each element is."""
    array: bool
    """False for a number that is the same for all elements."""


class _Unfit(Exception):
    """Why a function is not understood."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`np.vectorize(function)(x, …)`, or of a name that stands for np.vectorize(function)."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        made = _vectorized(place, node.func)
        if made is None:
            continue
        try:
            yield _rewrite(place, node, made)
        except _Unfit as unfit:
            yield Refusal(node, unfit.code, str(unfit))


def _vectorized(place: Place, node: cst.BaseExpression) -> cst.Call | None:
    """The call of np.vectorize that makes what is called here."""
    if isinstance(node, cst.Name):
        found = _bound_once(place, node.value)
        if found is None:
            return None
        node = found
    made = isinstance(node, cst.Call) and place.qualified(node.func) == "numpy.vectorize"
    return node if made and isinstance(node, cst.Call) else None


def _bound_once(place: Place, name: str) -> cst.BaseExpression | None:
    """What a name of the function, or of the module, is bound to, where it is bound once."""
    local = place.is_local(name)
    scope = place.module.scope(place.function.body) if local and place.function is not None else None
    bound = list((scope if scope is not None else place.module.global_scope)[name])
    statements: Sequence[cst.CSTNode] = list(place.every_statement()) if local else place.module.tree.body
    for statement in statements:
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=found))], value=value)]
            ) if found == name:
                return value if len(bound) == 1 else None
    return None


def _rewrite(place: Place, call: cst.Call, made: cst.Call) -> Rewrite:
    if len(made.args) != 1 or made.args[0].keyword is not None or made.args[0].star:
        raise _Unfit("options", "np.vectorize is given more than a function")
    parameters, body = _function(place, made.args[0].value)
    names = []
    for arg in call.args:
        if arg.keyword is not None or arg.star or not isinstance(arg.value, cst.Name):
            raise _Unfit("expression", "arguments must be names: they are looked at more than once")
        if not place.is_local(arg.value.value):
            raise _Unfit("expression", f"`{arg.value.value}` belongs to the module, and may be changed meanwhile")
        names.append(arg.value.value)
    if len(names) != len(parameters) or not names:
        raise _Unfit("expression", "the function takes another number of arguments")
    value = _value(place, body, dict(zip(parameters, names, strict=True)))
    if not value.array or value.code in names:
        raise _Unfit("no-arithmetic", "the result does not depend on the elements, or is the array itself")
    return Rewrite(
        nodes=(call,),
        reason="the function's arithmetic on whole arrays",
        fast=Fast(
            guards=tuple(_guards(list(dict.fromkeys(names)), scalars=not value.code.startswith("np.where"))),
            body=f"result = {_bare(value.code)}",
            after=tuple(
                Guard(f"not np.isnan({name}).any()", "Python's comparisons of NaN make numpy warn")
                for name in dict.fromkeys(names)
            ),
            may_raise=True,
        ),
        imports=("import numpy as np",),
        helper="_vectorized",
    )


def _guards(names: Sequence[str], *, scalars: bool) -> Iterator[Guard]:
    """`scalars`: of an array without a dimension, the expression would make a scalar."""
    for at, name in enumerate(names):
        yield Guard(f"type({name}) is np.ndarray", "lists, numbers, masked arrays")
        yield Guard(f'{name}.dtype.char == "d"', "numpy's ints wrap, and float32 rounds otherwise")
        if at == 0:
            if scalars:
                yield Guard(f"{name}.ndim > 0", "no dimension")
            yield Guard(f"{name}.size > 0", "np.vectorize raises for nothing")
        else:
            yield Guard(f"{name}.shape == {names[0]}.shape", "broadcasting")


def _function(place: Place, node: cst.BaseExpression) -> tuple[list[str], cst.BaseExpression]:
    if isinstance(node, cst.Lambda):
        return _parameters(node.params), node.body
    if isinstance(node, cst.Name) and not place.is_local(node.value):
        bound = list(place.module.global_scope[node.value])
        for statement in place.module.tree.body:
            if isinstance(statement, cst.FunctionDef) and statement.name.value == node.value and len(bound) == 1:
                match statement.body:
                    case cst.IndentedBlock(
                        body=[cst.SimpleStatementLine(body=[cst.Return(value=cst.BaseExpression() as value)])]
                    ) if not statement.decorators and statement.asynchronous is None:
                        return _parameters(statement.params), value
    raise _Unfit("function", "only a lambda, or a function of the module that is one return, is understood")


def _parameters(params: cst.Parameters) -> list[str]:
    plain = not params.kwonly_params and params.star_kwarg is None and not isinstance(params.star_arg, cst.Param)
    found = [*params.posonly_params, *params.params]
    if not plain or any(each.default is not None for each in found):
        raise _Unfit("function", "only plain parameters are understood")
    return [each.name.value for each in found]


def _value(place: Place, node: cst.BaseExpression, names: Mapping[str, str]) -> _Value:
    """The expression over whole arrays, each element of which is what Python computes for that element alone."""
    match node:
        case cst.Name() if node.value in names:
            return _Value(names[node.value], "float", array=True)
        case cst.Float():
            return _Value(node.value, "float", array=False)
        case cst.Integer() if abs(node.evaluated_value) < _LARGEST:
            return _Value(node.value, "int", array=False)
        case cst.UnaryOperation(operator=cst.Minus()):
            inner = _value(place, node.expression, names)
            if inner.kind != "bool":
                return inner._replace(code=f"-{inner.code}" if inner.code.isidentifier() else f"(-{inner.code})")
        case cst.BinaryOperation() if isinstance(node.operator, _ARITHMETIC):
            left, right = (_value(place, each, names) for each in (node.left, node.right))
            if (
                (left.array or right.array)
                and "float" in (left.kind, right.kind)
                and "bool" not in (left.kind, right.kind)
            ):
                sign = place.code(node.operator).strip()
                return _Value(f"({left.code} {sign} {right.code})", "float", array=True)
        case cst.IfExp():
            return _choice(place, node, names)
        case cst.Comparison():
            return _comparison(place, node, names)
        case cst.BooleanOperation():
            left, right = (_value(place, each, names) for each in (node.left, node.right))
            if left.kind == right.kind == "bool":
                sign = "&" if isinstance(node.operator, cst.And) else "|"
                return _Value(f"({left.code} {sign} {right.code})", "bool", array=True)
        case cst.Call():
            return _extreme(place, node, names)
    raise _Unfit("no-arithmetic", f"`{place.code(node)}` is no arithmetic on floats that arrays do in the same way")


def _extreme(place: Place, node: cst.Call, names: Mapping[str, str]) -> _Value:
    """The larger or smaller of two: the builtins take the second only where it is better."""
    called = place.qualified(node.func)
    two = len(node.args) == 2 and all(arg.keyword is None and not arg.star for arg in node.args)
    if called in ("builtins.max", "builtins.min") and two:
        first, second = (_value(place, arg.value, names) for arg in node.args)
        if first.kind == second.kind == "float" and (first.array or second.array):
            better = f"{second.code} {'>' if called == 'builtins.max' else '<'} {first.code}"
            return _Value(f"np.where({better}, {second.code}, {first.code})", "float", array=True)
    raise _Unfit("no-arithmetic", f"`{place.code(node)}` may be anything")


def _choice(place: Place, node: cst.IfExp, names: Mapping[str, str]) -> _Value:
    test, *branches = (_value(place, each, names) for each in (node.test, node.body, node.orelse))
    kinds = {each.kind for each in branches}
    if test.kind != "bool":
        raise _Unfit("no-arithmetic", f"`{place.code(node.test)}` is no comparison of numbers")
    if len(kinds) > 1:
        reason = f"{' in one branch, '.join(sorted(kinds))} in the other: the first element decides the dtype"
        raise _Unfit("dtype", reason)
    chosen = ", ".join(_bare(each.code) for each in (test, *branches))
    return _Value(f"np.where({chosen})", kinds.pop(), array=True)


def _comparison(place: Place, node: cst.Comparison, names: Mapping[str, str]) -> _Value:
    sides = [node.left, *(each.comparator for each in node.comparisons)]
    values = [_value(place, each, names) for each in sides]
    if not all(isinstance(each.operator, _COMPARISONS) for each in node.comparisons) or any(
        each.kind == "bool" for each in values
    ):
        raise _Unfit("no-arithmetic", f"`{place.code(node)}` is no comparison of numbers")
    parts = []
    for at, each in enumerate(node.comparisons):
        left, right = values[at], values[at + 1]
        if not (left.array or right.array):
            raise _Unfit("no-arithmetic", f"`{place.code(node)}` compares two constants")
        parts.append(f"({left.code} {place.code(each.operator).strip()} {right.code})")
    return _Value(parts[0] if len(parts) == 1 else f"({' & '.join(parts)})", "bool", array=True)


def _bare(code: str) -> str:
    """Without the parentheses around it."""
    depth = 0
    for at, sign in enumerate(code):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return code[1:-1] if sign == ")" and at == len(code) - 1 and code.startswith("(") else code
    return code


_HEAD = "import numpy as np\n\n\n"

RECIPE = Recipe(
    id="np-vectorize",
    title="np.vectorize of arithmetic: the arithmetic on the whole array",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="activated",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(code=f"{_HEAD}def f(x):\n    return np.where(x > 0.0, x, 0.0)\n"),
        Example(
            code=f"{_HEAD}def f(x):\n    return np.vectorize(lambda v: v if v > 0.0 else 0)(x)\n",
            refused="dtype",
        ),
        Example(
            code=f"{_HEAD}def f(x):\n    return np.vectorize(lambda v: v * 2.0, otypes=['f4'])(x)\n",
            refused="options",
        ),
        Example(code=f"{_HEAD}def f(x, g):\n    return np.vectorize(g)(x)\n", refused="function"),
        Example(code=f"{_HEAD}def f(x, g):\n    return np.vectorize(lambda v: g(v))(x)\n", refused="no-arithmetic"),
        Example(code=f"{_HEAD}def f(x):\n    return np.vectorize(lambda v: v ** 2)(x)\n", refused="no-arithmetic"),
        Example(code=f"{_HEAD}def f(x, k):\n    return np.vectorize(lambda v: v * k)(x)\n", refused="no-arithmetic"),
        Example(code=f"{_HEAD}def f(x):\n    return np.vectorize(lambda v: v)(x)\n", refused="no-arithmetic"),
        Example(code=f"{_HEAD}def f(x):\n    return np.vectorize(lambda v: v * 2.0)(x + 1)\n", refused="expression"),
        Example(code="def f(np, x):\n    return np.vectorize(lambda v: v * 2.0)(x)\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy



relu = numpy.vectorize(lambda v: max(0.0, v))


class Layer:
    def forward(self, x):
        return relu(x).tolist()  # one layer
""",
            becomes='''\
import numpy
import numpy as np



relu = numpy.vectorize(lambda v: max(0.0, v))


def _vectorized(x):
    """`relu(x)`, by a faster way where that gives the same."""
    if type(x) is np.ndarray and x.dtype.char == "d" and x.size > 0:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.where(x > 0.0, x, 0.0)
        except Exception:
            pass
        else:
            if not np.isnan(x).any():
                return result
    return relu(x)


class Layer:
    def forward(self, x):
        return _vectorized(x).tolist()  # one layer
''',
        ),
        Example(
            code="""\
from numpy import vectorize


def blend(a, b):
    return (a + b) / 2 if 0 <= a < 1.0 and b != 0.5 else -b


def mixed(left, right):
    mix = vectorize(blend)
    return mix(left, right)
""",
            becomes='''\
from numpy import vectorize
import numpy as np


def blend(a, b):
    return (a + b) / 2 if 0 <= a < 1.0 and b != 0.5 else -b


def _vectorized(left, right, mix):
    """`mix(left, right)`, by a faster way where that gives the same."""
    if (
        type(left) is np.ndarray
        and left.dtype.char == "d"
        and left.size > 0
        and type(right) is np.ndarray
        and right.dtype.char == "d"
        and right.shape == left.shape
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.where(((0 <= left) & (left < 1.0)) & (right != 0.5), (left + right) / 2, -right)
        except Exception:
            pass
        else:
            if not np.isnan(left).any() and not np.isnan(right).any():
                return result
    return mix(left, right)


def mixed(left, right):
    mix = vectorize(blend)
    return _vectorized(left, right, mix)
''',
        ),
    ),
)
