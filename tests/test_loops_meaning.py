"""What is understood means what the program does: programs at random, their closed forms computed in plain Python."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from perftools.rewrite.loops import Understood
from perftools.rewrite.module import Module
from perftools.rewrite.rewriting import places
from tests.loop_meaning import Meaning, Programs, Unequal

XS = [0.5, -1.25, 0.5, 3.0, 0.0, 2.0]
YS = [1.5, 0.25, -0.75, 0.5, 2.5, -3.0]
ROWS = [[0.5, 2.0], [-1.0, 0.25], [3.0, -0.5], [0.5, 0.5], [0.0, 1.0], [2.0, -2.0]]
INPUTS = [(XS, YS, ROWS, 0.75), (XS[::-1], XS, ROWS[::-1], -0.5), (YS, YS, ROWS, 0.0), (XS[:1], YS[:1], ROWS[:1], 1.0)]
"""Exact in binary: sums and products of them are the same in any order."""


def _run(text: str, args: tuple[Any, ...]) -> Any:
    space: dict[str, Any] = {}
    exec(text, space)
    return next(each for name, each in space.items() if name.startswith("f"))(*copy.deepcopy(args))


def _kinds(found: Understood) -> str:
    return "+".join(sorted({type(each).__name__ for each in found.results.values()}))


@pytest.mark.parametrize("batch", range(3))
def test_closed_forms_of_random_programs_mean_what_the_programs_do(batch: int) -> None:
    texts = [Programs(seed).text(f"f{seed}") for seed in range(batch * 100, batch * 100 + 100)]
    understood: Counter[str] = Counter()
    for place, text in zip(places(Module("\n\n".join(texts))), texts, strict=False):
        outer = next(iter(place.loops()))
        if isinstance(outer, Understood):
            understood[_kinds(outer)] += 1
            for args in INPUTS:
                _check(text, outer, args)
    assert sum(understood.values()) >= 15 and len(understood) >= 3, understood


def _returned(text: str) -> list[str]:
    return text.strip().rpartition("return ")[2].split(", ")


def _check(text: str, found: Understood, args: tuple[Any, ...]) -> None:
    try:
        expected = _run(text, args)
    except (TypeError, IndexError):
        return  # the fast path would give way
    xs, ys, rows, a = args
    try:
        names = {"xs": xs, "ys": ys, "X": rows, "a": a}
        for line in text.splitlines()[1:]:
            if not line.startswith("    for "):
                exec(line.strip(), {}, names)
                continue
            break
        meaning = Meaning(found, names)
        of = found.results
        got = tuple(meaning.of(of[name]) if name in of else names[name] for name in _returned(text))
    except Unequal:
        return
    expected = expected if len(got) > 1 else (expected,)
    assert repr(got) == repr(expected), f"{text}\n{found.results}\n{args}"
