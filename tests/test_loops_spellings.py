"""One idea in many spellings reaches one closed form."""

from __future__ import annotations

from typing import Any

import pytest

from perftools.rewrite.loops import shapes
from perftools.rewrite.loops.ir import Arg, Const, Filter, Map, Red, Value, rebuilt
from tests.loop_cases import lifted

DOT = {
    "zip": "def f(u, v):\n    t = 0.0\n    for a, b in zip(u, v):\n        t += a * b\n    return t\n",
    "index": "def f(u, v):\n    t = 0.0\n    for i in range(len(u)):\n        t += u[i] * v[i]\n    return t\n",
    "length first": """\
def f(u, v):
    n = len(u)
    t: float = 0.0
    for i in range(n):
        t = t + u[i] * v[i]
    return t
""",
    "enumerate": "def f(u, v):\n    t = 0.0\n    for i, a in enumerate(u):\n        t += a * v[i]\n    return t\n",
    "while": """\
def f(u, v):
    t = 0.0
    i = 0
    while i < len(u):
        t += u[i] * v[i]
        i += 1
    return t
""",
    "two steps": """\
def f(u, v):
    t = 0.0
    for pair in zip(u, v):
        p = pair[0]
        q = pair[1]
        t = p * q + t
    return t
""",
    "sum": "def f(u, v):\n    return sum(a * b for a, b in zip(u, v))\n",
    "sum of a list": "def f(u, v):\n    return sum([u[i] * v[i] for i in range(len(u))], 0.0)\n",
    "map": "def f(u, v):\n    return sum(map(operator.mul, u, v))\n",
    "map of a lambda": "def f(u, v):\n    return sum(map(lambda a, b: a * b, u, v))\n",
    "reduce": "def f(u, v):\n    return reduce(lambda t, p: t + p[0] * p[1], zip(u, v), 0.0)\n",
    "functools.reduce": "def f(u, v):\n    return functools.reduce(operator.add, map(operator.mul, u, v), 0.0)\n",
    "helper": """\
def times(a, b):
    \"\"\"Documented.\"\"\"
    product = a * b
    return product


def f(u, v):
    t = 0.0
    for a, b in zip(u, v):
        t += times(a, b=b)
    return t
""",
    "products first": """\
def f(u, v):
    terms = [a * b for a, b in zip(u, v)]
    t = 0.0
    for term in terms:
        t += term
    return t
""",
    "else and pass": """\
def f(u, v):
    t = 0.0
    for a, b in zip(u, v):
        if True:
            t += a * b
        else:
            pass
    return t
""",
}
SCORES = {
    "append": """\
def f(q, rows):
    out = []
    for row in rows:
        t = 0.0
        for a, b in zip(q, row):
            t += a * b
        out.append(t)
    return out
""",
    "comprehension": "def f(q, rows):\n    return [sum(a * b for a, b in zip(q, row)) for row in rows]\n",
    "indices": """\
def f(q, rows):
    out = []
    for i in range(len(rows)):
        t = 0.0
        for k in range(len(q)):
            t += q[k] * rows[i][k]
        out.append(t)
    return out
""",
    "helper": """\
def dot(u, v):
    t = 0.0
    for a, b in zip(u, v):
        t += a * b
    return t


def f(q, rows):
    return [dot(q, row) for row in rows]
""",
    "nested helpers": """\
def dot(u, v):
    return sum(a * b for a, b in zip(u, v))


def score(u, v):
    return dot(u, v)


def f(q, rows):
    return list(map(lambda row: score(q, row), rows))
""",
}
COUNT = {
    "if": "def f(xs, t):\n    n = 0\n    for x in xs:\n        if x > t:\n            n += 1\n    return n\n",
    "continue": """\
def f(xs, t):
    n = 0
    for x in xs:
        if not (x > t):
            continue
        n += 1
    return n
""",
    "nested": """\
def f(xs, t):
    n = 0
    for i in range(len(xs)):
        if True:
            if xs[i] > t:
                n = n + 1
    return n
""",
    "sum of ones": "def f(xs, t):\n    return sum(1 for x in xs if x > t)\n",
    "sum of bools": "def f(xs, t):\n    return sum(x > t for x in xs)\n",
}
ARGMAX = {
    "value and place": """\
def f(xs):
    best = xs[0]
    at = 0
    for i in range(1, len(xs)):
        if xs[i] > best:
            best = xs[i]
            at = i
    return at
""",
    "place": """\
def f(xs):
    at = 0
    for i in range(1, len(xs)):
        if xs[at] < xs[i]:
            at = i
    return at
""",
}
FILTER = {
    "append": """\
def f(xs, t):
    out = []
    for x in xs:
        if x > t:
            out.append(x)
    return out
""",
    "comprehension": "def f(xs, t):\n    return [x for x in xs if x > t]\n",
    "continue": """\
def f(xs, t):
    out = []
    for i in range(len(xs)):
        if xs[i] > t:
            out.append(xs[i])
            continue
    return out
""",
}
IDEAS = {"dot": DOT, "scores": SCORES, "count": COUNT, "argmax": ARGMAX, "filter": FILTER}


