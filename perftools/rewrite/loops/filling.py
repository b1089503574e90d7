"""Containers that a loop fills: appended to, or written cell by cell."""

from __future__ import annotations

import libcst as cst

from perftools.rewrite.loops import steps
from perftools.rewrite.loops.counts import affine
from perftools.rewrite.loops.ir import (
    NOTHING,
    Append,
    Empty,
    Filled,
    Filter,
    Hist,
    Load,
    Map,
    Op,
    Red,
    State,
    Store,
    Value,
    Where,
    contains,
    free,
    replaced,
    walk,
)
from perftools.rewrite.loops.scope import Scope, where


def container(scope: Scope, node: cst.CSTNode, loop: int, name: str, init: Value, next_: Value) -> Value | None:
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
        case Where() if (store := _set(next_, state)) is not None:
            return _stored(scope, node, loop, name, init, store)
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


def _set(value: Value, state: State) -> Store | None:
    """Branches that set one and the same cell, or leave it as it is."""
    places = {each.at for each in walk(value) if isinstance(each, Store) and each.base == state and not each.loops}
    if len(places) != 1:
        return None
    (at,) = places
    item = _item(value, state, at)
    return None if item is None else Store(state, (), at, item)


def _item(value: Value, state: State, at: tuple[Value, ...]) -> Value | None:
    match value:
        case Store(base, (), _, item) if base == state:
            return item
        case Where(test, yes, no):
            a, b = _item(yes, state, at), _item(no, state, at)
            return None if a is None or b is None else where(test, a, b)
    return _cell(state, at) if value == state else None


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
        term = steps.added(replaced(store.value, {cell: state}), state)
        if term is not None and term.terms == 1 and not term.loops:
            return Hist(init, (loop,), store.at[0], term.body)
    raise scope.refuse(node, "scattered-write", name)


def _per_cell(loop: int, init: Value, store: Store, cell: Value) -> Value | None:
    """The same cells in every pass: a sum, product or maximum for each of them."""
    state = State(loop, "<cell>")
    next_ = replaced(store.value, {cell: state})
    before = init.fill if isinstance(init, Filled) else _cell(init, store.at)
    added = steps.added(next_, state)
    if added is not None and added.body != NOTHING and added.terms == 1:
        return Store(init, store.loops, store.at, Red("+", (loop, *added.loops), before, added.body, order=added.order))
    best = steps.extreme(next_, state)
    if best is not None:
        return Store(init, store.loops, store.at, Red(best.kind, (loop, *best.loops), before, best.body, best.tie))
    return None
