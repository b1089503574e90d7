"""What one pass makes of one carried name: a term added, a factor, a better value, a flag."""

from __future__ import annotations

from typing import NamedTuple

from perftools.rewrite.loops.ir import (
    NOTHING,
    Arg,
    Op,
    Red,
    State,
    Value,
    Where,
    constant,
    contains,
    replaced,
    walk,
)
from perftools.rewrite.loops.scope import where


class Added(NamedTuple):
    """`state + body`, over inner loops too."""

    loops: tuple[int, ...]
    body: Value
    terms: int
    order: str = "plain"


def added(next_: Value, state: State) -> Added | None:
    if next_ == state:
        return Added((), NOTHING, 0)
    match next_:
        case Op("+" | "-" as sign, (left, right)):
            if sign == "+" and contains(right, state) and not contains(left, state):
                left, right = right, left
            if contains(right, state):
                return None
            inner = added(left, state)
            term = right if sign == "+" else Op("neg", (right,))
            if inner is None or inner.loops:
                return None
            if inner.body == NOTHING:
                return Added((), term, 1)
            if isinstance(inner.body, Where) and any(each == NOTHING for each in walk(inner.body)):
                return None
            return Added((), Op("+", (inner.body, term)), inner.terms + 1)
        case Where(test, yes, no) if not contains(test, state):
            a, b = added(yes, state), added(no, state)
            if a is None or b is None or (a.loops and b.loops and a.loops != b.loops):
                return None
            if (a.loops or b.loops) and NOTHING not in (a.body, b.body) and a.loops != b.loops:
                return None
            return Added(a.loops or b.loops, where(test, a.body, b.body), max(a.terms, b.terms), _order(a, b))
        case Red("+", loops, init, body, order=order) if not contains(body, state):
            inner = added(init, state)
            if inner is not None and inner.body == NOTHING:
                return Added(loops, body, 1, order)
    return None


def _order(a: Added, b: Added) -> str:
    return a.order if a.order != "plain" else b.order


def multiplied(next_: Value, state: State) -> Value | None:
    match next_:
        case Op("*", (left, right)):
            if left == state and not contains(right, state):
                return right
            if right == state and not contains(left, state):
                return left
    return None


class Best(NamedTuple):
    """The state or `body`, whichever is larger or smaller."""

    kind: str
    tie: str
    loops: tuple[int, ...]
    body: Value


_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}


def extreme(next_: Value, state: State) -> Best | None:
    match next_:
        case Where(test, yes, no) if no == state:
            won = _won(test, yes, state)
            if won is not None:
                kind, tie, rest = won
                return Best(kind, tie, (), yes if rest is None else where(rest, yes, NOTHING))
            if not contains(test, state) and (inner := extreme(yes, state)) is not None and not inner.loops:
                return inner._replace(body=where(test, inner.body, NOTHING))
        case Where(Op("<" | "<=" | ">" | ">=" as sign, (a, b)), yes, no) if yes == state and no != state:
            return extreme(Where(Op(_OPPOSITE[sign], (a, b)), no, yes), state)
        case Where(Op("not", (test,)), yes, no) if yes == state:
            return extreme(Where(test, no, yes), state)
        case Red("max" | "min" as kind, loops, init, body, tie) if init == state and not contains(body, state):
            return Best(kind, tie, loops, body)
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


def best_place(loop: int, name: str, next_: Where, init: Value) -> Value | None:
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


def flag(loop: int, init: Value, next_: Value, state: State) -> Value | None:
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
