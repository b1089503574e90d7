"""The regions of a function: each loop with what stands before it and belongs to it, each expression that is a loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from perftools.rewrite.loops import expressions, run
from perftools.rewrite.loops.ir import Dead, Value, walk
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.scope import Scope, Shared
from perftools.rewrite.loops.solve import leftover
from perftools.rewrite.loops.understood import NotUnderstood, Understood, loops_of
from perftools.rewrite.place import Place
from perftools.source.syntax import children
from perftools.source.syntax import walk as nodes_of

Found = Understood | NotUnderstood
_LOOPS = (cst.For, cst.While)
_LAZY = (cst.ListComp, cst.GeneratorExp)
_CONSUMERS = frozenset(f"builtins.{name}" for name in "sum any all max min list".split()) | {"functools.reduce"}
_BEST = frozenset(("heapq.nlargest", "heapq.nsmallest"))


def find(place: Place) -> list[Found]:
    """Every loop of a function, outer ones first; one inside a loop that is understood is part of it."""
    body = place.function.body if place.function is not None else place.module.tree
    return [each for each in _in_block(place, list(body.body)) if _meant(place, each)]


def _meant(place: Place, found: Found) -> bool:
    if place.line is None:
        return True
    nodes = found.nodes if isinstance(found, Understood) else (found.loop,)
    first, last = place.module.span(nodes[0]).start.line, place.module.span(nodes[-1]).end.line
    return first <= place.line <= last


def _in_block(place: Place, block: Sequence[run.Statement]) -> Iterator[Found]:
    taken: set[cst.CSTNode] = set()
    found: list[tuple[int, Found]] = []
    for number, statement in enumerate(block):
        if isinstance(statement, _LOOPS):
            region = _loop(place, block, number)
            found.append((number, region))
            if isinstance(region, Understood):
                taken.update(region.nodes)
    regions = dict(found)
    for number, statement in enumerate(block):
        if number in regions:
            yield regions[number]
        if statement not in taken:
            yield from _below(place, statement)


def _below(place: Place, statement: run.Statement) -> Iterator[Found]:
    """In the blocks of a compound statement, and in the expressions of its header or of a simple one."""
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return
    for child in children(statement):
        if isinstance(child, cst.IndentedBlock | cst.SimpleStatementSuite):
            yield from _in_block(place, list(child.body))
        elif isinstance(child, cst.If):
            yield from _below(place, child)
        elif isinstance(child, cst.Else | cst.Finally | cst.ExceptHandler | cst.ExceptStarHandler | cst.MatchCase):
            yield from _in_block(place, list(child.body.body))
        else:
            yield from _in_expression(place, child)


def _in_expression(place: Place, node: cst.CSTNode) -> Iterator[Found]:
    if isinstance(node, cst.Lambda | cst.SetComp | cst.DictComp | cst.FormattedString):
        return
    if isinstance(node, cst.BaseExpression) and _is_loop(place, node):
        region = _expression(place, node)
        yield region
        if isinstance(region, Understood) or isinstance(node, _LAZY):
            return
    for child in children(node):
        yield from _in_expression(place, child)


def _is_loop(place: Place, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.ListComp):
        return True
    if isinstance(node, cst.Subscript):
        return isinstance(node.value, cst.Call) and place.is_builtin(node.value.func, "sorted")
    if isinstance(node, cst.Call) and place.qualified(node.func) in _BEST:
        return True
    if not isinstance(node, cst.Call) or place.qualified(node.func) not in _CONSUMERS:
        return False
    if place.qualified(node.func) == "functools.reduce":
        return True
    return any(isinstance(each.value, _LAZY) or _iterates(place, each) for each in node.args)


def _iterates(place: Place, argument: cst.Arg) -> bool:
    if argument.keyword is not None:
        return argument.keyword.value == "key"
    return isinstance(argument.value, cst.Call) and place.qualified(argument.value.func) == "builtins.map"


def _expression(place: Place, node: cst.BaseExpression) -> Found:
    scope = Scope(place, Shared(place), node)
    try:
        value = expressions.evaluate(scope, node)
        return _checked(scope, (node,), {"result": value}, node)
    except Unclear as problem:
        return _refused(place, node, problem)


def _loop(place: Place, block: Sequence[run.Statement], number: int) -> Found:
    node = block[number]
    scope = Scope(place, Shared(place), node)
    first, stopped = _start(place, block, number)
    try:
        nodes = list(block[first : number + 1])
        flow = run.block(scope, nodes)
        if _returns(flow):
            after = block[number + 1] if number + 1 < len(block) else None
            if not _is_return(after):
                raise Unclear(node, "early-exit")
            assert after is not None
            nodes.append(after)
            flow = run.then(flow, [after])
            return _checked(scope, tuple(nodes), {"return": run.value_of(scope, flow)}, node)
        if not isinstance(flow, run.Fall):
            raise Unclear(node, "early-exit")
        return _checked(scope, tuple(nodes), _live(place, nodes, flow.scope), node)
    except Unclear as problem:
        if problem.code == "mutates-argument" and stopped is not None:
            problem = stopped  # what it changes was made just above
        return _refused(place, node, problem)


def _returns(flow: run.Flow) -> bool:
    return any(isinstance(leaf, run.Exit) and leaf.how == "return" for leaf in run.leaves(flow))


def _is_return(node: run.Statement | None) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 and isinstance(node.body[0], cst.Return)


def _start(place: Place, block: Sequence[run.Statement], number: int) -> tuple[int, Unclear | None]:
    """Where the region begins: at the assignments right before the loop that it needs and that are understood.

    And why the one above is not, where it is needed.
    """
    loop = block[number]
    needed = set(place.reads(loop)) | place.writes(loop) | set(run.written(Scope(place, Shared(place), loop), loop))
    first = number
    for above in range(number - 1, -1, -1):
        statement = block[above]
        if not isinstance(statement, cst.SimpleStatementLine) or not place.writes(statement):
            break
        if not all(isinstance(small, cst.Assign | cst.AnnAssign) for small in statement.body):
            break
        if not _plain(place, statement):
            break
        try:
            run.block(Scope(place, Shared(place), loop), [statement])
        except Unclear as problem:
            return first, problem if place.writes(statement) & needed else None
        if place.writes(statement) & needed:
            needed |= place.reads(statement)
            first = above
    return first, None


def _plain(place: Place, statement: cst.SimpleStatementLine) -> bool:
    """Names on the left only."""
    places = [t.target for s in statement.body if isinstance(s, cst.Assign) for t in s.targets]
    places += [s.target for s in statement.body if isinstance(s, cst.AnnAssign)]
    return all(isinstance(each, cst.Name | cst.Tuple) for each in places) and bool(place)


def _live(place: Place, nodes: Sequence[run.Statement], scope: Scope) -> dict[str, Value]:
    """The names that are read after the region."""
    written = [name for node in nodes for name in sorted({*place.writes(node), *run.written(scope, node)})]
    names = [name for name in dict.fromkeys(written) if place.read_after(nodes[-1], name)]
    results: dict[str, Value] = {}
    for name in names:
        value = scope.env.get(name, Dead(name, "maybe-undefined"))
        if isinstance(value, Dead):
            raise Unclear(nodes[-1], value.code, value.name)
        results[name] = value
    return results


def _checked(scope: Scope, nodes: tuple[cst.CSTNode, ...], results: dict[str, Value], loop: cst.CSTNode) -> Understood:
    if not results:
        raise Unclear(loop, "no-result")
    for value in results.values():
        if leftover(value):
            raise Unclear(loop, "carried-value", next(iter(results)))
    if not any(loops_of(each) for value in results.values() for each in walk(value)):
        raise Unclear(loop, "no-result")
    shared = scope.shared
    return Understood(
        scope.place, nodes, results, dict(shared.spaces), frozenset(shared.arrays), frozenset(shared.sized)
    )


def _refused(place: Place, loop: cst.CSTNode, problem: Unclear) -> NotUnderstood:
    inside = problem.node is not None and any(each is problem.node for each in nodes_of(loop))
    node = problem.node if inside and problem.node is not None else loop
    return NotUnderstood(node, problem.code, problem.reason, loop, place.line_of(node))
