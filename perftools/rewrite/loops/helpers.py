"""Helper functions and lambdas read into the loop that calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst
from libcst import metadata

from perftools.rewrite.loops import expressions, run
from perftools.rewrite.loops.ir import Dead, Value
from perftools.rewrite.loops.scope import DEEPEST, Scope, is_container
from perftools.rewrite.place import Place
from perftools.source.syntax import walk


def inlined(
    scope: Scope, node: cst.CSTNode, function: cst.Name, arguments: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """The value of a call of a function of this module. Raises Unclear."""
    name = function.value
    if name in scope.env or scope.place.is_local(name):
        raise scope.refuse(node, "unknown-call", name)
    bound = [each for each in scope.place.module.global_scope[name] if isinstance(each, metadata.Assignment)]
    found = [each for each in scope.place.module.definitions if each.name == name]
    if len(bound) != 1 or len(found) != 1 or bound[0].node is not found[0].node:
        raise scope.refuse(node, "unknown-call", name)
    (definition,) = found
    if scope.depth >= DEEPEST:
        raise scope.refuse(node, "helper", name, "helpers call helpers too deep, or themselves")
    if problem := _unfit(definition.node):
        raise scope.refuse(node, "helper", name, problem)
    inner = Scope(Place(scope.place.module, definition, facts=scope.place.facts), scope.shared,
                  node if scope.depth == 0 else scope.at, depth=scope.depth + 1)  # fmt: skip
    _bind(scope, node, name, [each.name.value for each in definition.node.params.params], inner, arguments, named)
    given = [value for value in (*arguments, *named.values()) if is_container(value)]
    value = run.returned(inner, definition.node.body)
    if any(value == each for each in given):
        raise scope.refuse(node, "alias", name, name)
    return value


def lambda_(scope: Scope, function: cst.Lambda, arguments: Sequence[Value]) -> Value:
    if _parameters_unfit(function.params):
        raise scope.refuse(function, "helper", "lambda", "its parameters")
    inner = scope.copy()
    inner.fresh.clear()
    _bind(scope, function, "lambda", [each.name.value for each in function.params.params], inner, arguments, {})
    return expressions.evaluate(inner, function.body)


def _bind(
    scope: Scope,
    node: cst.CSTNode,
    name: str,
    parameters: Sequence[str],
    inner: Scope,
    arguments: Sequence[Value],
    named: Mapping[str, Value],
) -> None:
    given = {**dict(zip(parameters, arguments, strict=False)), **named}
    if len(arguments) + len(named) != len(parameters) or set(given) != set(parameters):
        raise scope.refuse(node, "helper", name, "arguments that are filled in")
    for parameter, value in given.items():
        if isinstance(value, Dead):
            raise scope.refuse(node, value.code, value.name)
        inner.bind(node, parameter, value)
        if is_container(value):
            inner.frozen.add(parameter)


def _unfit(node: cst.FunctionDef) -> str:
    if node.decorators:
        return "it is decorated"
    if node.asynchronous is not None or any(isinstance(each, cst.Yield | cst.Await) for each in walk(node.body)):
        return "it is a generator or coroutine"
    if any(isinstance(each, cst.Global | cst.Nonlocal) for each in walk(node.body)):
        return "it declares global names"
    return _parameters_unfit(node.params)


def _parameters_unfit(params: cst.Parameters) -> str:
    plain = not (params.kwonly_params or params.star_kwarg or params.posonly_params)
    if not plain or isinstance(params.star_arg, cst.Param | cst.ParamStar):
        return "its parameters"
    return "default arguments" if any(each.default is not None for each in params.params) else ""
