"""What is handed to recipes: a region in closed form, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import libcst as cst

from perftools.rewrite.loops.ir import (
    Arg,
    Dim,
    Filled,
    Filter,
    Hist,
    Index,
    Load,
    Map,
    Member,
    Red,
    Root,
    Scan,
    Sorted,
    Space,
    Store,
    Top,
    Value,
    parts,
    walk,
)
from perftools.rewrite.place import Place


class Need(NamedTuple):
    """How a region uses a name or attribute path that it reads."""

    rank: int
    """0: a scalar, 1: its elements are read, 2: elements of its rows."""
    whole: bool = False
    """A scalar that counts or indexes: it must be an int."""
    box: bool = False
    """Only asked whether something is in it."""
    array: bool = False
    """Used as only an array can be: X[i, j], x.shape."""


@dataclass(frozen=True)
class NotUnderstood:
    """A loop that has no closed form that we know."""

    node: cst.CSTNode
    """The place in this function that stands in the way."""
    code: str
    """Of `refusals.TEXTS`."""
    reason: str
    loop: cst.CSTNode
    """The loop, or the expression that is one."""
    line: int


@dataclass(frozen=True)
class Understood:
    """A region (statements that follow one another, or one expression) in closed form."""

    place: Place
    nodes: tuple[cst.CSTNode, ...]
    """To be replaced."""
    results: Mapping[str, Value]
    """By the names that are read afterwards; "return" for what a region returns, "result" for an expression."""
    spaces: Mapping[int, Space]
    arrays: frozenset[str]
    sized: frozenset[str]

    @property
    def line(self) -> int:
        return self.place.line_of(self.loop)

    @property
    def loop(self) -> cst.CSTNode:
        """The loop itself, without what stands before it."""
        return next((each for each in self.nodes if isinstance(each, cst.For | cst.While)), self.nodes[-1])

    @property
    def is_expression(self) -> bool:
        return isinstance(self.nodes[0], cst.BaseExpression)

    @cached_property
    def result(self) -> Value | None:
        """The closed form, where there is one only."""
        return next(iter(self.results.values())) if len(self.results) == 1 else None

    @cached_property
    def loops(self) -> tuple[int, ...]:
        """The loops that the results run over, outer ones first."""
        found = {loop for value in self.results.values() for each in walk(value) for loop in loops_of(each)}
        return tuple(sorted(found))

    @cached_property
    def roots(self) -> Mapping[str, Need]:
        """What it reads, and how; in order of appearance."""
        needs: dict[str, Need] = {}
        for value in self.results.values():
            _collect(value, needs, self.arrays, whole=False)
        for loop in self.loops:
            space = self.spaces[loop]
            for length in (space.count, *space.equal):
                _collect(length, needs, self.arrays, whole=True)
        return needs


def loops_of(value: Value) -> tuple[int, ...]:
    """The loops that this very value is made by."""
    match value:
        case Red(loops=loops) | Store(loops=loops) | Hist(loops=loops):
            return loops
        case Map(loop=loop) | Filter(loop=loop) | Arg(loop=loop) | Sorted(loop=loop) | Scan(loop=loop):
            return (loop,)
        case Top(of=of):
            return loops_of(of)
    return ()


def _collect(value: Value, needs: dict[str, Need], arrays: frozenset[str], *, whole: bool) -> None:
    match value:
        case Root(path):
            _note(needs, path, Need(0, whole=whole), arrays)
        case Dim(Root(path), axis):
            _note(needs, path, Need(axis + 1), arrays)
        case Load():
            _collect_load(value, needs, arrays)
        case Member(item, box):
            _collect(item, needs, arrays, whole=False)
            if isinstance(box, Root):
                _note(needs, box.path, Need(1, box=True), arrays)
            else:
                _collect(box, needs, arrays, whole=False)
        case Filled(_, shape, fill):
            for size in shape:
                _collect(size, needs, arrays, whole=True)
            _collect(fill, needs, arrays, whole=False)
        case Top(of, k):
            _collect(of, needs, arrays, whole=False)
            _collect(k, needs, arrays, whole=True)
        case Index():
            pass
        case _:
            for part in parts(value):
                _collect(part, needs, arrays, whole=whole)


def _collect_load(value: Value, needs: dict[str, Need], arrays: frozenset[str]) -> None:
    rank = 0
    while isinstance(value, Load):
        _collect(value.at, needs, arrays, whole=True)
        rank, value = rank + 1, value.of
    if isinstance(value, Root):
        _note(needs, value.path, Need(rank), arrays)
    else:
        _collect(value, needs, arrays, whole=False)


def _note(needs: dict[str, Need], path: str, need: Need, arrays: frozenset[str]) -> None:
    old = needs.get(path)
    box = need.box and (old is None or old.box)
    rank = max(need.rank, old.rank if old else 0)
    needs[path] = Need(rank, need.whole or (old is not None and old.whole), box, path in arrays)
