"""What is iterated, as a loop from 0 to a count with an element for each position; comprehensions."""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

from perftools.rewrite.loops import calls, expressions
from perftools.rewrite.loops.counts import minus, plus
from perftools.rewrite.loops.ir import (
    ONE,
    ZERO,
    Const,
    Dead,
    Dim,
    Filled,
    Filter,
    Index,
    Load,
    Map,
    Op,
    Root,
    Space,
    Tuple,
    Value,
    constant,
    free,
    replaced,
)
from perftools.rewrite.loops.scope import Scope, is_container


class Each(NamedTuple):
    """An iterable: how often, and its element at a position (which is filled in once the loop has a number)."""

    length: Value
    equal: tuple[Value, ...]
    element: Value
    """In terms of the position that was asked for."""


def enter(scope: Scope, node: cst.BaseExpression) -> tuple[int, Value]:
    """A new loop over an iterable: its number and its element. Raises Unclear."""
    loop = scope.shared.loop(Space(ZERO))  # numbered before the loops of helpers that make its elements
    each = iterated(scope, node, Index(loop))
    if free(each.length) or any(free(length) for length in each.equal):
        raise scope.refuse(node, "ragged-space")
    equal = tuple(length for length in dict.fromkeys(each.equal) if length != each.length)
    scope.shared.spaces[loop] = Space(each.length, equal)
    return loop, each.element


def iterated(scope: Scope, node: cst.BaseExpression, here: Index) -> Each:
    """An iterable, with its element at the position `here`."""
    if isinstance(node, cst.Call):
        known = scope.place.qualified(node.func)
        plain = [each.value for each in node.args if each.keyword is None and not each.star]
        if len(plain) == len(node.args):
            match known:
                case "builtins.range":
                    return _range(scope, node, plain, here)
                case "builtins.zip" if plain:
                    return _zip([iterated(scope, each, here) for each in plain])
                case "builtins.enumerate" if len(plain) in (1, 2):
                    return _enumerate(scope, plain, here)
                case "builtins.reversed" if len(plain) == 1:
                    inner = iterated(scope, plain[0], here)
                    last = minus(minus(inner.length, ONE), here)
                    return inner._replace(element=replaced(inner.element, {here: last}))
                case "builtins.list" | "builtins.tuple" | "builtins.iter" if len(plain) == 1:
                    return iterated(scope, plain[0], here)
                case "builtins.map" if len(plain) >= 2:
                    inner = _zip([iterated(scope, each, here) for each in plain[1:]])
                    items = inner.element.items if isinstance(inner.element, Tuple) else (inner.element,)
                    return inner._replace(element=calls.applied(scope, node, plain[0], items))
    if isinstance(node, cst.GeneratorExp | cst.ListComp):
        return of_value(scope, node, listed(scope, node), here)
    if isinstance(node, cst.Subscript) and any(isinstance(each.slice, cst.Slice) for each in node.slice):
        return _slice(scope, node, here)
    if isinstance(node, cst.Name):
        return of_value(scope, node, expressions.lookup(scope, node), here)
    if isinstance(node, cst.Attribute | cst.Subscript):
        return of_value(scope, node, expressions.evaluate(scope, node), here)
    raise scope.refuse(node, "iterator", scope.place.code(node))


def of_value(scope: Scope, node: cst.CSTNode, value: Value, here: Index) -> Each:
    """A container as something to iterate."""
    match value:
        case Root():
            return Each(Dim(value, 0), (), Load(value, here))
        case Load(of=Root() as root):
            return Each(Dim(root, 1), (), Load(value, here))
        case Map(loop, body):
            space = scope.shared.spaces[loop]
            return Each(space.count, space.equal, replaced(body, {Index(loop): here}))
        case Filled(_, (count,), fill):
            return Each(count, (), fill)
    if scope.is_building(value):
        raise scope.refuse(node, "reads-own-result", scope.place.code(node))
    raise scope.refuse(node, "iterator", scope.place.code(node))


def length(scope: Scope, node: cst.CSTNode, value: Value) -> Value:
    """len(value)."""
    each = of_value(scope, node, value, Index(-1))  # the element is not asked for
    if each.equal:
        raise scope.refuse(node, "expression", scope.place.code(node))
    return each.length


