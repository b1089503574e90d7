"""Statements read once: what each name stands for afterwards, and how the block may be left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from perftools.rewrite.loops import expressions, looping, spaces, subscripts
from perftools.rewrite.loops.ir import Append, Const, Root, Store, Tuple, Value, const
from perftools.rewrite.loops.scope import Scope, is_container, merged, where
from perftools.source.syntax import walk


@dataclass
class Fall:
    """The end of the block is reached."""

    scope: Scope


@dataclass
class Exit:
    """It is left by "continue", "break", "return" or "raise"."""

    how: str
    value: Value
    scope: Scope
    node: cst.CSTNode


@dataclass
class Branch:
    """Which of two, by a condition."""

    test: Value
    yes: Flow
    no: Flow


Flow = Fall | Exit | Branch
Statement = cst.BaseStatement | cst.BaseSmallStatement


def block(scope: Scope, statements: Sequence[Statement]) -> Flow:
    """Read statements that follow one another. Raises Unclear."""
    for number, statement in enumerate(statements):
        scope.step(statement)
        flow = _statement(scope, statement)
        if isinstance(flow, Exit):
            return flow
        if isinstance(flow, Branch):
            return then(flow, statements[number + 1 :])
        scope.take(flow.scope)
    return Fall(scope)


def then(flow: Flow, rest: Sequence[Statement]) -> Flow:
    """What follows, on each way that gets there."""
    match flow:
        case Fall(scope):
            return block(scope, rest)
        case Branch(test, yes, no):
            return Branch(test, then(yes, rest), then(no, rest))
    return flow


def body_of(suite: cst.BaseSuite) -> list[Statement]:
    return list(suite.body)


def returned(scope: Scope, body: cst.BaseSuite) -> Value:
    """What a function with this body returns."""
    return value_of(scope, block(scope, body_of(body)))


def value_of(scope: Scope, flow: Flow) -> Value:
    """The value of a flow that returns on each way; one that falls through returns None."""
    match flow:
        case Fall():
            return const(None)
        case Exit("return", value):
            return value
        case Exit(node=node):
            raise scope.refuse(node, "raise")
        case Branch(test, yes, no):
            return where(test, value_of(scope, yes), value_of(scope, no))


def leaves(flow: Flow) -> Iterable[Fall | Exit]:
    if isinstance(flow, Branch):
        yield from leaves(flow.yes)
        yield from leaves(flow.no)
    else:
        yield flow


def _statement(scope: Scope, node: Statement) -> Flow:
    match node:
        case cst.SimpleStatementLine():
            return block(scope, list(node.body))
        case cst.If():
            return _if(scope, node)
        case cst.For() | cst.While():
            return looping.loop(scope, node)
        case cst.Assign():
            _assign(scope, node)
        case cst.AnnAssign() if node.value is not None:
            _give(scope, node.target, node.value, expressions.evaluate(scope, node.value))
        case cst.AugAssign():
            _augment(scope, node)
        case cst.Expr():
            _expression(scope, node.value)
        case cst.Pass():
            pass
        case cst.Return():
            value = expressions.evaluate(scope, node.value) if node.value is not None else const(None)
            return Exit("return", value, scope, node)
        case cst.Continue():
            return Exit("continue", const(None), scope, node)
        case cst.Break():
            return Exit("break", const(None), scope, node)
        case cst.Raise():
            return Exit("raise", const(None), scope, node)
        case cst.Try() | cst.TryStar():
            raise scope.refuse(node, "try-in-body")
        case cst.Global() | cst.Nonlocal():
            raise scope.refuse(node, "writes-global", node.names[0].name.value)
        case _:
            raise scope.refuse(node, "statement", scope.place.code(node).strip().partition("\n")[0])
    return Fall(scope)


def _if(scope: Scope, node: cst.If) -> Flow:
    test = expressions.condition(scope, node.test)
    yes = block(scope.copy(), body_of(node.body))
    otherwise = node.orelse
    rest = [] if otherwise is None else [otherwise] if isinstance(otherwise, cst.If) else body_of(otherwise.body)
    no = block(scope.copy(), rest)
    if isinstance(yes, Fall) and isinstance(no, Fall):
        return Fall(merged(test, yes.scope, no.scope))
    return Branch(test, yes, no)


def _assign(scope: Scope, node: cst.Assign) -> None:
    value = expressions.evaluate(scope, node.value)
    if len(node.targets) > 1 and is_container(value):
        raise scope.refuse(node, "alias", *(scope.place.code(each.target) for each in node.targets[:2]))
    for each in node.targets:
        _give(scope, each.target, node.value, value)


def _give(scope: Scope, target: cst.BaseExpression, source: cst.BaseExpression, value: Value) -> None:
    if isinstance(target, cst.Subscript):
        _store(scope, target, source, value)
        return
    if isinstance(target, cst.Attribute):
        raise scope.refuse(target, "writes-global", scope.place.code(target))
    if is_container(value) and not isinstance(target, cst.Name):
        raise scope.refuse(target, "alias", scope.place.code(target), scope.place.code(source))
    spaces.bind(scope, target, value)
    if is_container(value) and isinstance(target, cst.Name):
        (scope.fresh if _makes(source) else scope.frozen).add(target.value)


def _makes(source: cst.BaseExpression) -> bool:
    """Is the value of this expression a new object?"""
    return isinstance(source, cst.List | cst.ListComp | cst.BinaryOperation | cst.Call)


def _augment(scope: Scope, node: cst.AugAssign) -> None:
    target = node.target
    if isinstance(target, cst.Name):
        old = expressions.name(scope, target)
        if is_container(old):
            raise scope.refuse(node, "expression", scope.place.code(node))
        scope.bind(node, target.value, expressions.augmented(scope, node, old))
    elif isinstance(target, cst.Subscript):
        old = expressions.evaluate(scope, target)
        _store(scope, target, None, expressions.augmented(scope, node, old))
    else:
        raise scope.refuse(node, "writes-global", scope.place.code(target))


def _expression(scope: Scope, node: cst.BaseExpression) -> None:
    if isinstance(node, cst.SimpleString | cst.Ellipsis):
        return
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Name):
        if node.func.attr.value == "append" and len(node.args) == 1 and not node.args[0].star:
            _append(scope, node.func.value, node.args[0].value)
            return
        raise scope.refuse(node, "effect-call", node.func.attr.value)
    if isinstance(node, cst.Await | cst.Yield):
        raise scope.refuse(node, "generator", scope.place.code(node))
    expressions.evaluate(scope, node)


def _append(scope: Scope, name: cst.Name, item: cst.BaseExpression) -> None:
    old = _changed(scope, name)
    value = _held(scope, name.value, item, expressions.evaluate(scope, item))
    scope.env[name.value] = Append(old, value)


def _store(scope: Scope, target: cst.Subscript, source: cst.BaseExpression | None, value: Value) -> None:
    places: list[Value] = []
    inner: cst.BaseExpression = target
    while isinstance(inner, cst.Subscript):
        places[:0] = subscripts.indexes(scope, inner, const(None))
        inner = inner.value
    if not isinstance(inner, cst.Name):
        raise scope.refuse(target, "writes-global", scope.place.code(target))
    old = _changed(scope, inner)
    if source is not None:
        value = _held(scope, inner.value, source, value)
    if isinstance(old, Store) and not old.loops:
        if old.at != tuple(places):
            raise scope.refuse(target, "two-stores", inner.value)
        old = old.base
    scope.env[inner.value] = Store(old, (), tuple(places), value)


def _changed(scope: Scope, name: cst.Name) -> Value:
    """A container that is written to: it must be one that the region made, and held by this name alone."""
    old = scope.env[name.value] if name.value in scope.env else expressions.lookup(scope, name)
    if isinstance(old, Root):
        raise scope.refuse(name, "mutates-argument", name.value)
    if not is_container(old) and not scope.is_building(old):
        raise scope.refuse(name, "effect-call", "append")
    if name.value in scope.frozen:
        raise scope.refuse(name, "escapes", name.value)
    return old


def _held(scope: Scope, into: str, source: cst.BaseExpression, value: Value) -> Value:
    """What is put into a container: if it is one itself, it must be new in this pass."""
    if isinstance(value, Tuple):
        raise scope.refuse(source, "list-of-tuples")
    if is_container(value):
        new = source.value in scope.fresh if isinstance(source, cst.Name) else _makes(source)
        if not new:
            raise scope.refuse(source, "shared-rows", into)
        if isinstance(source, cst.Name):
            scope.fresh.discard(source.value)
            scope.frozen.add(source.value)
    if isinstance(value, Const) and value.kind == "str":
        raise scope.refuse(source, "expression", value.text)
    return value


def written(scope: Scope, body: cst.CSTNode) -> list[str]:
    """Names that a loop's body binds or whose containers it changes, in order of appearance."""
    found: dict[str, None] = {}
    bound = scope.place.writes(body)
    for each in walk(body, scopes=False):
        if isinstance(each, cst.Name) and each.value in bound:
            found.setdefault(each.value)
        elif isinstance(each, cst.Call) and isinstance(each.func, cst.Attribute):
            if each.func.attr.value == "append" and isinstance(each.func.value, cst.Name):
                found.setdefault(each.func.value.value)
        elif isinstance(each, cst.AssignTarget | cst.AugAssign):
            inner: cst.BaseExpression = each.target
            while isinstance(inner, cst.Subscript):
                inner = inner.value
            if isinstance(inner, cst.Name):
                found.setdefault(inner.value)
    return list(found)
