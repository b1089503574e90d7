"""The next-state table: what a carried name holds after the loop, from what one pass makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import libcst as cst

from perftools.rewrite.loops.ir import (
    NOTHING,
    Append,
    Arg,
    Dead,
    Empty,
    Filled,
    Filter,
    Hist,
    Load,
    Map,
    Op,
    Red,
    Scan,
    State,
    Store,
    Value,
    Where,
    affine,
    constant,
    contains,
    free,
    replaced,
    states,
    walk,
)
from perftools.rewrite.loops.scope import Scope, where

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
        return _container(scope, node, loop, name, init, next_)
    if (added := _added(next_, state)) is not None and added.body != NOTHING:
        order = "plain" if added.terms == 1 else "regrouped"
        return Red("+", (loop, *added.loops), init, added.body, order=order if added.order == "plain" else added.order)
    if (found := _multiplied(next_, state)) is not None:
        return Red("*", (loop,), init, found)
    if (best := _extreme(next_, state)) is not None:
        return Red(best.kind, (loop, *best.loops), init, best.body, best.tie)
    return _flag(loop, init, next_, state)


class _Added(NamedTuple):
    """`state + body`, over inner loops too."""

    loops: tuple[int, ...]
    body: Value
    terms: int
    order: str = "plain"


def _added(next_: Value, state: State) -> _Added | None:
    if next_ == state:
        return _Added((), NOTHING, 0)
    match next_:
        case Op("+" | "-" as sign, (left, right)):
            if sign == "+" and contains(right, state) and not contains(left, state):
                left, right = right, left
            if contains(right, state):
                return None
            inner = _added(left, state)
            term = right if sign == "+" else Op("neg", (right,))
            if inner is None or inner.loops:
                return None
            if inner.body == NOTHING:
                return _Added((), term, 1)
            if isinstance(inner.body, Where) and any(each == NOTHING for each in walk(inner.body)):
                return None
            return _Added((), Op("+", (inner.body, term)), inner.terms + 1)
        case Where(test, yes, no) if not contains(test, state):
            a, b = _added(yes, state), _added(no, state)
            if a is None or b is None or (a.loops and b.loops and a.loops != b.loops):
                return None
            if (a.loops or b.loops) and NOTHING not in (a.body, b.body) and a.loops != b.loops:
                return None
            return _Added(a.loops or b.loops, where(test, a.body, b.body), max(a.terms, b.terms), _order(a, b))
        case Red("+", loops, init, body, order=order) if not contains(body, state):
            inner = _added(init, state)
            if inner is not None and inner.body == NOTHING:
                return _Added(loops, body, 1, order)
    return None


def _order(a: _Added, b: _Added) -> str:
    return a.order if a.order != "plain" else b.order


def _multiplied(next_: Value, state: State) -> Value | None:
    match next_:
        case Op("*", (left, right)):
            if left == state and not contains(right, state):
                return right
            if right == state and not contains(left, state):
                return left
    return None


class _Best(NamedTuple):
    kind: str
    tie: str
    loops: tuple[int, ...]
    body: Value


_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}


def _extreme(next_: Value, state: State) -> _Best | None:
    match next_:
        case Where(test, yes, no) if no == state:
            won = _won(test, yes, state)
            if won is not None:
                kind, tie, rest = won
                return _Best(kind, tie, (), yes if rest is None else where(rest, yes, NOTHING))
            if not contains(test, state) and (inner := _extreme(yes, state)) is not None and not inner.loops:
                return inner._replace(body=where(test, inner.body, NOTHING))
        case Where(Op("<" | "<=" | ">" | ">=" as sign, (a, b)), yes, no) if yes == state and no != state:
            return _extreme(Where(Op(_OPPOSITE[sign], (a, b)), no, yes), state)
        case Where(Op("not", (test,)), yes, no) if yes == state:
            return _extreme(Where(test, no, yes), state)
        case Red("max" | "min" as kind, loops, init, body, tie) if init == state and not contains(body, state):
            return _Best(kind, tie, loops, body)
    return None


def _won(test: Value, value: Value, state: State) -> tuple[str, str, Value | None] | None:
    """Does the test say that `value` beats the state? (kind, tie, what else must hold)."""
    match test:
        case Op("<" | "<=" | ">" | ">=" as symbol, (a, b)):
            if state not in (a, b) or value not in (a, b) or contains(value, state):
                return None
            sign: str = symbol if b == state else _FLIPPED[symbol]
            return ("max" if sign[0] == ">" else "min"), ("last" if sign[1:] else "first"), None
        case Op("or", (Op("is-none", (none,)), rest)) if none == state:
            return _won(rest, value, state)
        case Op("and", (a, b)):
            for one, other in ((a, b), (b, a)):
                if not contains(other, state) and (won := _won(one, value, state)) is not None:
                    return won[0], won[1], other if won[2] is None else Op("and", (won[2], other))
    return None


def _best(loop: int, carried: Carried, pending: Mapping[str, Value]) -> dict[str, Value]:
    """A best value and what goes with it; or a best place alone: `if x[i] > x[best]: best = i`."""
    for name, next_ in pending.items():
        if not isinstance(next_, Where) or next_.no != State(loop, name) or states(next_.yes, loop):
            continue
        tested = states(next_.test, loop) & pending.keys()
        best = _extreme(next_, State(loop, name))
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
        place = _best_place(loop, name, next_, carried[name][0])
        if place is not None:
            return {name: place}
    return {}


def _best_place(loop: int, name: str, next_: Where, init: Value) -> Value | None:
    state = State(loop, name)
    match next_.test:
        case Op("<" | "<=" | ">" | ">=" as symbol, (a, b)):
            sign: str = symbol
            if contains(a, state):
                a, b, sign = b, a, _FLIPPED[symbol]
            if not contains(a, state) and replaced(b, {state: next_.yes}) == a and a != b:
                kind, tie = ("max" if sign[0] == ">" else "min"), ("last" if sign[1:] else "first")
                return Arg(kind, tie, loop, a, replaced(b, {state: init}), next_.yes, init)
    return None


def _flag(loop: int, init: Value, next_: Value, state: State) -> Value | None:
    """`found = True` under a condition."""
    match next_:
        case Where(test, yes, no) if no == state and not contains(test, state):
            if constant(yes) is True and constant(init) is False:
                return Red("any", (loop,), init, test)
            if constant(yes) is False and constant(init) is True:
                return Red("all", (loop,), init, Op("not", (test,)))
        case Op("or", (left, right)) if left == state and not contains(right, state) and constant(init) is False:
            return Red("any", (loop,), init, right)
        case Op("and", (left, right)) if left == state and not contains(right, state) and constant(init) is True:
            return Red("all", (loop,), init, right)
    return None


def _container(scope: Scope, node: cst.CSTNode, loop: int, name: str, init: Value, next_: Value) -> Value | None:
    state = State(loop, name)
    match next_:
        case Append(to, value) if to == state and not contains(value, state):
            return _list(init, Map(loop, value))
        case Where(test, Append(to, value), no) if to == no == state and not contains(value, state):
            return _list(init, Filter(loop, test, value))
        case Where(test, yes, Append(to, value)) if to == yes == state and not contains(value, state):
            return _list(init, Filter(loop, Op("not", (test,)), value))
        case Where() if (item := _appended(next_, state)) is not None and not contains(item, state):
            return _list(init, Map(loop, item))
        case Where(test, Store(base, (), at, value), no) if base == no == state:
            cell = _cell(state, at)
            return _stored(scope, node, loop, name, init, Store(state, (), at, where(test, value, cell)))
        case Store(base, _, _, _) if base == state:
            return _stored(scope, node, loop, name, init, next_)
        case Append(to, _) if isinstance(to, Append):
            raise scope.refuse(node, "two-stores", name)
    if any(isinstance(each, Map | Filter) for each in walk(next_)):
        raise scope.refuse(node, "reads-own-result", name)
    return None


def _list(init: Value, made: Value) -> Value | None:
    return made if isinstance(init, Empty) else None


def _appended(value: Value, state: State) -> Value | None:
    match value:
        case Append(to, item) if to == state:
            return item
        case Where(test, yes, no):
            a, b = _appended(yes, state), _appended(no, state)
            return None if a is None or b is None else where(test, a, b)
    return None


def _cell(base: Value, at: tuple[Value, ...]) -> Value:
    for index in at:
        base = Load(base, index)
    return base


def _stored(scope: Scope, node: cst.CSTNode, loop: int, name: str, init: Value, store: Store) -> Value | None:
    state = State(loop, name)
    cell = _cell(state, store.at)
    read = [each for each in walk(store.value) if each == state]
    if read and not contains(replaced(store.value, {cell: NOTHING}), state):
        read = []  # its own cell only
    if read or any(contains(index, state) for index in store.at):
        raise scope.refuse(node, "reads-own-result", name)
    mine = [index for index in store.at if loop in free(index)]
    if not mine:
        return _per_cell(loop, init, store, cell)
    where_ = affine(mine[0])
    if len(mine) == 1 and where_ is not None and where_[0] == loop:
        at_init = _cell(init, store.at)
        if isinstance(init, Filled):
            at_init = init.fill
        return Store(init, (loop, *store.loops), store.at, replaced(store.value, {cell: at_init}))
    if len(store.at) == 1 and not store.loops and contains(store.value, cell):
        term = _added(replaced(store.value, {cell: state}), state)
        if term is not None and term.terms == 1 and not term.loops:
            return Hist(init, (loop,), store.at[0], term.body)
    raise scope.refuse(node, "scattered-write", name)


def _per_cell(loop: int, init: Value, store: Store, cell: Value) -> Value | None:
    """The same cells in every pass: a sum, product or maximum for each of them."""
    state = State(loop, "<cell>")
    next_ = replaced(store.value, {cell: state})
    before = init.fill if isinstance(init, Filled) else _cell(init, store.at)
    added = _added(next_, state)
    if added is not None and added.body != NOTHING and added.terms == 1:
        return Store(init, store.loops, store.at, Red("+", (loop, *added.loops), before, added.body, order=added.order))
    best = _extreme(next_, state)
    if best is not None:
        return Store(init, store.loops, store.at, Red(best.kind, (loop, *best.loops), before, best.body, best.tie))
    return None


def leftover(value: Value) -> bool:
    """Does a value still depend on something that only exists inside a loop?"""
    return any(isinstance(each, State | Dead | Append) for each in walk(value)) or bool(free(value))
