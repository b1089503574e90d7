"""What closed forms mean, computed one element after the other in plain Python; and programs at random to lift."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from perftools.rewrite.loops import Understood
from perftools.rewrite.loops.ir import (
    NOTHING,
    Arg,
    Const,
    Dim,
    Empty,
    Filled,
    Filter,
    Hist,
    Index,
    Load,
    Map,
    Member,
    Op,
    Red,
    Root,
    Scan,
    Space,
    Store,
    Value,
    Where,
    constant,
)

_BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_UNARY = {"neg": operator.neg, "not": operator.not_, "truth": bool, "abs": abs, "float": float, "int": int,
          "math.sqrt": math.sqrt, "is-none": lambda x: x is None}  # fmt: skip
_BEATS = {
    ("max", "first"): operator.gt,
    ("max", "last"): operator.ge,
    ("min", "first"): operator.lt,
    ("min", "last"): operator.le,
}
NONE_YET = object()


class Meaning:
    """The results of a region for given values of what it reads."""

    def __init__(self, understood: Understood, names: Mapping[str, Any]) -> None:
        self._spaces: Mapping[int, Space] = understood.spaces
        self._names = names
        for loop in understood.loops:
            space = understood.spaces[loop]
            if any(self._of(each, {}) != self._of(space.count, {}) for each in space.equal):
                raise Unequal

    def of(self, value: Value) -> Any:
        return self._of(value, {})

    def _of(self, value: Value, at: Mapping[int, int]) -> Any:
        match value:
            case Const():
                return constant(value)
            case Root(path):
                return self._names[path]
            case Index(loop):
                return at[loop]
            case Dim(of, axis):
                container = self._of(of, at)
                return len(container) if axis == 0 else len(container[0])
            case Load(of, place):
                return self._of(of, at)[self._of(place, at)]
            case Op(name, args):
                return self._op(name, args, at)
            case Where(test, yes, no):
                return self._of(yes if self._of(test, at) else no, at)
            case Member(item, box):
                return self._of(item, at) in self._of(box, at)
            case Empty():
                return []
            case Filled(_, shape, fill):
                sizes = [self._of(size, at) for size in shape]
                made = self._of(fill, at)
                return [[made] * sizes[1] for _ in range(sizes[0])] if len(sizes) == 2 else [made] * sizes[0]
        return self._loop(value, at)

    def _op(self, name: str, args: tuple[Value, ...], at: Mapping[int, int]) -> Any:
        if name in ("and", "or"):
            left = self._of(args[0], at)
            return self._of(args[1], at) if bool(left) == (name == "and") else left
        if len(args) == 1:
            return _UNARY[name](self._of(args[0], at))
        return _BINARY[name](self._of(args[0], at), self._of(args[1], at))

    def _loop(self, value: Value, at: Mapping[int, int]) -> Any:
        match value:
            case Red(kind, loops, init, body, tie):
                found = NONE_YET if init == NOTHING else self._of(init, at)
                for inner in self._positions(loops, at):
                    found = self._step(kind, tie, found, self._term(body, inner))
                return found
            case Scan(kind, loop, init, body, inclusive):
                found = self._of(init, at)
                for place in range(at[loop] + inclusive):
                    found = self._step(kind, "first", found, self._term(body, {**at, loop: place}))
                return found
            case Arg(kind, tie, loop, key, key0, chosen, value0):
                best, found = (None if key0 == NOTHING else self._of(key0, at)), None
                found = None if value0 == NOTHING else self._of(value0, at)
                for inner in self._positions((loop,), at):
                    new = self._term(key, inner)
                    if new is not NONE_YET and (best is None or _BEATS[kind, tie](new, best)):
                        best, found = new, self._of(chosen, inner)
                return found
            case Map(loop, body):
                return [self._of(body, inner) for inner in self._positions((loop,), at)]
            case Filter(loop, test, body):
                return [self._of(body, inner) for inner in self._positions((loop,), at) if self._of(test, inner)]
            case Store(base, loops, places, cell):
                made = self._of(base, at)
                for inner in self._positions(loops, at):
                    indices = [self._of(place, inner) for place in places]
                    target = made if len(indices) == 1 else made[indices[0]]
                    target[indices[-1]] = self._of(cell, inner)
                return made
            case Hist(base, loops, place, term):
                made = self._of(base, at)
                for inner in self._positions(loops, at):
                    made[self._of(place, inner)] += self._of(term, inner)
                return made
        raise NotImplementedError(type(value).__name__)

    def _term(self, body: Value, at: Mapping[int, int]) -> Any:
        while isinstance(body, Where):
            body = body.yes if self._of(body.test, at) else body.no
        return NONE_YET if body == NOTHING else self._of(body, at)

    def _step(self, kind: str, tie: str, found: Any, term: Any) -> Any:
        if term is NONE_YET:
            return found
        if kind in ("+", "*"):
            return found + term if kind == "+" else found * term
        if kind in ("any", "all"):
            return bool(found or term) if kind == "any" else bool(found and term)
        return term if found is NONE_YET or found is None or _BEATS[kind, tie](term, found) else found

    def _positions(self, loops: tuple[int, ...], at: Mapping[int, int]) -> Iterator[Mapping[int, int]]:
        counts = [range(self._of(self._spaces[loop].count, at)) for loop in loops]
        for places in product(*counts):
            yield {**at, **dict(zip(loops, places, strict=True))}


class Unequal(Exception):
    """zip would stop early: the original decides."""


class Programs:
    """Functions of (xs, ys, X, a) with one or two nested loops, at random: many have no closed form."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._fresh = 0

    def text(self, name: str) -> str:
        starts = {"s": "0.0", "t": self._pick("1.0", "0.0", "a"), "n": "0", "m": self._pick("xs[0]", "-1.0", "None"),
                  "k": "-1", "out": "[]", "cells": "[0.0] * len(xs)", "y": "0.5"}  # fmt: skip
        used = self._random.sample(sorted(starts), self._random.randint(1, 3))
        lines = [f"    {name} = {starts[name]}" for name in used]
        lines += self._loop(used, 1, outer=True)
        return f"def {name}(xs, ys, X, a):\n" + "\n".join([*lines, f"    return {', '.join(sorted(used))}"]) + "\n"

    def _pick(self, *of: str) -> str:
        return self._random.choice(of)

    def _loop(self, used: list[str], depth: int, *, outer: bool) -> list[str]:
        pad = "    " * depth
        if outer:
            head, atoms = self._random.choice(
                [
                    ("for i in range(len(xs)):", ["xs[i]", "ys[i]", "X[i][0]"]),
                    ("for i, x in enumerate(xs):", ["x", "ys[i]", "X[i][1]"]),
                    ("for i in range(1, len(xs)):", ["xs[i]", "xs[i - 1]", "ys[i]"]),
                    ("for i, (x, z) in enumerate(zip(xs, ys)):", ["x", "z"]),
                    ("for i, row in enumerate(X):", ["row[0]", "xs[i]"]),
                ]
            )
        else:
            head, atoms = self._random.choice(
                [
                    ("for j in range(len(X[0])):", ["X[i][j]", "xs[i]", "ys[j]"]),
                    ("for j, w in enumerate(X[i]):", ["w", "ys[j]"]),
                    ("for j, w in enumerate(ys):", ["w", "xs[i]", "xs[j]"]),
                ]
            )
        body = [
            each
            for _ in range(self._random.choice([1, 1, 2, 2, 3]))
            for each in self._statement(used, atoms, depth + 1)
        ]
        return [pad + head, *body]

    def _statement(self, used: list[str], atoms: list[str], depth: int) -> list[str]:
        pad = "    " * depth
        value, other = self._value(atoms, used), self._value(atoms, used)
        choice = self._random.random()
        name = self._random.choice(used)
        if choice < 0.2 and depth < 4:
            inside = [
                each for _ in range(self._random.randint(1, 2)) for each in self._statement(used, atoms, depth + 1)
            ]
            test = self._random.choice(
                [f"{value} > {other}", f"{value} <= a", f"not {value} < 0.3", f"{value} > {name}"]
            )
            tail = self._random.choice(
                [[], [f"{pad}    continue"], [f"{pad}else:", *self._statement(used, atoms, depth + 1)]]
            )
            return [f"{pad}if {test}:", *inside, *tail]
        if choice < 0.3 and depth == 2:
            return self._loop(used, depth, outer=False)
        if choice < 0.4:
            self._fresh += 1
            atoms.append(f"v{self._fresh}")
            return [f"{pad}v{self._fresh} = {value} * 2.0"]
        if name == "out":
            return [pad + self._random.choice([f"out.append({value})", f"out.append({value} - a)"])]
        if name == "cells":
            return [
                pad + self._random.choice([f"cells[i] = {value}", f"cells[i] += {value}", f"cells[i - 1] = {value}"])
            ]
        if name == "n":
            return [f"{pad}n += 1"]
        if name == "k":
            return [f"{pad}k = i"]
        if name == "m":
            return self._random.choice(
                [
                    [
                        f"{pad}if m is None or {value} > m:",
                        f"{pad}    m = {value}",
                        *([f"{pad}    k = i"] if "k" in used else []),
                    ],
                    [f"{pad}if {value} < m:", f"{pad}    m = {value}"],
                    [f"{pad}m = max(m, {value})"],
                ]
            )
        steps = ["{} += {}", "{0} = {0} + {1} * {2}", "{} -= {}", "{0} = {0} * 0.5 + {1}", "{0} = {1} + {0}"]
        return [pad + self._random.choice(steps).format(name, value, other)]

    def _value(self, atoms: list[str], used: list[str]) -> str:
        numbers = [name for name in used if name not in ("out", "cells", "m")]
        if numbers and self._random.random() < 0.15:
            return self._random.choice(numbers)
        if "cells" in used and self._random.random() < 0.1:
            return self._pick("cells[i]", "cells[i - 1]")
        return self._random.choice(
            [*atoms, "a", f"{self._random.choice(atoms)} * a", f"abs({self._random.choice(atoms)})"]
        )
