"""What a closed form is: questions that recipes ask before they emit."""

from __future__ import annotations

from perftools.rewrite.loops.ir import (
    Arg,
    Const,
    Filter,
    Hist,
    Map,
    Member,
    Op,
    Red,
    Scan,
    Sorted,
    Store,
    Top,
    Value,
    free,
    parts,
    walk,
)
from perftools.rewrite.loops.types import is_count

__all__ = [
    "has_red", "is_any", "is_arg", "is_best", "is_count", "is_dot", "is_elementwise", "is_filter", "is_hist", "is_map",
    "is_membership", "is_red", "is_scan", "is_scores", "is_square_sum", "is_storemap", "is_sum", "is_top",
]  # fmt: skip


def is_red(value: Value) -> bool:
    """A reduction to one number or truth."""
    return isinstance(value, Red)


def is_sum(value: Value) -> bool:
    return isinstance(value, Red) and value.kind == "+" and not is_count(value)


def is_dot(value: Value) -> bool:
    """A sum of products of two things that vary along the loop; a sum of squares too."""
    if not isinstance(value, Red) or value.kind != "+":
        return False
    match value.body:
        case Op("*", (left, right)):
            return all(free(each) & set(value.loops) for each in (left, right))
        case Op("**", (_, Const("int", "2"))):
            return True
    return False


def is_square_sum(value: Value) -> bool:
    """A sum of squares: of a norm or a distance."""
    match value:
        case Red("+", _, _, Op("*", (left, right))):
            return left == right
        case Red("+", _, _, Op("**", (_, Const("int", "2")))):
            return True
    return False


def is_best(value: Value) -> bool:
    """A largest or smallest element."""
    return isinstance(value, Red) and value.kind in ("max", "min")


def is_arg(value: Value) -> bool:
    """Where the largest or smallest is, or what goes with it."""
    return isinstance(value, Arg)


def is_any(value: Value) -> bool:
    return isinstance(value, Red) and value.kind in ("any", "all")


def is_map(value: Value) -> bool:
    """A list with one element for each position."""
    return isinstance(value, Map)


def is_elementwise(value: Value) -> bool:
    """A list of arithmetic on elements: nothing in it is summed or searched."""
    return isinstance(value, Map) and not has_red(value.body) and not has_scan(value.body)


def is_scores(value: Value) -> bool:
    """A list with a reduction for each position: scores of rows."""
    return isinstance(value, Map) and has_red(value.body)


def is_filter(value: Value) -> bool:
    return isinstance(value, Filter)


def is_scan(value: Value) -> bool:
    """A list of running sums or maxima, or of what is computed with them."""
    return isinstance(value, Map) and has_scan(value.body)


def is_hist(value: Value) -> bool:
    return isinstance(value, Hist)


def is_storemap(value: Value) -> bool:
    """A container that is filled cell by cell."""
    return isinstance(value, Store)


def is_membership(value: Value) -> bool:
    """Somewhere it is asked whether an element is in a container."""
    return any(isinstance(each, Member) for each in walk(value))


def is_top(value: Value) -> bool:
    return isinstance(value, Sorted | Top)


def has_red(value: Value) -> bool:
    return isinstance(value, Red) or any(has_red(part) for part in parts(value))


def has_scan(value: Value) -> bool:
    return isinstance(value, Scan) or any(has_scan(part) for part in parts(value))
