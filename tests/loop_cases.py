"""A function and its fast path, run side by side: what the tests of perftools.rewrite.loops share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perftools.rewrite import edit, loops
from perftools.rewrite.compare import call, difference, tolerance
from perftools.rewrite.module import Module
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Refusal
from perftools.rewrite.rewriting import places

HEAD = """\
import functools
import heapq
import math
import operator
from functools import reduce

import numpy as np


"""


def place_of(text: str, name: str = "f") -> Place:
    return next(each for each in places(Module(HEAD + text)) if each.name == name)


def only(text: str, name: str = "f") -> loops.Understood | loops.NotUnderstood:
    """The one loop of a function."""
    (found,) = place_of(text, name).loops()
    return found


def lifted(text: str, name: str = "f") -> loops.Understood:
    found = only(text, name)
    assert isinstance(found, loops.Understood), f"{found.code}: {found.reason}"
    return found


class Pair:
    """The original function, and the same with the fast path of its only loop."""

    def __init__(self, text: str, kinds: str | Mapping[str, loops.Kind], name: str = "f") -> None:
        self.understood = lifted(text, name)
        chosen = loops.assumed(self.understood, kinds) if isinstance(kinds, str) else kinds
        emission = loops.emit(self.understood, chosen)
        assert not isinstance(emission, Refusal), f"{emission.code}: {emission.reason}"
        self.emission = emission
        self.hits = 0
        rewrite = emission._replace(body=_counted(emission.body)).rewrite(self.understood, "")
        self.text = edit.edited(self.understood.place, rewrite)
        self.before = _function(HEAD + text, name, {})
        self.after = _function(self.text, name, {"__hit__": self._hit})

    def check(self, *args: Any, terms: tuple[int, float] | None = None, hit: bool | None = None) -> None:
        """Same result, exception, arguments, warnings; `terms` as recipe.TermsOf, else exactly the same."""
        hits = self.hits
        unlike = difference(call(self.before, args), call(self.after, args), bound=tolerance(*terms) if terms else 0.0)
        assert not unlike, f"{unlike}\n{self.emission.body}\ncalled with {args!r:.300}"
        if hit is not None:
            assert (self.hits > hits) == hit, f"fast path {'not ' if hit else ''}taken\n{self.text}\n{args!r:.300}"

    def _hit(self) -> None:
        self.hits += 1


def _counted(body: str) -> str:
    lines = body.split("\n")
    if lines[-1].startswith("return "):
        return "\n".join([*lines[:-1], f"found_ = {lines[-1].removeprefix('return ')}", "__hit__()", "return found_"])
    return "\n".join([*lines, "__hit__()"])


def _function(text: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    space: dict[str, Any] = {"__name__": "case", **names}
    exec(compile(text, "<case>", "exec"), space)
    found: Callable[..., Any] = space[name]
    return found


def terms_of(values: Sequence[Any]) -> tuple[int, float]:
    """(n, Σ|x|²): a bound of the terms for products of these elements."""
    try:
        flat = [abs(float(each)) for row in values for each in (row if hasattr(row, "__len__") else [row])]
        flat = [each for each in flat if math.isfinite(each)]
        return len(flat) + 8, min(sum(each * each for each in flat) * 4 + sum(flat), 1e300)
    except (TypeError, ValueError, OverflowError):
        return 1, 0.0
