"""Names and what they stand for while a region is read, and how two ways through an `if` come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from perftools.rewrite.loops.ir import BUILT, Append, Const, Dead, Op, Space, State, Store, Value, Where, constant, walk
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.place import Place

_MOST_PARTS = 3_000
"""Of one value: loops that pay are far smaller, and each rule walks it."""
_MOST_STEPS = 3_000
DEEPEST = 5
"""Helpers that call helpers."""


@dataclass
class Shared:
    """What all scopes of one region have in common."""

    place: Place
    """The function that the region stands in."""
    spaces: dict[int, Space] = field(default_factory=dict)
    arrays: set[str] = field(default_factory=set)
    """Roots used as only an array can be: X[i, j], x.shape."""
    building: set[State] = field(default_factory=set)
    """States of containers that a loop fills."""
    sized: set[str] = field(default_factory=set)
    """Roots whose .size is taken for a length: one dimension only."""
    steps: int = 0

    def loop(self, space: Space) -> int:
        number = len(self.spaces)
        self.spaces[number] = space
        return number


@dataclass
class Scope:
    """The names of one function at one point."""

    place: Place
    shared: Shared
    at: cst.CSTNode
    """Where the region stands in its function: refusals inside helpers point here."""
    env: dict[str, Value] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    """Names whose container is held by something else too."""
    fresh: set[str] = field(default_factory=set)
    """Names whose container was made in this pass of the innermost loop."""
    depth: int = 0

    def copy(self) -> Scope:
        return Scope(self.place, self.shared, self.at, dict(self.env), set(self.frozen), set(self.fresh), self.depth)

    def take(self, other: Scope) -> None:
        """Become another scope of the same function."""
        self.env, self.frozen, self.fresh = other.env, other.frozen, other.fresh

    def refuse(self, node: cst.CSTNode, code: str, *names: object) -> Unclear:
        """An exception to raise; the node is one of this place's function."""
        return Unclear(node if self.depth == 0 else self.at, code, *names)

    def step(self, node: cst.CSTNode) -> None:
        self.shared.steps += 1
        if self.shared.steps > _MOST_STEPS:
            raise self.refuse(node, "too-large")

    def bind(self, node: cst.CSTNode, name: str, value: Value) -> None:
        if sum(1 for _ in zip(walk(value), range(_MOST_PARTS), strict=False)) >= _MOST_PARTS:
            raise self.refuse(node, "too-large")
        self.env[name] = value
        self.frozen.discard(name)
        self.fresh.discard(name)

    def is_building(self, value: Value) -> bool:
        """Is this a container that a loop is filling at the moment?"""
        match value:
            case State():
                return value in self.shared.building
            case Append(to=base) | Store(base=base):
                return self.is_building(base)
            case Where(yes=yes, no=no):
                return self.is_building(yes) or self.is_building(no)
        return False


def merged(test: Value, yes: Scope, no: Scope) -> Scope:
    """What holds after an `if`, both ways having come to its end."""
    scope = yes.copy()
    scope.env = joined(test, yes.env, no.env)
    scope.frozen = yes.frozen | no.frozen
    scope.fresh = yes.fresh & no.fresh
    return scope


def joined(test: Value, yes: Mapping[str, Value], no: Mapping[str, Value]) -> dict[str, Value]:
    env: dict[str, Value] = {}
    for name in {**yes, **no}:
        if name not in yes or name not in no:
            env[name] = Dead(name, "maybe-undefined")
        elif isinstance(yes[name], Dead) or isinstance(no[name], Dead):
            env[name] = yes[name] if isinstance(yes[name], Dead) else no[name]
        else:
            env[name] = where(test, yes[name], no[name])
    return env


def where(test: Value, yes: Value, no: Value) -> Value:
    if yes == no or constant(test) is True:
        return yes
    if constant(test) is False:
        return no
    if constant(yes) is True and constant(no) is False and is_test(test):
        return test
    if constant(yes) is False and constant(no) is True and is_test(test):
        return Op("not", (test,))
    return Where(test, yes, no)


_TESTS = frozenset("< <= > >= == != and or not is-none truth isnan isfinite".split())


def is_test(value: Value) -> bool:
    """Is it a bool by its operator?"""
    from perftools.rewrite.loops.ir import Member, Red

    match value:
        case Op(name):
            return name in _TESTS
        case Member() | Red(kind="any" | "all"):
            return True
        case Const(kind):
            return kind == "bool"
    return False


def is_container(value: Value) -> bool:
    """Was it made by the region as a container?"""
    return isinstance(value, BUILT) or (
        isinstance(value, Where) and (is_container(value.yes) or is_container(value.no))
    )
