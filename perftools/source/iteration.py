"""What iterates: calls that are loops themselves, and endless loops that only serve."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from perftools.source import operations, syntax

_MODULES = frozenset("heapq functools itertools math builtins statistics".split())


def iterable(node: cst.Call, name: str, dotted: str) -> cst.BaseExpression | None:
    """The first argument of a call that is a loop itself; None for other calls."""
    if name == "sort":
        keyed = any(each.keyword is not None and each.keyword.value == "key" for each in node.args)
        return node.func.value if keyed and isinstance(node.func, cst.Attribute) else None
    method = isinstance(node.func, cst.Attribute)
    if dotted.startswith(operations.NUMPY):
        return node if name in ("vectorize", "append") else None
    if name in operations.STATISTICS and dotted.partition(".")[0] in ("statistics", name):
        return node.args[0].value if node.args else None
    if name not in operations.ITERATING or (method and dotted.partition(".")[0] not in _MODULES):
        return None
    plain = [each.value for each in node.args if each.keyword is None]
    if name in ("sum", "min", "max", "sorted", "any", "all") and len(plain) == (2 if name == "sum" else 1):
        return plain[0]
    if name == "sum":
        return plain[0] if plain else None
    if name in ("map", "filter", "reduce", "starmap", "nlargest", "nsmallest") and len(plain) >= 2:
        return plain[1]
    return plain[0] if name == "accumulate" and plain else None


def iterables(node: cst.Call, name: str) -> list[cst.BaseExpression]:
    if name == "sort" and isinstance(node.func, cst.Attribute):
        return [node.func.value]
    plain = [each.value for each in node.args if each.keyword is None]
    return plain[1:] if name in ("map", "filter", "reduce", "starmap", "nlargest", "nsmallest") else plain


def clauses(clause: cst.CompFor | None) -> Iterator[cst.CompFor]:
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def _own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    return syntax.walk(node, scopes=False)


def waits(node: cst.CSTNode) -> bool:
    """Does it await, or call something that waits?"""
    for each in _own(node):
        if isinstance(each, cst.Await):
            return True
        if isinstance(each, cst.Call):
            name, _ = syntax.callee(each)
            keywords = frozenset(argument.keyword.value for argument in each.args if argument.keyword is not None)
            if operations.waits(name, len(each.args) - len(keywords), keywords):
                return True
    return False


def pauses(node: cst.CSTNode) -> bool:
    """Does each iteration await or sleep, and not only in a branch?"""
    for child in syntax.children(node):
        if isinstance(child, cst.Await):
            return True
        if isinstance(child, cst.Call) and syntax.callee(child)[0] == "sleep":
            return True
        if not isinstance(child, (cst.If, cst.Try, *syntax.SCOPES)) and pauses(child):
            return True
    return False


def breaks(body: cst.CSTNode) -> bool:
    """Is there a `break` or `return` out of this loop (not of an inner one)?"""
    for child in syntax.children(body):
        if isinstance(child, cst.Break | cst.Return | cst.Raise):
            return True
        if isinstance(child, cst.For | cst.While):
            if any(isinstance(each, cst.Return) for each in _own(child)):
                return True
        elif not isinstance(child, syntax.SCOPES) and breaks(child):
            return True
    return False


def drains_queue(node: cst.CSTNode) -> bool:
    """`for job in iter(queue.get, None)`."""
    return isinstance(node, cst.Call) and any(
        syntax.path(argument.value).endswith((".get", ".recv")) for argument in node.args
    )


def watches_clock(test: cst.CSTNode) -> bool:
    return any(
        isinstance(each, cst.Call) and syntax.callee(each)[0] in ("time", "monotonic", "perf_counter", "is_set")
        for each in syntax.walk(test)
    )
