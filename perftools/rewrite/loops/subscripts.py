"""`x[i]`, `X[i, j]`, `x.shape[k]`, the head of a sorted list."""

from __future__ import annotations

import libcst as cst

from perftools.rewrite.loops import expressions
from perftools.rewrite.loops.counts import affine
from perftools.rewrite.loops.ir import (
    BUILT,
    ZERO,
    Const,
    Dim,
    Index,
    Load,
    Map,
    Root,
    Sorted,
    Store,
    Top,
    Tuple,
    Value,
    Where,
    const,
    constant,
    replaced,
)
from perftools.rewrite.loops.scope import Scope


def subscript(scope: Scope, node: cst.Subscript) -> Value:
    if isinstance(node.value, cst.Attribute) and node.value.attr.value == "shape":
        return _shape(scope, node, node.value)
    value = (
        expressions.lookup(scope, node.value)
        if isinstance(node.value, cst.Name)
        else expressions.evaluate(scope, node.value)
    )
    if isinstance(value, Sorted):
        return _first(scope, node, value)
    return at(scope, node, value, indexes(scope, node, value))


def _first(scope: Scope, node: cst.Subscript, value: Sorted) -> Value:
    """`sorted(…)[:k]`."""
    cut = node.slice[0].slice
    if len(node.slice) != 1 or not isinstance(cut, cst.Slice) or cut.lower or cut.step or cut.upper is None:
        raise scope.refuse(node, "slice", scope.place.code(node))
    return Top(value, expressions.evaluate(scope, cut.upper))


def _shape(scope: Scope, node: cst.Subscript, shape: cst.Attribute) -> Value:
    base = expressions.evaluate(scope, shape.value)
    (element,) = node.slice if len(node.slice) == 1 else (None,)
    axis = (
        expressions.evaluate(scope, element.slice.value) if element and isinstance(element.slice, cst.Index) else None
    )
    if not isinstance(base, Root) or axis is None or constant(axis) not in (0, 1):
        raise scope.refuse(node, "expression", scope.place.code(node))
    scope.shared.arrays.add(base.path)
    return Dim(base, 0 if axis == ZERO else 1)


def indexes(scope: Scope, node: cst.Subscript, value: Value) -> tuple[Value, ...]:
    """The indices in one pair of brackets."""
    found: list[Value] = []
    for element in node.slice:
        if not isinstance(element.slice, cst.Index):
            raise scope.refuse(node, "slice", scope.place.code(node))
        index = expressions.evaluate(scope, element.slice.value)
        if isinstance(index, Tuple):
            raise scope.refuse(node, "expression", scope.place.code(node))
        found.append(index)
    if len(found) > 1:
        while isinstance(value, Load):
            value = value.of
        if isinstance(value, Root):
            scope.shared.arrays.add(value.path)
    return tuple(found)


def at(scope: Scope, node: cst.CSTNode, value: Value, found: tuple[Value, ...]) -> Value:
    """`value[i]` or `value[i, j]`."""
    match value:
        case Root() | Load():
            for index in found:
                if isinstance(index, Const) and index.kind != "int":
                    raise scope.refuse(node, "records")
                value = Load(value, index)
            return value
        case Tuple(items) if found in [(const(number),) for number in range(len(items))]:
            return items[int(constant(found[0]))]
        case Map(loop, body) if len(found) == 1:
            where_ = affine(found[0])
            if where_ is not None and where_[0] is not None and constant(where_[1]) == 0:
                same = scope.shared.spaces[where_[0]] == scope.shared.spaces[loop]
                if same:
                    return replaced(body, {Index(loop): Index(where_[0])})
        case Store(loops=(), at=place, value=cell) if place == found:
            return cell
    if scope.is_building(value) and not isinstance(value, Where | Store):
        inner = value
        for index in found:
            inner = Load(inner, index)
        return inner
    if isinstance(value, BUILT) or scope.is_building(value):
        raise scope.refuse(node, "reads-own-result", scope.place.code(node))
    raise scope.refuse(node, "expression", scope.place.code(node))
