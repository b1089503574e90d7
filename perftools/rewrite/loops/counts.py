"""Arithmetic of counts and indices, folded as far as they are known."""

from __future__ import annotations

from perftools.rewrite.loops.ir import (
    ZERO,
    Const,
    Index,
    Op,
    Value,
    const,
    constant,
    free,
)


def affine(value: Value) -> tuple[int | None, Value] | None:
    """(loop, start) of `start + position`, or (None, value) where no position is in it; None for anything else."""
    loops = free(value)
    if not loops:
        return None, value
    match value:
        case Index(loop):
            return loop, ZERO
        case Op("+", (left, right)):
            a, b = affine(left), affine(right)
            if a is None or b is None or (a[0] is not None and b[0] is not None):
                return None
            return (a[0] if a[0] is not None else b[0]), plus(a[1], b[1])
        case Op("-", (left, right)) if not free(right):
            a = affine(left)
            return None if a is None else (a[0], minus(a[1], right))
    return None


def plus(a: Value, b: Value) -> Value:
    """A + b for counts and indices, folded."""
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        return const(constant(a) + constant(b))
    if isinstance(b, Const) and constant(b) < 0:
        return minus(a, const(-constant(b)))
    match a, b:
        case Op("-", (x, y)), _ if y == b:
            return x
        case Op("-", (x, Const() as c)), Const():
            return plus(x, const(constant(b) - constant(c)))
        case Op("+", (x, Const() as c)), Const():
            return plus(x, const(constant(b) + constant(c)))
    return Op("+", (a, b))


def minus(a: Value, b: Value) -> Value:
    """A - b for counts and indices, folded."""
    if b == ZERO:
        return a
    if a == b:
        return ZERO
    if isinstance(a, Const) and isinstance(b, Const):
        return const(constant(a) - constant(b))
    match a, b:
        case Op("+", (x, y)), _ if y == b:
            return x
        case _, Op("-", (x, y)) if x == a:
            return y
        case _, Op("+", (x, Const() as c)) if x == a:
            return const(-constant(c))
        case Op("+", (x, Const() as c)), Const():
            return plus(x, const(constant(c) - constant(b)))
        case Op("-", (x, Const() as c)), Const():
            return minus(x, const(constant(c) + constant(b)))
    return Op("-", (a, b))
