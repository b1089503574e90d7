"""The next-state table: what a carried name holds after the loop, from what one pass makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from perftools.rewrite.loops import filling, steps
from perftools.rewrite.loops.ir import (
    NOTHING,
    Append,
    Arg,
    Dead,
    Red,
    Scan,
    State,
    Value,
    Where,
    free,
    replaced,
    states,
    walk,
)
from perftools.rewrite.loops.scope import Scope

Carried = Mapping[str, tuple[Value, Value]]
"""Name -> (before the loop, after one pass)."""


def solved(scope: Scope, node: cst.CSTNode, loop: int, carried: Carried) -> dict[str, Value]:
    """The closed form of each carried name; Dead for one that each pass assigns anew. Raises Unclear."""
    closed: dict[str, Value] = {}
    pending = {name: next_ for name, (_, next_) in carried.items() if not isinstance(next_, Dead)}
    closed |= {name: Dead(name, "read-after-loop") for name in carried if name not in pending}
    while pending:
        for name, found in _round(scope, node, loop, carried, pending).items():
            next_ = pending.pop(name)
            closed[name] = found
            old, new = _during(loop, carried[name][0], found)
            for other, value in pending.items():
                changed = replaced(value, {next_: new}) if new is not None else value
                if old is not None:
                    changed = replaced(changed, {State(loop, name): old})
                elif isinstance(found, Dead) and name in states(changed, loop):
                    raise scope.refuse(node, "carried-value", other)
                pending[other] = changed
    return closed


def folded(scope: Scope, node: cst.CSTNode, loop: int, init: Value, step: Callable[[Value], Value]) -> Value:
    """A fold with one nameless state."""
    name = "<fold>"
    next_ = step(State(loop, name))
    value = solved(scope, node, loop, {name: (init, next_)})[name]
    if isinstance(value, Dead):
        raise scope.refuse(node, "carried-value", scope.place.code(node))
    return value


def _round(
    scope: Scope, node: cst.CSTNode, loop: int, carried: Carried, pending: Mapping[str, Value]
) -> dict[str, Value]:
    """Names that can be solved now: at least one. Raises Unclear."""
    for name, next_ in pending.items():
        if next_ == State(loop, name):
            return {name: carried[name][0]}
    together = _best(loop, carried, pending)
    if together:
        return together
    waiting = ""
    for name, next_ in pending.items():
        needs = states(next_, loop) & pending.keys()
        if not needs:
            return {name: Dead(name, "read-after-loop")}
        if needs != {name}:
            waiting = waiting or name
            continue
        found = _single(scope, node, loop, name, carried[name][0], next_)
        if found is not None:
            return {name: found}
        raise scope.refuse(node, "carried-value", name)
    raise scope.refuse(node, "carried-value", waiting)


def _during(loop: int, init: Value, found: Value) -> tuple[Value | None, Value | None]:
    """What the name's incoming and outgoing value of a pass are for the others; None: not expressible."""
    if found == init:
        return init, None
    if isinstance(found, Red) and found.loops == (loop,) and found.kind in ("+", "max", "min"):
        return Scan(found.kind, loop, init, found.body, False), Scan(found.kind, loop, init, found.body, True)
    return None, None


def _single(scope: Scope, node: cst.CSTNode, loop: int, name: str, init: Value, next_: Value) -> Value | None:
    """One name that depends on nothing else that is carried."""
    state = State(loop, name)
    if state in scope.shared.building:
        return filling.container(scope, node, loop, name, init, next_)
    if (added := steps.added(next_, state)) is not None and added.body != NOTHING:
        order = "plain" if added.terms == 1 else "regrouped"
        return Red("+", (loop, *added.loops), init, added.body, order=order if added.order == "plain" else added.order)
    if (found := steps.multiplied(next_, state)) is not None:
        return Red("*", (loop,), init, found)
    if (best := steps.extreme(next_, state)) is not None:
        return Red(best.kind, (loop, *best.loops), init, best.body, best.tie)
    return steps.flag(loop, init, next_, state)


def _best(loop: int, carried: Carried, pending: Mapping[str, Value]) -> dict[str, Value]:
    """A best value and what goes with it; or a best place alone: `if x[i] > x[best]: best = i`."""
    for name, next_ in pending.items():
        if not isinstance(next_, Where) or next_.no != State(loop, name) or states(next_.yes, loop):
            continue
        tested = states(next_.test, loop) & pending.keys()
        best = steps.extreme(next_, State(loop, name))
        if best is not None and tested == {name}:
            others = {
                other: value
                for other, value in pending.items()
                if other != name and isinstance(value, Where) and value.test == next_.test
                and value.no == State(loop, other) and not states(value.yes, loop)
            }  # fmt: skip
            users = [other for other in pending if other != name and name in states(pending[other], loop)]
            if not others or set(users) - set(others):
                continue
            init = carried[name][0]
            found: dict[str, Value] = {name: Red(best.kind, (loop,), init, best.body, best.tie)}
            for other, value in others.items():
                assert isinstance(value, Where)
                found[other] = Arg(best.kind, best.tie, loop, best.body, init, value.yes, carried[other][0])
            return found
        place = steps.best_place(loop, name, next_, carried[name][0])
        if place is not None:
            return {name: place}
    return {}


def leftover(value: Value) -> bool:
    """Does a value still depend on something that only exists inside a loop?"""
    return any(isinstance(each, State | Dead | Append) for each in walk(value)) or bool(free(value))
