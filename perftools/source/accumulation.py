"""Assignments that only gather: `s = s + x`, `m = max(m, x)`, `best = x if x > best else best`. They carry nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from perftools.source.syntax import callee, code, path, walk

_BEST = frozenset("max min fmax fmin maximum minimum".split())
_GROWS = frozenset("append concatenate concat hstack vstack".split())


def gathered(place: cst.CSTNode, value: cst.BaseExpression) -> Sequence[cst.CSTNode] | None:
    """What `place = value` adds to what is there already; None where it is no pure accumulation.

    Sums and products of any length are looked at term by term: the place must be exactly one of them, and no other may
    mention it.
    """
    name = code(place)
    if isinstance(value, cst.IfExp):
        return _chosen(place, value)
    if isinstance(value, cst.Call):
        return _called(place, value)
    if not isinstance(value, cst.BinaryOperation):
        return None
    terms = list(_factors(value) if isinstance(value.operator, cst.Multiply) else _terms(value))
    own = [sign for sign, term in terms if code(term) == name]
    others = [term for _, term in terms if code(term) != name]
    return None if own != [1] or _any_mentions(others, place) else others


def best_kept(test: cst.BaseExpression, body: cst.CSTNode) -> set[str]:
    """The names that `if x > best: best = x` keeps the best of: compared in the test, assigned in the body."""
    compared = {
        path(side)
        for each in walk(test)
        if isinstance(each, cst.Comparison)
        for side in (each.left, *(part.comparator for part in each.comparisons))
    } - {""}
    return {
        path(place)
        for statement in walk(body, scopes=False)
        if isinstance(statement, cst.Assign) and len(statement.targets) == 1
        for place, value in pairs(statement.targets[0].target, statement.value)
        if path(place) in compared and not mentions(value, place)
    }


def pairs(target: cst.BaseExpression, value: cst.BaseExpression) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """Each target with its own value: `a, b = x, y` gives two, anything else one."""
    if isinstance(target, cst.Tuple | cst.List) and isinstance(value, cst.Tuple | cst.List):
        left, right = target.elements, value.elements
        starred = any(isinstance(each, cst.StarredElement) for each in (*left, *right))
        if len(left) == len(right) and not starred:
            return [(one.value, other.value) for one, other in zip(left, right, strict=True)]
    return [(target, value)]


def mentions(node: cst.CSTNode, place: cst.CSTNode) -> bool:
    """Does the node contain this name, attribute or subscript?"""
    name, kind = code(place), type(place)
    return any(isinstance(each, kind) and code(each) == name for each in walk(node))


def _any_mentions(nodes: Sequence[cst.CSTNode], place: cst.CSTNode) -> bool:
    return any(mentions(each, place) for each in nodes)


def _terms(node: cst.BaseExpression, sign: int = 1) -> Iterator[tuple[int, cst.BaseExpression]]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add | cst.Subtract):
        yield from _terms(node.left, sign)
        yield from _terms(node.right, -sign if isinstance(node.operator, cst.Subtract) else sign)
    else:
        yield sign, node


def _factors(node: cst.BaseExpression) -> Iterator[tuple[int, cst.BaseExpression]]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield 1, node


def _called(place: cst.CSTNode, value: cst.Call) -> Sequence[cst.CSTNode] | None:
    name, _ = callee(value)
    arguments: list[cst.BaseExpression] = [each.value for each in value.args]
    if name in _GROWS and arguments and isinstance(arguments[0], cst.List | cst.Tuple):
        arguments[:1] = [each.value for each in arguments[0].elements]
    elif name not in _BEST and name not in _GROWS:
        return None
    others = [each for each in arguments if code(each) != code(place)]
    return others if len(others) == len(arguments) - 1 and not _any_mentions(others, place) else None


def _chosen(place: cst.CSTNode, value: cst.IfExp) -> Sequence[cst.CSTNode] | None:
    """`best = x if x > best else best`, `s = s + x if x > 0 else s`."""
    name = code(place)
    kept = [side for side in (value.body, value.orelse) if code(side) == name]
    new = [side for side in (value.body, value.orelse) if code(side) != name]
    if len(kept) != 1:
        return None
    if mentions(new[0], place):
        inner = gathered(place, new[0])
        return None if inner is None or mentions(value.test, place) else [*inner, value.test]
    if mentions(value.test, place) and path(place) not in best_kept(value.test, _assignment(place, new[0])):
        return None
    return [new[0]]


def _assignment(place: cst.CSTNode, value: cst.BaseExpression) -> cst.Assign:
    assert isinstance(place, cst.BaseAssignTargetExpression)
    return cst.Assign([cst.AssignTarget(place)], value)
