"""One loop statement: its body is read once, with opaque incoming values of what it carries."""

from __future__ import annotations

import libcst as cst

from perftools.rewrite.loops import expressions, run, solve, spaces
from perftools.rewrite.loops.counts import minus, plus
from perftools.rewrite.loops.ir import ONE, Dead, Index, Op, Red, Root, Space, State, Value, const, free, states
from perftools.rewrite.loops.scope import Scope, is_container, merged
from perftools.source.syntax import targets, walk


def loop(scope: Scope, node: cst.For | cst.While) -> run.Flow:
    """Read a loop; what its names stand for afterwards. Raises Unclear."""
    if node.orelse is not None or (isinstance(node, cst.For) and node.asynchronous is not None):
        raise scope.refuse(node, "statement", "a loop with else, or async for")
    if isinstance(node, cst.While):
        number, counter, body, bound = _counted(scope, node)
        inner = scope.copy()
        inner.fresh.clear()
        names = [name for name in run.written(scope, node.body) if name != counter]
        before = _enter(scope, inner, number, names, node)
        inner.bind(node, counter, bound)
        own = [counter]
    else:
        inner = scope.copy()
        inner.fresh.clear()
        own = [each.value for each in targets(node.target) if isinstance(each, cst.Name)]
        number, element = spaces.enter(inner, node.iter)
        names = [name for name in run.written(scope, node.body) if name not in own]
        before = _enter(scope, inner, number, names, node)
        spaces.bind(inner, node.target, element)
        body = run.body_of(node.body)
    entry = dict(inner.env)
    flow = run.block(inner, body)
    exits = [leaf for leaf in run.leaves(flow) if isinstance(leaf, run.Exit) and leaf.how != "continue"]
    if exits:
        return _left_early(scope, node, number, flow, exits, entry, [*own, *names])
    after = _collapsed(flow)
    _finish(scope, node, number, before, after, own, names)
    return run.Fall(scope)


def _enter(scope: Scope, inner: Scope, number: int, names: list[str], node: cst.For | cst.While) -> dict[str, Value]:
    """Give each name that the body writes its opaque incoming value; what they hold before the loop."""
    before: dict[str, Value] = {}
    bound = scope.place.writes(node.body)
    for name in names:
        if name in scope.env:
            before[name] = scope.env[name]
        elif scope.depth == 0 and _bound_before(scope, name, node):
            before[name] = Root(name)
        else:
            inner.env[name] = Dead(name, "maybe-undefined")
            continue
        if isinstance(before[name], Root) and name not in bound:
            del before[name]  # only written into: that is refused where it happens
            continue
        if not isinstance(before[name], Dead):
            state = State(number, name)
            inner.env[name] = state
            if is_container(before[name]) or scope.is_building(before[name]):
                scope.shared.building.add(state)
    return before


def _bound_before(scope: Scope, name: str, node: cst.CSTNode) -> bool:
    """Has the function bound this name above the loop, on some way?"""
    place = scope.place
    if place.function is None:
        return False
    if any(isinstance(each, cst.Param) and each.name.value == name for each in walk(place.function.params)):
        return True
    line = place.line_of(node)
    return any(
        place.line_of(each) < line and not isinstance(each, cst.BaseCompoundStatement) and name in place.writes(each)
        for each in place.every_statement()
    )


def _collapsed(flow: run.Flow) -> Scope:
    match flow:
        case run.Branch(test, yes, no):
            return merged(test, _collapsed(yes), _collapsed(no))
    return flow.scope


def _finish(
    scope: Scope,
    node: cst.CSTNode,
    number: int,
    before: dict[str, Value],
    after: Scope,
    own: list[str],
    names: list[str],
) -> None:
    """Solve what the loop carries, and bind the names that it leaves behind."""
    carried = {name: (value, after.env[name]) for name, value in before.items() if not isinstance(value, Dead)}
    for name, (_, next_) in carried.items():
        if isinstance(next_, Dead) and next_.code == "maybe-undefined":
            raise scope.refuse(node, "maybe-undefined", name)
    for name in carried:
        if name in after.frozen and scope.is_building(after.env[name]) and after.env[name] != State(number, name):
            raise scope.refuse(node, "escapes", name)
    closed = solve.solved(scope, node, number, carried)
    for name in names:
        value = closed.get(name, Dead(name, "read-after-loop"))
        kept = name in scope.frozen, name in scope.fresh
        scope.bind(node, name, value)
        if is_container(value):
            if kept[0]:
                scope.frozen.add(name)
            if kept[1]:
                scope.fresh.add(name)
    for name in own:
        scope.bind(node, name, Dead(name, "loop-variable"))


