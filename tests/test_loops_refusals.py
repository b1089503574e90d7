"""Every reason for which a loop is left alone has a case, and names the line."""

from __future__ import annotations

from typing import Literal

import pytest

from perftools.rewrite import loops
from perftools.rewrite.loops.refusals import TEXTS
from perftools.rewrite.recipe import Refusal
from tests.loop_cases import HEAD, lifted, place_of

LIFTING = {
    "carried-value": "def f(xs):\n    s = 0.0\n    for x in xs:\n        s = 0.9 * s + x\n    return s\n",
    "mutates-argument": "def f(xs):\n    for i in range(len(xs)):\n        xs[i] = xs[i] * 2.0\n    return xs\n",
    "alias": "def f(xs):\n    a = b = []\n    for x in xs:\n        a.append(x)\n    return b\n",
    "shared-rows": """\
def f(xs):
    row = []
    out = []
    for x in xs:
        out.append(row)
    return out
""",
    "escapes": """\
def f(rows):
    out = []
    for x in rows:
        row = []
        out.append(row)
        row.append(x)
    return out
""",
    "reads-own-result": """\
def f(xs):
    out = [0.0] * len(xs)
    for i in range(1, len(xs)):
        out[i] = out[i - 1] + xs[i]
    return out
""",
    "scattered-write": """\
def f(xs, at, n):
    out = [0.0] * n
    for i in range(len(xs)):
        out[at[i]] = xs[i]
    return out
""",
    "two-stores": """\
def f(xs):
    out = []
    for x in xs:
        out.append(x)
        out.append(-x)
    return out
""",
    "early-exit": """\
def f(xs):
    s = 0.0
    for x in xs:
        if s > 9.0:
            break
        s += x
    return s
""",
    "while-shape": "def f(xs):\n    i = 0\n    while xs[i] < 0.0:\n        i += 2\n    return i\n",
    "range-step": "def f(xs):\n    s = 0.0\n    for i in range(0, len(xs), 2):\n        s += xs[i]\n    return s\n",
    "ragged-space": """\
def f(rows):
    s = 0.0
    for i in range(len(rows)):
        for j in range(i):
            s += rows[i][j]
    return s
""",
    "iterator": "def f(xs):\n    return sum(x * x for x in filter(None, xs))\n",
    "loop-bound": "def f(xs):\n    return [xs[i] for i in range(3.5)]\n",
    "slice": "def f(xs, n):\n    s = 0.0\n    for x in xs[:n]:\n        s += x\n    return s\n",
    "effect-call": """\
def f(xs, log):
    s = 0.0
    for x in xs:
        log.info(x)
        s += x
    return s
""",
    "unknown-call": "def f(xs, g):\n    s = 0.0\n    for x in xs:\n        s += g(x)\n    return s\n",
    "helper": "@functools.cache\ndef g(x):\n    return x\n\n\ndef f(xs):\n    return [g(x) for x in xs]\n",
    "writes-global": "def f(self, xs):\n    for x in xs:\n        self.total = x\n    return xs\n",
    "closure": "def outer(k):\n    def f(xs):\n        return [x * k for x in xs]\n\n    return f\n",
    "try-in-body": """\
def f(xs):
    s = 0.0
    for x in xs:
        try:
            s += x
        except TypeError:
            pass
    return s
""",
    "raise": """\
def f(xs):
    s = 0.0
    for x in xs:
        if x < 0.0:
            raise ValueError(x)
        s += x
    return s
""",
    "generator": "def f(xs):\n    return [(y for y in xs) for x in xs]\n",
    "walrus": "def f(xs):\n    return [y for x in xs if (y := x * 2.0) > 0.0]\n",
    "power": "def f(xs, p):\n    return [x**p for x in xs]\n",
    "read-after-loop": "def f(xs):\n    for x in xs:\n        y = x * 2.0\n    return y\n",
    "maybe-undefined": """\
def f(xs):
    s = 0.0
    for x in xs:
        if x > 0.0:
            y = x
        s += y
    return s
""",
    "loop-variable": "def f(xs):\n    s = 0.0\n    for x in xs:\n        s += x\n    return s, x\n",
    "attribute-of-objects": "def f(xs):\n    s = 0.0\n    for x in xs:\n        s += x.score\n    return s\n",
    "records": 'def f(xs):\n    s = 0.0\n    for x in xs:\n        s += x["score"]\n    return s\n',
    "list-of-tuples": "def f(xs):\n    s = 0.0\n    for a, b in xs:\n        s += a * b\n    return s\n",
    "statement": "def f(xs):\n    s = 0.0\n    for x in xs:\n        del x\n    return s\n",
    "expression": "def f(xs):\n    return [{x} for x in xs]\n",
    "no-result": "def f(xs):\n    s = 0.0\n    for x in xs:\n        s += x\n",
}
EMITTING: dict[str, tuple[Literal["lists", "arrays"], str]] = {
    "row-as-value": ("arrays", "def f(X):\n    return [X[i][0] * X[i] for i in range(len(X))]\n"),
    "wraps": ("arrays", "def f(xs):\n    return [xs[i] - xs[i - 1] for i in range(len(xs))]\n"),
    "mixed-types": ("arrays", "def f(xs):\n    return [max(0.0, x) for x in xs]\n"),
    "int-sum": ("arrays", "def f(xs):\n    s = 0\n    for i, x in enumerate(xs):\n        s += i\n    return s\n"),
    "truth-value": ("arrays", "def f(xs):\n    s = 0.0\n    for x in xs:\n        s += x and 1.0\n    return s\n"),
    "result-dtype": (
        "arrays",
        """\
def f(xs):
    out = np.zeros(len(xs))
    for i in range(len(xs)):
        out[i] = xs[i] > 0.0
    return out
""",
    ),
    "inexact-function": ("arrays", "def f(xs):\n    return sum(1 for x in xs if math.exp(x) > 2.0)\n"),
    "compensated-sum": (
        "lists",
        "def f(rows):\n    return [i for i in range(len(rows)) if sum(v * v for v in rows[i]) > 1.0]\n",
    ),
    "summation-order": ("arrays", "def f(X, q):\n    return [i for i in range(len(X)) if np.dot(X[i], q) > 1.0]\n"),
    "index-range": ("arrays", "def f(xs):\n    return [x * 2.0 for x in reversed(xs)]\n"),
    "kind": ("lists", "def f(X):\n    return [X[i, 0] * 2.0 for i in range(len(X))]\n"),
    "not-faster": (
        "lists",
        "def f(u, v):\n    s = 0.0\n    for a, b in zip(u, v):\n        s += a * b\n    return s\n",
    ),
}
NOT_SHOWN = {"too-large"}