def _range(scope: Scope, node: cst.Call, plain: list[cst.BaseExpression], here: Index) -> Each:
    bounds = [expressions.evaluate(scope, each) for each in plain]
    for bound, code in zip(bounds, plain, strict=True):
        if (isinstance(bound, Const) and bound.kind != "int") or isinstance(bound, Load | Tuple) or is_container(bound):
            raise scope.refuse(code, "ragged-space" if free(bound) else "loop-bound", scope.place.code(code))
    start, stop = (ZERO, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    if len(bounds) == 3 and constant(bounds[2]) == -1:
        return Each(minus(start, stop), (), minus(start, here))
    if len(bounds) == 3 and constant(bounds[2]) != 1:
        raise scope.refuse(node, "range-step", scope.place.code(plain[2]))
    return Each(minus(stop, start), (), plus(here, start))


def _zip(inner: list[Each]) -> Each:
    first, *others = inner
    equal = first.equal + tuple(length for each in others for length in (each.length, *each.equal))
    return Each(first.length, equal, Tuple(tuple(each.element for each in inner)) if others else first.element)


def _enumerate(scope: Scope, plain: list[cst.BaseExpression], here: Index) -> Each:
    inner = iterated(scope, plain[0], here)
    start = expressions.evaluate(scope, plain[1]) if len(plain) == 2 else ZERO
    return inner._replace(element=Tuple((plus(here, start), inner.element)))


def _slice(scope: Scope, node: cst.Subscript, here: Index) -> Each:
    """x[a:], x[:-b], x[a:-b] with constants: whatever else would be cut short silently at the ends."""
    cut = node.slice[0].slice
    if len(node.slice) != 1 or not isinstance(cut, cst.Slice) or cut.step is not None:
        raise scope.refuse(node, "slice", scope.place.code(node))
    inner = iterated(scope, node.value, here)
    start = expressions.evaluate(scope, cut.lower) if cut.lower is not None else ZERO
    stop = expressions.evaluate(scope, cut.upper) if cut.upper is not None else ZERO
    known = isinstance(constant(start), int) and isinstance(constant(stop), int)
    if not known or constant(start) < 0 or (cut.upper is not None and constant(stop) >= 0) or inner.equal:
        raise scope.refuse(node, "slice", scope.place.code(node))
    count = minus(plus(inner.length, stop), start)
    return Each(count, (), replaced(inner.element, {here: plus(here, start)}))


def bind(scope: Scope, target: cst.BaseExpression, element: Value) -> None:
    """Give a loop's target, or the left side of an assignment, its value. Raises Unclear."""
    match target:
        case cst.Name():
            scope.bind(target, target.value, element)
            return
        case cst.Tuple() | cst.List() if isinstance(element, Tuple) and len(element.items) == len(target.elements):
            for part, item in zip(target.elements, element.items, strict=True):
                bind(scope, part.value, item)
            return
        case cst.Tuple() | cst.List():
            raise scope.refuse(target, "list-of-tuples")
    raise scope.refuse(target, "expression", scope.place.code(target))


class Clauses(NamedTuple):
    """A comprehension: its loops, the condition (None: all), and a scope in which the element is to be read."""

    loops: tuple[int, ...]
    test: Value | None
    scope: Scope


def clauses(scope: Scope, node: cst.ListComp | cst.GeneratorExp) -> Clauses:
    inner = scope.copy()
    inner.fresh.clear()
    loops: list[int] = []
    test: Value | None = None
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        if clause.asynchronous is not None:
            raise scope.refuse(node, "expression", scope.place.code(node))
        loop, element = enter(inner, clause.iter)
        loops.append(loop)
        bind(inner, clause.target, element)
        for each in clause.ifs:
            found = expressions.condition(inner, each.test)
            test = found if test is None else Op("and", (test, found))
        clause = clause.inner_for_in
    return Clauses(tuple(loops), test, inner)


def listed(scope: Scope, node: cst.ListComp | cst.GeneratorExp) -> Value:
    """The list that a comprehension makes."""
    loops, test, inner = clauses(scope, node)
    body = expressions.evaluate(inner, node.elt)
    if isinstance(body, Dead) or len(loops) != 1:
        raise scope.refuse(node, "expression", scope.place.code(node))
    if is_container(body) and isinstance(node.elt, cst.Name):
        raise scope.refuse(node, "shared-rows", scope.place.code(node))
    if isinstance(body, Filled) and test is None:
        return Filled(body.kind, (scope.shared.spaces[loops[0]].count, *body.shape), body.fill)
    return Map(loops[0], body) if test is None else Filter(loops[0], test, body)
