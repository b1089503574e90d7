"""Expressions read into values: nothing is run, names stand for what they were bound to."""

from __future__ import annotations

import libcst as cst

from perftools.rewrite.loops import calls, spaces, subscripts
from perftools.rewrite.loops.ir import (
    EMPTY,
    Const,
    Dead,
    Dim,
    Filled,
    Member,
    Op,
    Root,
    Tuple,
    Value,
    const,
    constant,
)
from perftools.rewrite.loops.scope import Scope, is_container, is_test, where
from perftools.source.syntax import path

_BINARY: dict[type[cst.CSTNode], str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.MatrixMultiply: "@",
    cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//", cst.ModuloAssign: "%", cst.PowerAssign: "**",
}  # fmt: skip
_COMPARISONS: dict[type[cst.CSTNode], str] = {
    cst.LessThan: "<", cst.LessThanEqual: "<=", cst.GreaterThan: ">", cst.GreaterThanEqual: ">=", cst.Equal: "==",
    cst.NotEqual: "!=",
}  # fmt: skip
_CONSTANTS = {"math.pi", "math.e", "math.tau", "math.inf", "numpy.pi", "numpy.inf", "numpy.e"}


def evaluate(scope: Scope, node: cst.BaseExpression) -> Value:
    """The value of an expression. Raises Unclear."""
    scope.step(node)
    match node:
        case cst.Name():
            return name(scope, node)
        case cst.Integer() | cst.Float() | cst.SimpleString():
            return const(node.evaluated_value)
        case cst.UnaryOperation():
            return _unary(scope, node)
        case cst.BinaryOperation():
            return _binary(scope, node)
        case cst.Comparison():
            return _comparison(scope, node)
        case cst.Subscript():
            return subscripts.subscript(scope, node)
        case cst.Attribute():
            return _attribute(scope, node)
        case cst.Call():
            return calls.call(scope, node)
        case cst.ListComp():
            return spaces.listed(scope, node)
        case cst.BooleanOperation() | cst.IfExp():
            return _chosen(scope, node)
        case cst.List() | cst.Tuple():
            return _display(scope, node)
    codes = {cst.GeneratorExp: "generator", cst.NamedExpr: "walrus"}
    raise scope.refuse(node, codes.get(type(node), "expression"), scope.place.code(node))


def _chosen(scope: Scope, node: cst.BooleanOperation | cst.IfExp) -> Value:
    if isinstance(node, cst.IfExp):
        return where(condition(scope, node.test), evaluate(scope, node.body), evaluate(scope, node.orelse))
    sides = evaluate(scope, node.left), evaluate(scope, node.right)
    return Op("and" if isinstance(node.operator, cst.And) else "or", sides)


def _display(scope: Scope, node: cst.List | cst.Tuple) -> Value:
    if isinstance(node, cst.Tuple):
        return Tuple(tuple(evaluate(scope, each.value) for each in node.elements))
    if node.elements:
        raise scope.refuse(node, "expression", scope.place.code(node))
    return EMPTY


def condition(scope: Scope, node: cst.BaseExpression) -> Value:
    """The truth of an expression."""
    if isinstance(node, cst.BooleanOperation):
        name_ = "and" if isinstance(node.operator, cst.And) else "or"
        return Op(name_, (condition(scope, node.left), condition(scope, node.right)))
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        return _not(condition(scope, node.expression))
    value = evaluate(scope, node)
    return value if is_test(value) else Op("truth", (value,))


def name(scope: Scope, node: cst.Name) -> Value:
    """A name read as a value: a container is held by two from now on."""
    value = lookup(scope, node)
    if scope.is_building(value):
        raise scope.refuse(node, "reads-own-result", node.value)
    if is_container(value):
        scope.frozen.add(node.value)
    return value


def lookup(scope: Scope, node: cst.Name) -> Value:
    if node.value in ("True", "False"):
        return const(node.value == "True")
    if node.value == "None":
        return const(None)
    if node.value in scope.env:
        value = scope.env[node.value]
        if isinstance(value, Dead):
            raise scope.refuse(node, value.code, value.name)
        return value
    if scope.place.is_local(node.value):
        if scope.depth:
            raise scope.refuse(node, "maybe-undefined", node.value)
        return Root(node.value)
    if scope.place.module.bound_globally(node.value):
        if scope.depth and scope.shared.place.is_local(node.value):
            raise scope.refuse(node, "helper", node.value, "its global is hidden by a local name here")
        return Root(node.value)
    if scope.place.qualified(node):
        raise scope.refuse(node, "expression", node.value)
    raise scope.refuse(node, "closure", node.value)