@pytest.mark.parametrize("code", LIFTING)
def test_a_loop_is_refused_with_its_reason_and_line(code: str) -> None:
    text = LIFTING[code]
    found = place_of(text, "outer.<locals>.f" if code == "closure" else "f").loops()
    refused = [each for each in found if isinstance(each, loops.NotUnderstood)]
    assert code in [each.code for each in refused], found
    (first,) = [each for each in refused if each.code == code][:1]
    assert first.reason and "{}" not in first.reason
    assert HEAD.count("\n") < first.line <= HEAD.count("\n") + text.count("\n")


@pytest.mark.parametrize("code", EMITTING)
def test_a_closed_form_is_refused_where_its_fast_path_would_differ(code: str) -> None:
    containers, text = EMITTING[code]
    found = lifted(text)
    refused = loops.emit(found, {} if code == "kind" else loops.assumed(found, containers))
    assert isinstance(refused, Refusal), refused
    assert refused.code == code


@pytest.mark.parametrize("text", [
    "def f(xs):\n    counts = [0] * 9\n    for x in xs:\n        counts[x] += 1\n    return counts\n",
    "def f(xs):\n    counts = np.zeros(9)\n    for x in xs:\n        counts[x * 2.0] += x\n    return counts\n",
])  # fmt: skip
@pytest.mark.parametrize("containers", ["lists", "arrays"])
def test_a_float_is_no_index(containers: Literal["lists", "arrays"], text: str) -> None:
    found = lifted(text)
    refused = loops.emit(found, loops.assumed(found, containers))
    assert isinstance(refused, Refusal), refused
    assert refused.code == "kind"


def test_a_cell_of_an_empty_array_that_is_not_set_is_nothing_to_compute_with() -> None:
    text = (
        "def f(xs):\n    out = np.empty(len(xs))\n    for i, x in enumerate(xs):\n        out[i] += x\n    return out\n"
    )
    refused = loops.emit(lifted(text), loops.assumed(lifted(text), "arrays"))
    assert isinstance(refused, Refusal) and "before it is set" in refused.reason


def test_sums_of_rows_of_lists_are_compiled_already() -> None:
    found = lifted("def f(rows):\n    return [sum(row) / 2.0 for row in rows]\n")
    refused = loops.emit(found, loops.assumed(found, "lists"))
    assert isinstance(refused, Refusal) and refused.code == "not-faster"
    assert not isinstance(loops.emit(found, loops.assumed(found, "arrays")), Refusal)


def test_a_reason_quotes_code_and_not_words() -> None:
    found = lifted("def f(xs):\n    return [(x, 1.0) for x in xs]\n")
    refused = loops.emit(found, loops.assumed(found, "arrays"))
    assert isinstance(refused, Refusal) and refused.reason == "no array form is known for tuples"


def test_every_code_has_a_case() -> None:
    assert set(TEXTS) == {*LIFTING, *EMITTING, *NOT_SHOWN}


def test_a_loop_too_large_to_follow_is_refused() -> None:
    text = "def f(xs):\n    s = 0.0\n    for x in xs:\n" + "        x = x * x\n" * 40 + "        s += x\n    return s\n"
    (found,) = place_of(text).loops()
    assert isinstance(found, loops.NotUnderstood) and found.code == "too-large"


def test_a_refused_loop_does_not_hide_the_loops_in_it() -> None:
    text = """\
def f(rows, q, log):
    for row in rows:
        s = 0.0
        for a, b in zip(row, q):
            s += a * b
        log.info(s)
"""
    outer, inner = place_of(text).loops()
    assert isinstance(outer, loops.NotUnderstood) and outer.code == "effect-call"
    assert isinstance(inner, loops.Understood)


def test_a_helper_may_not_see_another_variable_of_the_same_name() -> None:
    text = "W = [1.0]\n\n\ndef g(x):\n    return x * W[0]\n\n\ndef f(xs, W):\n    return [g(x) for x in xs]\n"
    (found,) = place_of(text).loops()
    assert isinstance(found, loops.NotUnderstood) and found.code == "helper"


def test_a_shadowed_builtin_is_what_it_is_bound_to() -> None:
    assert not place_of("def f(xs):\n    sum = len\n    return sum([x * x for x in xs])\n").loops() or not any(
        isinstance(each, loops.Understood) and loops.shapes.is_sum(next(iter(each.results.values())))
        for each in place_of("def f(xs):\n    sum = len\n    return sum([x * x for x in xs])\n").loops()
    )