def _left_early(
    scope: Scope,
    node: cst.CSTNode,
    number: int,
    flow: run.Flow,
    exits: list[run.Exit],
    entry: dict[str, Value],
    names: list[str],
) -> run.Flow:
    """`if c: return v` or `…: break`, nothing else changed: was there any?"""
    for each in exits:
        if each.how == "raise":
            raise scope.refuse(each.node, "raise")
    if len(exits) != 1:
        raise scope.refuse(exits[1].node, "early-exit")
    (leave,) = exits
    for leaf in run.leaves(flow):
        changed = [name for name in entry if leaf.scope.env.get(name) != entry[name]]
        if leaf is not leave and any(states(leaf.scope.env[name], number) or name in scope.env for name in changed):
            raise scope.refuse(leave.node, "early-exit")
    there = Red("any", (number,), const(False), _reaches(flow, leave), order="early")
    if states(there.body, number):
        raise scope.refuse(leave.node, "early-exit")
    left, through = scope.copy(), scope.copy()
    for name in names:
        value = leave.scope.env.get(name, Dead(name, "maybe-undefined"))
        dead = isinstance(value, Dead) or number in free(value) or bool(states(value, number))
        if name in entry and value == State(number, name):
            continue  # unchanged
        left.bind(node, name, Dead(name, "read-after-loop") if dead else value)
        if name not in scope.env:
            through.bind(node, name, Dead(name, "read-after-loop"))
    if number in free(leave.value) or states(leave.value, number):
        raise scope.refuse(leave.node, "early-exit")
    if leave.how == "break":
        return run.Fall(merged(there, left, through))
    return run.Branch(there, run.Exit("return", leave.value, left, leave.node), run.Fall(through))


def _reaches(flow: run.Flow, leaf: run.Exit) -> Value:
    """Under which condition a way through the block ends at this leaf."""
    match flow:
        case run.Branch(test, yes, no):
            there = any(each is leaf for each in run.leaves(yes))
            rest = _reaches(yes if there else no, leaf)
            here = test if there else Op("not", (test,))
            return here if rest == const(True) else Op("and", (here, rest))
    return const(True)


def _counted(scope: Scope, node: cst.While) -> tuple[int, str, list[run.Statement], Value]:
    """`while i < n: …; i += 1` as a range: its number, the counter, the body without the step, and i in it."""
    test = node.test
    if not (
        isinstance(test, cst.Comparison)
        and len(test.comparisons) == 1
        and isinstance(test.left, cst.Name)
        and isinstance(test.comparisons[0].operator, cst.LessThan | cst.LessThanEqual)
    ):
        raise scope.refuse(node, "while-shape", "its condition")
    name, bound_node = test.left.value, test.comparisons[0].comparator
    body = run.body_of(node.body)
    last = body[-1]
    step = last.body[0] if isinstance(last, cst.SimpleStatementLine) and len(last.body) == 1 else None
    if not (
        isinstance(step, cst.AugAssign)
        and isinstance(step.operator, cst.AddAssign)
        and isinstance(step.target, cst.Name)
        and step.target.value == name
        and isinstance(step.value, cst.Integer)
        and step.value.evaluated_value == 1
    ):
        raise scope.refuse(node, "while-shape", f"`{name} += 1` is not its last statement")
    writes = [each for each in walk(node.body) if isinstance(each, cst.AssignTarget | cst.AugAssign | cst.For)]
    counting = [each for each in writes if any(isinstance(t, cst.Name) and t.value == name
                                               for t in targets(each.target))]  # fmt: skip
    if len(counting) != 1 or any(isinstance(each, cst.Continue) for each in walk(node.body)):
        raise scope.refuse(node, "while-shape", f"`{name}` is written, or the pass left, in between")
    if scope.place.reads(bound_node) & set(run.written(scope, node.body)):
        raise scope.refuse(node, "while-shape", "the bound changes")
    start = expressions.lookup(scope, test.left)
    stop = expressions.evaluate(scope, bound_node)
    if isinstance(start, Root) or free(start) or free(stop):
        raise scope.refuse(node, "while-shape", f"where `{name}` starts")
    if isinstance(test.comparisons[0].operator, cst.LessThanEqual):
        stop = plus(stop, ONE)
    number = scope.shared.loop(Space(minus(stop, start)))
    return number, name, body[:-1], plus(Index(number), start)
