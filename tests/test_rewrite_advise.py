"""Findings get the recipe that answers them, and a gain from its timing at the size that was seen."""

from types import SimpleNamespace

import pytest

from perftools.record import Seen, Site, Type, Values
from perftools.rewrite import loops
from perftools.rewrite.advise import advised
from perftools.rewrite.recipe import Recipe
from perftools.rewrite.timings import Machine, Timing, Timings
from tests import build

TEXT = """\
    def score(self, user, rows):
        out = []
        for row in rows:
            total = 0.0
            for a, b in zip(user, row):
                total += a * b
            out.append(total)
        return out"""
FIRST = 40
FILE = "/srv/app.py"
FLOATS = Type(name="list", items=(Type(name="float"),))
ROWS = Type(name="list", items=(FLOATS,))
MACHINE = Machine(cpu="a CPU", cpus=2, python="3.11.7", packages={})


def folder(*speedups: float, level="guarded", rules=("list-hot-path",), name="score-rows"):
    def match(place):
        yield from loops.offers(place, loops.shapes.is_scores, "one product")

    rows = tuple(
        Timing(variant="lists", n=n, before_us=1, after_us=1, speedup=each, low=each * 0.8, high=each * 1.25, pairs=9)
        for n, each in zip((10, 200, 2000), speedups, strict=True)
    )
    timings = Timings(schema="perftools.timings/1", recipe=name, machine=MACHINE, date="2026-01-01", rows=rows)
    recipe = Recipe(id=name, title="", level=level, rules=rules, function="score", match=match)
    return SimpleNamespace(id=name, recipe=recipe, timings=timings)


def advice(*folders, rows: Type = ROWS, n: int = 2000):
    seen = (
        Seen(name="rows", type=rows, sizes=(n, 64), count=30),
        Seen(name="user", type=FLOATS, sizes=(64,), count=30),
    )
    site = Site(file=FILE, function="score", first_line=FIRST, line=FIRST + 5, walks=30, seen=seen, positions=())
    values = Values(cost=build.cost(), walks=30, failed=0, sites=(site,))
    source = build.source(file=FILE, first_line=FIRST, text=TEXT, function="Scorer.score", imports="import os")
    audit = build.audit(sources=(source,), observations=build.observations(values=values))
    finding = build.finding(
        where=build.where(FIRST + 4, FILE, "Scorer.score"),
        facts=(),
        share=build.share(0.8, 0.7, 0.9),
        gain=None,
        recipe=None,
    )
    diagnosis = build.diagnosis(findings=(finding,))
    (found,) = advised(diagnosis, audit, folders, lambda each: each.timings).findings
    return found


def test_a_finding_in_an_inner_loop_gets_the_recipe_of_the_whole_nest():
    found = advice(folder(0.9, 2.0, 4.0))
    assert found.recipe == "score-rows"
    assert (found.gain.of, found.gain.low, found.gain.high) == (
        "cpu", pytest.approx(0.7 * (1 - 1 / 3.2)), pytest.approx(0.9 * (1 - 1 / 5.0)),
    )  # fmt: skip
    assert "4x (3.2–5) faster at a size of 2000, on a CPU, Python 3.11.7" in found.gain.basis


@pytest.mark.parametrize(
    ("folders", "why"),
    [
        ([folder(0.9, 1.0, 1.05)], "not faster at that size"),
        ([folder(2.0, 2.0, 2.0, rules=("pandas-hot-path",))], "answers another rule"),
        ([], "none"),
    ],
)
def test_no_recipe_is_named(folders, why):
    found = advice(*folders)
    assert (found.recipe, found.gain) == (None, None), why


def test_the_size_that_counts_is_that_of_what_the_outer_loop_runs_over():
    assert advice(folder(0.9, 2.0, 4.0), n=12).recipe is None


def test_other_containers_get_no_rewrite_for_lists():
    assert advice(folder(2.0, 2.0, 4.0), rows=Type(name="list", items=(Type(name="dict"),))).recipe is None


def test_the_safest_level_comes_first():
    assert advice(folder(2.0, 2.0, 9.0, level="assisted", name="stored"), folder(2.0, 2.0, 4.0)).recipe == "score-rows"
