"""The proof finds what is wrong with a recipe: one that is right, with one thing at a time taken out of it."""

import sys
from dataclasses import replace

import pytest

from perftools.rewrite import proof
from perftools.rewrite.catalogue import Folder
from perftools.rewrite.recipe import Recipe

RECIPE = """
import libcst as cst
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

def match(place):
    for statement in place.statements():
        if isinstance(statement, cst.For) and place.code(statement.iter) == "xs":
            if place.kind("xs") is not None and place.kind("xs").name == "set":
                yield Refusal(statement, "unordered", "a set has no order")
                continue
            yield Rewrite(nodes=(statement,), reason="sum", fast=Fast(
                (Guard("type(xs) is list", "iterators"), Guard("len(xs) == 0 or type(xs[-1]) is int", "floats"),),
                "total = total + len(xs) * xs[0] if xs else total",
                after=(Guard("True", "")[:0] or ()),
            ))

RECIPE = Recipe(
    id="times", title="", level="guarded", rules=(), function="f", match=match,
    valid=tuple(Example(code=f"def f(ys):\\n    for x in ys:\\n        {n}\\n") for n in range(4))
    + (Example(code="def f(xs):\\n    for x in xs:\\n        pass\\n", facts={"xs": "set"}, refused="unordered"),),
    invalid=(Example(
        code="def f(xs, total):\\n    for x in xs:\\n        total += x\\n    return total\\n",
        becomes="def f(xs, total):\\n    if type(xs) is list and (len(xs) == 0 or type(xs[-1]) is int):\\n"
        "        total = total + len(xs) * xs[0] if xs else total\\n    else:\\n        for x in xs:\\n"
        "            total += x\\n    return total\\n",
    ),),
)
"""
BEFORE = "def f(xs, total):\n    for x in xs:\n        total += x\n    return total\n"
INPUTS = """
from hypothesis import strategies as st
from perftools.rewrite.recipe import Stream
SIZES = (1, 10, 100)
SAME = "exact"
VARIANTS = {"list": lambda n: ([3] * n, 0)}
ordinary = st.tuples(st.one_of(st.builds(lambda n, x: [x] * n, st.integers(0, 20), st.integers()),
                               st.lists(st.floats(), min_size=1, max_size=5)), st.just(0))
HAZARDS = {"iterators": lambda: [(Stream([1, 1]), 0)], "floats": lambda: [([0.1] * 7, 0)]}
"""
ROW = '{"variant": "list", "n": %d, "before_us": 2, "after_us": 1, "speedup": 2, "low": 2, "high": 2, "pairs": 3}'
MACHINE = '{"cpu": "", "cpus": 1, "python": "3.11", "packages": {}}'


@pytest.fixture
def prove(tmp_path, monkeypatch, request):
    """Prove the recipe with some of its text replaced; (check, words) of each problem."""
    package = f"proved_{abs(hash(request.node.name))}"
    path = tmp_path / package / "times"
    path.mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)

    def proved(**replaced):
        files = {"recipe": RECIPE, "before": BEFORE, "inputs": INPUTS}
        for name, (old, new) in replaced.items():
            assert old in files[name]
            files[name] = files[name].replace(old, new)
        for name, text in files.items():
            (path / f"{name}.py").write_text(text)
        (path / "README.md").write_text("# Times")
        rows = ", ".join(ROW % n for n in (1, 10, 100))
        head = '"schema": "perftools.timings/1", "recipe": "times", "date": "2026-01-01"'
        (path / "timings.json").write_text(f'{{{head}, "machine": {MACHINE}, "rows": [{rows}]}}')
        module = __import__(f"{package}.times.recipe", fromlist=["RECIPE"])
        folder = Folder(f"{package}.times", path, module.RECIPE)
        proof.write_after(folder)
        return {(problem.check, problem.says) for problem in proof.prove(folder, cases=300)}

    yield proved
    for name in [each for each in sys.modules if each.startswith(package)]:
        del sys.modules[name]


def test_a_recipe_that_is_right(prove):
    assert prove() == set()


@pytest.mark.parametrize(
    ("replaced", "check", "says"),
    [
        ({"recipe": ("len(xs) * xs[0]", "len(xs) * xs[0] + 1")}, "equivalence", "became"),
        ({"recipe": ('Guard("type(xs) is list", "iterators"), ', "")}, "examples", "INVALID 1"),
        ({"inputs": ('"iterators": lambda: [(Stream([1, 1]), 0)], ', "")}, "guards", "type(xs) is list"),
        ({"inputs": ("HAZARDS = {", "HAZARDS = {'wrong': lambda: [([1, 2], 0)], ")}, "hazards", "wrong: the result"),
        ({"inputs": ("HAZARDS = {", "HAZARDS = {}\nUNUSED = {")}, "hazards", "no hazard"),
        ({"inputs": ("([3] * n, 0)", "([3] * n, None)")}, "equivalence", "before.py raises TypeError"),
        ({"inputs": ("st.one_of(st.builds(lambda n, x: [x] * n, st.integers(0, 20), st.integers()),", "st.one_of(")},
         "equivalence", "the fast path ran in none"),
        ({"recipe": ("range(4)", "range(3)")}, "negatives", "4 examples"),
        ({"recipe": ('refused="unordered"', 'refused="other"')}, "negatives", "not refused as other"),
        ({"recipe": ('"for x in ys', '"for x in xs')}, "negatives", "is rewritten"),
        ({"inputs": ("SIZES = (1, 10, 100)", "SIZES = (1, 10)")}, "files", "three sizes"),
        ({"inputs": ("SIZES = (1, 10, 100)", "SIZES = (1, 10, 99)")}, "files", "no row for"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(prove, replaced, check, says):
    if "ys" in str(replaced):
        replaced = {"recipe": ("for x in ys:", "for x in xs:")}
    found = prove(**replaced)
    assert [each for each in found if each[0] == check and says in each[1]], found


def test_a_recipe_names_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    recipe = Recipe(id="x", title="", level="advice", rules=(), function="f")
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert replace(recipe, needs=("json", "msgspec")).lacks == ""
    assert replace(recipe, needs=("json", "no_such_module")).lacks == "no_such_module"
    assert replace(recipe, needs=("python3.99",)).lacks == "python3.99"
    shim.write_text("#!/bin/sh\nexit 0\n")
    assert replace(recipe, needs=("python3.99",)).lacks == ""