def _unary(scope: Scope, node: cst.UnaryOperation) -> Value:
    if isinstance(node.operator, cst.Not):
        return condition(scope, node)
    value = evaluate(scope, node.expression)
    match node.operator, value:
        case cst.Minus(), Const("int" | "float"):
            return const(-constant(value))
        case cst.Minus(), _:
            return Op("neg", (value,))
        case cst.Plus(), Const("int" | "float"):
            return value
    raise scope.refuse(node, "expression", scope.place.code(node))


def _not(value: Value) -> Value:
    return value.args[0] if isinstance(value, Op) and value.name == "not" else Op("not", (value,))


def _binary(scope: Scope, node: cst.BinaryOperation) -> Value:
    if isinstance(node.operator, cst.Multiply) and isinstance(node.left, cst.List):
        return _repeated(scope, node, node.left)
    symbol = _BINARY.get(type(node.operator))
    if symbol is None:
        raise scope.refuse(node, "expression", scope.place.code(node))
    left, right = evaluate(scope, node.left), evaluate(scope, node.right)
    return combined(scope, node, symbol, left, right)


def augmented(scope: Scope, node: cst.AugAssign, old: Value) -> Value:
    symbol = _BINARY.get(type(node.operator))
    if symbol is None:
        raise scope.refuse(node, "expression", scope.place.code(node))
    return combined(scope, node, symbol, old, evaluate(scope, node.value))


def combined(scope: Scope, node: cst.CSTNode, symbol: str, left: Value, right: Value) -> Value:
    if is_container(left) or is_container(right) or isinstance(left, Tuple) or isinstance(right, Tuple):
        raise scope.refuse(node, "expression", scope.place.code(node))
    if symbol == "@":
        return calls.dot(scope, node, left, right)
    if symbol == "**" and not isinstance(right, Const):
        raise scope.refuse(node, "power")
    if isinstance(left, Const) and isinstance(right, Const) and left.kind == right.kind == "int" and symbol in "+-*":
        a, b = constant(left), constant(right)
        return const(a + b if symbol == "+" else a - b if symbol == "-" else a * b)
    return Op(symbol, (left, right))


def _repeated(scope: Scope, node: cst.BinaryOperation, left: cst.List) -> Value:
    """`[c] * n`: a fresh list."""
    if len(left.elements) != 1:
        raise scope.refuse(node, "expression", scope.place.code(node))
    fill, count = evaluate(scope, left.elements[0].value), evaluate(scope, node.right)
    if isinstance(fill, Root) or is_container(fill):
        raise scope.refuse(node, "shared-rows", scope.place.code(node))
    return Filled("list", (count,), fill)


def _comparison(scope: Scope, node: cst.Comparison) -> Value:
    tests: list[Value] = []
    left_node = node.left
    left = evaluate(scope, left_node)
    for each in node.comparisons:
        right = evaluate(scope, each.comparator)
        match each.operator:
            case cst.Is() | cst.IsNot() if right == const(None):
                test: Value = Op("is-none", (left,))
                tests.append(test if isinstance(each.operator, cst.Is) else _not(test))
            case cst.In() | cst.NotIn():
                test = Member(left, right)
                tests.append(test if isinstance(each.operator, cst.In) else _not(test))
            case operator if type(operator) in _COMPARISONS:
                tests.append(Op(_COMPARISONS[type(operator)], (left, right)))
            case _:
                raise scope.refuse(node, "expression", scope.place.code(node))
        left = right
    value = tests[0]
    for test in tests[1:]:
        value = Op("and", (value, test))
    return value


def _attribute(scope: Scope, node: cst.Attribute) -> Value:
    known = scope.place.qualified(node)
    if known in _CONSTANTS:
        import math

        return const(float(getattr(math, known.rpartition(".")[2])))
    dotted = path(node)
    if not dotted:
        if node.attr.value in ("size", "ndim", "T", "real"):
            raise scope.refuse(node, "expression", scope.place.code(node))
        raise scope.refuse(node, "attribute-of-objects", node.attr.value)
    base = evaluate(scope, node.value)
    if not isinstance(base, Root):
        raise scope.refuse(node, "attribute-of-objects", node.attr.value)
    if node.attr.value == "size":
        scope.shared.arrays.add(base.path)
        scope.shared.sized.add(base.path)
        return Dim(base, 0)
    if node.attr.value in ("T", "shape", "ndim", "values", "flat"):
        raise scope.refuse(node, "expression", scope.place.code(node))
    return Root(f"{base.path}.{node.attr.value}")