def same(value: Value) -> Value:
    """Without what only matters to the last bits, and where 0 stands for 0.0."""
    value = rebuilt(value, same)
    if isinstance(value, Red):
        init = Const("float", "0.0") if value.init == Const("int", "0") and not shapes.is_count(value) else value.init
        return Red(value.kind, value.loops, init, value.body, value.tie)
    return value


def closed(text: str) -> Value:
    found = lifted(text)
    (value,) = found.results.values()
    return same(_renumbered(value, {loop: at for at, loop in enumerate(found.loops)}))


def _renumbered(value: Value, numbers: dict[int, int]) -> Value:
    changed: Any = rebuilt(value, lambda part: _renumbered(part, numbers))
    for name in ("loop", "loops"):
        if hasattr(changed, name):
            old = getattr(changed, name)
            new = numbers[old] if isinstance(old, int) else tuple(numbers[each] for each in old)
            fields = {each: getattr(changed, each) for each in type(changed).__dataclass_fields__}
            changed = type(changed)(**{**fields, name: new})
    return changed


@pytest.mark.parametrize(("idea", "spelling"), [(i, s) for i, texts in IDEAS.items() for s in texts])
def test_spellings_of_one_idea_have_one_closed_form(idea: str, spelling: str) -> None:
    texts = IDEAS[idea]
    last = next(iter(texts))
    assert _without_not(closed(texts[spelling])) == _without_not(closed(texts[last]))


def _without_not(value: Value) -> Value:
    """`if not c: continue` and `if c:`."""
    from perftools.rewrite.loops.ir import Op, Where

    value = rebuilt(value, _without_not)
    match value:
        case Where(Op("not", (test,)), yes, no):
            return Where(test, no, yes)
    return value


def test_shapes_name_what_recipes_ask_for() -> None:
    assert shapes.is_dot(closed(DOT["zip"])) and shapes.is_sum(closed(DOT["zip"]))
    assert shapes.is_scores(closed(SCORES["append"])) and isinstance(closed(SCORES["append"]), Map)
    assert shapes.is_count(closed(COUNT["if"])) and not shapes.is_sum(closed(COUNT["if"]))
    assert isinstance(closed(ARGMAX["place"]), Arg) and isinstance(closed(FILTER["append"]), Filter)
    assert shapes.is_elementwise(closed("def f(xs):\n    return [x * 2.0 for x in xs]\n"))


def test_two_passes_over_attributes_are_two_regions_with_their_own_roots() -> None:
    text = """\
class Scorer:
    def f(self, q):
        t = 0.0
        for i, w in enumerate(self.weights):
            t += w * q[i]
        n = 0
        for w in self.weights:
            if w > t:
                n += 1
        return t, n
"""
    from tests.loop_cases import place_of

    first, second = place_of(text, "Scorer.f").loops()
    assert set(first.roots) == {"self.weights", "q"} and set(second.roots) == {"self.weights", "t"}


def test_the_region_begins_at_what_it_needs_and_leaves_the_rest_alone() -> None:
    text = """\
def f(u, v, log):
    log.info("start")
    w = u
    t = 0.0
    for a, b in zip(u, v):
        t += a * b
    log.info("stop")
    return t, w
"""
    assert len(lifted(text).nodes) == 2
