"""Calls whose meaning is known: builtins, math, operator, numpy's functions of numbers, helpers of the module."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from perftools.rewrite.loops import expressions, helpers, spaces, subscripts
from perftools.rewrite.loops.ir import (
    NOTHING,
    ONE,
    ZERO,
    Arg,
    Const,
    Filled,
    Filter,
    Index,
    Map,
    Op,
    Red,
    Sorted,
    Space,
    Top,
    Tuple,
    Value,
    Where,
    const,
)
from perftools.rewrite.loops.scope import Scope, is_container, is_test, where

MATH = frozenset(
    "sqrt exp log log10 log2 log1p expm1 sin cos tan tanh sinh cosh atan asin acos fabs isnan floor ceil".split()
)
UFUNCS = frozenset(
    "sqrt exp log log10 log2 log1p expm1 sin cos tan tanh abs absolute fabs square isnan isfinite".split()
)
_INFINITE = ("inf", "-inf", "Infinity", "-Infinity", "+inf")
_OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "eq": "==", "ne": "!=", "neg": "neg", "abs": "abs",
}  # fmt: skip


def call(scope: Scope, node: cst.Call) -> Value:
    """The value of a call. Raises Unclear where it is not known to be free of effects."""
    known = scope.place.qualified(node.func)
    module, _, short = known.partition(".")
    plain = [each.value for each in node.args if each.keyword is None and not each.star]
    keywords = {each.keyword.value: each.value for each in node.args if each.keyword is not None}
    if len(plain) + len(keywords) != len(node.args):
        raise scope.refuse(node, "unknown-call", scope.place.code(node.func))
    if module == "builtins":
        found = _builtin(scope, node, short, plain, keywords)
        if found is not None:
            return found
    if known in ("heapq.nlargest", "heapq.nsmallest") and len(plain) == 2 and set(keywords) <= {"key"}:
        ordered = _sorted(scope, node, plain[1], keywords, reverse=short == "nlargest")
        return Top(ordered, expressions.evaluate(scope, plain[0]))
    if known == "functools.reduce" and len(plain) in (2, 3) and not keywords:
        return _reduce(scope, node, plain)
    if module in ("math", "operator", "numpy") and (not keywords or known in ("numpy.zeros", "numpy.empty")):
        found = _known(scope, node, module, short, plain)
        if found is not None:
            return found
    if isinstance(node.func, cst.Name) and not known:
        arguments = [expressions.evaluate(scope, each) for each in plain]
        named = {key: expressions.evaluate(scope, each) for key, each in keywords.items()}
        return helpers.inlined(scope, node, node.func, arguments, named)
    if isinstance(node.func, cst.Lambda) and not keywords:
        return applied(scope, node, node.func, [expressions.evaluate(scope, each) for each in plain])
    if isinstance(node.func, cst.Attribute) and not known:
        raise scope.refuse(node, "effect-call", node.func.attr.value)
    raise scope.refuse(node, "unknown-call", scope.place.code(node.func))


def applied(scope: Scope, node: cst.CSTNode, function: cst.BaseExpression, arguments: Sequence[Value]) -> Value:
    """A function given as a value (a lambda, operator.mul, a helper's name) called with values."""
    if isinstance(function, cst.Lambda):
        return helpers.lambda_(scope, function, arguments)
    known = scope.place.qualified(function)
    module, _, short = known.partition(".")
    if module == "operator" and short in _OPERATORS:
        return _operator(scope, node, short, arguments)
    if (module == "math" and short in MATH) or (module == "numpy" and short in UFUNCS):
        return Op(known, tuple(arguments))
    if known in ("builtins.abs", "builtins.float"):
        return Op(short, tuple(arguments))
    if isinstance(function, cst.Name) and not known:
        return helpers.inlined(scope, node, function, arguments, {})
    if isinstance(function, cst.Attribute) and function.attr.value == "__getitem__" and len(arguments) == 1:
        return subscripts.at(scope, function, expressions.evaluate(scope, function.value), (arguments[0],))
    raise scope.refuse(node, "unknown-call", scope.place.code(function))


def _operator(scope: Scope, node: cst.CSTNode, short: str, arguments: Sequence[Value]) -> Value:
    symbol = _OPERATORS[short]
    if len(arguments) == 2 and symbol in "+-*/":
        return expressions.combined(scope, node, symbol, arguments[0], arguments[1])
    if len(arguments) != (1 if symbol in ("neg", "abs") else 2):
        raise scope.refuse(node, "unknown-call", scope.place.code(node))
    return Op(symbol, tuple(arguments))


def _builtin(
    scope: Scope, node: cst.Call, short: str, plain: list[cst.BaseExpression], keywords: dict[str, cst.BaseExpression]
) -> Value | None:
    if short in ("sum", "any", "all") and len(plain) in (1, 2) and not keywords:
        return _reduction(scope, node, short, plain)
    if short in ("max", "min"):
        return _extreme(scope, node, short, plain, keywords)
    if short == "sorted" and len(plain) == 1 and set(keywords) <= {"key", "reverse"}:
        return _sorted(scope, node, plain[0], keywords)
    if keywords:
        return None
    match short, plain:
        case "len", [one]:
            value = expressions.lookup(scope, one) if isinstance(one, cst.Name) else expressions.evaluate(scope, one)
            return spaces.length(scope, one, value)
        case "list", [cst.GeneratorExp() as one]:
            return spaces.listed(scope, one)
        case "list", [cst.Call() as one]:
            loop, element = spaces.enter(scope, one)
            if isinstance(element, Tuple):
                raise scope.refuse(node, "list-of-tuples")
            return Map(loop, element)
        case "float", [cst.SimpleString() as text] if text.evaluated_value in _INFINITE:
            return const(float(str(text.evaluated_value)))
        case "float" | "abs" | "bool" | "int" | "round", [one]:
            if short == "bool":
                return expressions.condition(scope, one)
            return Op(short, (expressions.evaluate(scope, one),))
        case "pow", [base, exponent]:
            return expressions.combined(
                scope, node, "**", expressions.evaluate(scope, base), expressions.evaluate(scope, exponent)
            )
    return None


def _elements(scope: Scope, one: cst.BaseExpression) -> tuple[tuple[int, ...], Value | None, Value]:
    """The loops, the condition and the element of what a reduction is called with."""
    if isinstance(one, cst.GeneratorExp | cst.ListComp):
        loops, test, inner = spaces.clauses(scope, one)
        return loops, test, expressions.evaluate(inner, one.elt)
    loop, element = spaces.enter(scope, one)
    return (loop,), None, element


def _reduction(scope: Scope, node: cst.Call, short: str, plain: list[cst.BaseExpression]) -> Value:
    loops, test, body = _elements(scope, plain[0])
    if is_container(body) or isinstance(body, Tuple):
        raise scope.refuse(node, "expression", scope.place.code(node))
    if short == "sum":
        start = expressions.evaluate(scope, plain[1]) if len(plain) == 2 else ZERO
        term = where(body, ONE, NOTHING) if is_test(body) else body
        return Red("+", loops, start, where(test, term, NOTHING) if test is not None else term, order="compensated")
    truth = body if is_test(body) else Op("truth", (body,))
    if test is not None:
        truth = Op("and", (test, truth)) if short == "any" else Op("or", (Op("not", (test,)), truth))
    return Red(short, loops, const(short == "all"), truth, order="early")


def _extreme(
    scope: Scope, node: cst.Call, short: str, plain: list[cst.BaseExpression], keywords: dict[str, cst.BaseExpression]
) -> Value | None:
    if len(plain) == 2 and not keywords:
        a, b = expressions.evaluate(scope, plain[0]), expressions.evaluate(scope, plain[1])
        return Where(Op(">" if short == "max" else "<", (b, a)), b, a)
    if len(plain) != 1 or set(keywords) - {"key"}:
        return None
    if "key" not in keywords and not isinstance(plain[0], cst.GeneratorExp | cst.ListComp | cst.Call):
        return None  # no loop of Python's own
    loops, test, body = _elements(scope, plain[0])
    if len(loops) != 1 or (isinstance(body, Tuple) and "key" not in keywords):
        raise scope.refuse(node, "expression", scope.place.code(node))
    if "key" not in keywords:
        return Red(short, loops, NOTHING, where(test, body, NOTHING) if test is not None else body, "first")
    key = applied(scope, node, keywords["key"], [body])
    if test is not None or isinstance(body, Tuple):
        raise scope.refuse(node, "expression", scope.place.code(node))
    return Arg(short, "first", loops[0], key, NOTHING, body, NOTHING)


def _sorted(
    scope: Scope,
    node: cst.Call,
    items: cst.BaseExpression,
    keywords: dict[str, cst.BaseExpression],
    *,
    reverse: bool = False,
) -> Sorted:
    if "reverse" in keywords:
        given = expressions.evaluate(scope, keywords["reverse"])
        if given not in (const(True), const(False)):
            raise scope.refuse(node, "expression", scope.place.code(node))
        reverse = given == const(True)
    loops, test, body = _elements(scope, items)
    if test is not None or len(loops) != 1:
        raise scope.refuse(node, "expression", scope.place.code(node))
    key = applied(scope, node, keywords["key"], [body]) if "key" in keywords else body
    return Sorted(loops[0], key, body, reverse)


def _reduce(scope: Scope, node: cst.Call, plain: list[cst.BaseExpression]) -> Value:
    """functools.reduce with an initial value: one pass of a loop that carries one name."""
    from perftools.rewrite.loops import solve

    if len(plain) == 2:
        raise scope.refuse(node, "expression", scope.place.code(node))
    init = expressions.evaluate(scope, plain[2])
    loop, element = spaces.enter(scope, plain[1])
    return solve.folded(scope, node, loop, init, lambda state: applied(scope, node, plain[0], [state, element]))


def _known(scope: Scope, node: cst.Call, module: str, short: str, plain: list[cst.BaseExpression]) -> Value | None:
    if module == "numpy" and short in ("zeros", "ones", "full", "empty"):
        return _made(scope, node, short, plain)
    arguments = [expressions.evaluate(scope, each) for each in plain]
    if module == "operator" and short in _OPERATORS:
        return _operator(scope, node, short, arguments)
    if module == "numpy" and short in ("dot", "inner", "vdot") and len(arguments) == 2:
        return dot(scope, node, arguments[0], arguments[1])
    if module == "numpy" and short == "linalg.norm" and len(arguments) == 1:
        return Op("numpy.sqrt", (dot(scope, node, arguments[0], arguments[0]),))
    if len(arguments) == 1 and short in (MATH if module == "math" else UFUNCS):
        return Op(f"{module}.{short}", tuple(arguments))
    if (module, short) == ("numpy", "append"):
        raise scope.refuse(node, "unknown-call", "np.append")
    return None


def _made(scope: Scope, node: cst.Call, short: str, plain: list[cst.BaseExpression]) -> Value:
    """np.zeros(n), np.zeros((n, m)), np.full(n, c): float64 unless something says otherwise."""
    keywords = [each.value for each in node.args if each.keyword is not None]
    dtype_ok = all(scope.place.qualified(each) in ("builtins.float", "numpy.float64") for each in keywords)
    named = {each.keyword.value for each in node.args if each.keyword is not None}
    if len(plain) != (2 if short == "full" else 1) or not dtype_ok or named - {"dtype"}:
        raise scope.refuse(node, "expression", scope.place.code(node))
    shape = expressions.evaluate(scope, plain[0])
    fill: Value = const(0.0 if short == "zeros" else 1.0)
    if short == "full":
        fill = expressions.evaluate(scope, plain[1])
    elif short == "empty":
        fill = Const("undefined", "a cell of np.empty before it is set")
    dims = shape.items if isinstance(shape, Tuple) else (shape,)
    return Filled("array", dims, fill)


def dot(scope: Scope, node: cst.CSTNode, left: Value, right: Value) -> Value:
    """np.dot of two rows: a sum in an order that is not known."""
    if isinstance(left, Filter) or isinstance(right, Filter | Filled):
        raise scope.refuse(node, "expression", scope.place.code(node))
    loop = scope.shared.loop(Space(ZERO))
    a, b = (spaces.of_value(scope, node, each, Index(loop)) for each in (left, right))
    scope.shared.spaces[loop] = Space(a.length, (b.length,) if b.length != a.length else ())
    return Red("+", (loop,), const(0.0), Op("*", (a.element, b.element)), order="numpy")
