"""The closed forms that a loop is turned into: hashable values over positions in loops, containers and constants.

A loop has a number; `Index(l)` is its position and always runs from 0 to its count - 1: start, step and reversal live
in what is loaded. Inner loops have larger numbers than those around them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a name can stand for."""


@dataclass(frozen=True, slots=True)
class Const(Value):
    """A literal. By type and text: in Python `0 == 0.0 == False` and `0.0 == -0.0`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Root(Value):
    """A name or attribute path that the region reads and does not write: a container or a scalar."""

    path: str


@dataclass(frozen=True, slots=True)
class Index(Value):
    """The position in a loop."""

    loop: int


@dataclass(frozen=True, slots=True)
class Dim(Value):
    """How long a container is (axis 0), or each of its rows (axis 1)."""

    of: Root
    axis: int


@dataclass(frozen=True, slots=True)
class Load(Value):
    """`of[at]`; `X[i][j]` and `X[i, j]` are Load(Load(X, i), j)."""

    of: Value
    at: Value


@dataclass(frozen=True, slots=True)
class Op(Value):
    """An operator or function of numbers: "+", "neg", "<", "and", "truth", "math.sqrt", "numpy.exp"."""

    name: str
    args: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Where(Value):
    """`yes if test else no`."""

    test: Value
    yes: Value
    no: Value


@dataclass(frozen=True, slots=True)
class Nothing(Value):
    """No term in this pass, which is not 0.0: it decides the result's type and a zero's sign."""


@dataclass(frozen=True, slots=True)
class Tuple(Value):
    """Several values that will be unpacked."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Dead(Value):
    """A name whose value after a loop has no closed form: the loop's variable, what is assigned in each pass."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class State(Value):
    """What a carried name holds when a pass of the loop begins."""

    loop: int
    name: str


@dataclass(frozen=True, slots=True)
class Empty(Value):
    """A fresh `[]`."""


@dataclass(frozen=True, slots=True)
class Filled(Value):
    """A fresh container of one value: `[c] * n`, `[[c] * m for _ in range(n)]` (kind "list"), np.zeros ("array")."""

    kind: str
    shape: tuple[Value, ...]
    fill: Value


@dataclass(frozen=True, slots=True)
class Append(Value):
    """A list with one more element."""

    to: Value
    value: Value


@dataclass(frozen=True, slots=True)
class Store(Value):
    """A container with cells replaced, one for each position in `loops`: `base[at] = value`."""

    base: Value
    loops: tuple[int, ...]
    at: tuple[Value, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Red(Value):
    """A reduction in the order of the loops: "+", "*", "max", "min", "any", "all".

    `tie`: which of equal elements a maximum is, "first" or "last". `order`: "plain", "compensated" (builtin sum, which
    is so from 3.12), "regrouped" (several terms a pass), "numpy" (np.dot: the order is not known), "early" (the
    original stops at the first hit).
    """

    kind: str
    loops: tuple[int, ...]
    init: Value
    body: Value
    tie: str = ""
    order: str = "plain"


@dataclass(frozen=True, slots=True)
class Arg(Value):
    """What another name was given when `key` was best: np.argmax and its kin. `value` is at the best position."""

    kind: str
    tie: str
    loop: int
    key: Value
    key0: Value
    value: Value
    value0: Value


@dataclass(frozen=True, slots=True)
class Scan(Value):
    """A running reduction at the position of its loop, this position included or not."""

    kind: str
    loop: int
    init: Value
    body: Value
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Map(Value):
    """A list of `body` for each position."""

    loop: int
    body: Value


@dataclass(frozen=True, slots=True)
class Filter(Value):
    """A list of `body` for each position at which `test` holds."""

    loop: int
    test: Value
    body: Value


@dataclass(frozen=True, slots=True)
class Hist(Value):
    """`base[at] += term` at places that depend on data."""

    base: Value
    loops: tuple[int, ...]
    at: Value
    term: Value


@dataclass(frozen=True, slots=True)
class Member(Value):
    """`item in box`."""

    item: Value
    box: Value


@dataclass(frozen=True, slots=True)
class Sorted(Value):
    """A list in the order of a key, stable."""

    loop: int
    key: Value
    body: Value
    reverse: bool


@dataclass(frozen=True, slots=True)
class Top(Value):
    """The first `k` of a sorted list."""

    of: Sorted
    k: Value


@dataclass(frozen=True, slots=True)
class Space:
    """How often a loop runs. `equal`: lengths that must be equal to the count, or zip would stop early."""

    count: Value
    equal: tuple[Value, ...] = ()


NOTHING = Nothing()
EMPTY = Empty()
BUILT = (Empty, Filled, Append, Store, Map, Filter, Hist, Sorted, Top)
"""Containers that the region makes."""


def const(value: object) -> Const:
    return Const(type(value).__name__, repr(value))


def constant(value: Value) -> Any:
    """The Python value of a Const; for anything else a fresh object that equals nothing."""
    if not isinstance(value, Const):
        return object()
    match value.kind:
        case "float":
            return float(value.text)
        case "int":
            return int(value.text)
        case "bool":
            return value.text == "True"
        case "NoneType":
            return None
    return value.text


ZERO, ONE = const(0), const(1)


@cache
def _fields(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast(Any, kind)))


def parts(value: Value) -> Iterator[Value]:
    for name in _fields(cast(Hashable, type(value))):
        each = getattr(value, name)
        if isinstance(each, Value):
            yield each
        elif isinstance(each, tuple):
            yield from (item for item in each if isinstance(item, Value))


def walk(value: Value) -> Iterator[Value]:
    yield value
    for part in parts(value):
        yield from walk(part)


def rebuilt(value: Value, change: Callable[[Value], Value]) -> Value:
    """The same value with each of its parts changed."""
    changed: dict[str, Any] = {}
    for name in _fields(cast(Hashable, type(value))):
        each = getattr(value, name)
        if isinstance(each, Value):
            changed[name] = change(each)
        elif isinstance(each, tuple):
            changed[name] = tuple(change(item) if isinstance(item, Value) else item for item in each)
        else:
            changed[name] = each
    return type(value)(**changed)


def replaced(value: Value, by: Mapping[Value, Value]) -> Value:
    """With whole sub-values exchanged, outermost first."""
    if value in by:
        return by[value]
    return rebuilt(value, lambda part: replaced(part, by)) if any(True for _ in parts(value)) else value


def contains(value: Value, what: Value) -> bool:
    return any(each == what for each in walk(value))


def states(value: Value, loop: int) -> frozenset[str]:
    """Names whose state in this loop the value still depends on."""
    return frozenset(each.name for each in walk(value) if isinstance(each, State) and each.loop == loop)


def free(value: Value) -> frozenset[int]:
    """Loops whose position the value depends on."""
    match value:
        case Index(loop):
            return frozenset((loop,))
        case Scan(loop=loop):
            return frozenset((loop,)).union(*map(free, parts(value)))
    inside: frozenset[int] = frozenset().union(*map(free, parts(value)))
    match value:
        case Red(loops=loops) | Store(loops=loops) | Hist(loops=loops):
            return inside.difference(loops)
        case Map(loop=loop) | Filter(loop=loop) | Arg(loop=loop) | Sorted(loop=loop):
            return inside - {loop}
    return inside
