from pathlib import Path
from types import SimpleNamespace

import libcst as cst
import pytest

from perftools.errors import FileError
from perftools.rewrite import undo
from perftools.rewrite.recipe import Fast, Guard, Recipe, Refusal, Rewrite
from perftools.rewrite.rewriting import Known, rewrite
from perftools.rewrite.timings import Machine, Timing, Timings


def match_sum(place):
    """`t = slow(x)` has a fast path for lists; slow(None) is refused."""
    for node, statement in place.expressions(cst.Call):
        if place.code(node.func) == "slow":
            name = place.code(node.args[0].value)
            if name == "None":
                yield Refusal(node, "nothing", "there is nothing to add up")
            else:
                guards = (Guard(f"type({name}) is list", "other containers"),)
                target = place.code(statement.body[0].targets[0].target)
                yield Rewrite(nodes=(statement,), reason="sum", fast=Fast(guards, f"{target} = sum({name})"))


def match_old(place):
    for statement in place.statements():
        if place.code(statement).strip() == "old()":
            yield Rewrite(nodes=(statement,), reason="new", replacement="new()")


def folder(match, *, name="slow-sum", level="guarded", speedups=None):
    recipe = Recipe(id=name, title="", level=level, rules=(), function="f", match=match)
    return SimpleNamespace(id=name, recipe=recipe, timings=timings(name, speedups) if speedups else None)


def timings(name, speedups):
    rows = tuple(
        Timing(variant="", n=n, before_us=1, after_us=1, speedup=value, low=value * 0.9, high=value * 1.1, pairs=9)
        for n, value in speedups.items()
    )
    machine = Machine(cpu="", cpus=2, python="3.11", packages={})
    return Timings(schema="perftools.timings/1", recipe=name, machine=machine, date="2026-01-01", rows=rows)


def of(folder):
    return folder.timings


TEXT = """
def f(x, y):
    t = slow(x)
    u = slow(None)
    old()
    return t
"""


def test_places_taken_and_refused_have_the_lines_of_the_text_given():
    outcome = rewrite(TEXT, [folder(match_sum), folder(match_old, name="old", level="auto")])
    assert [(each.recipe, each.line, each.end_line) for each in outcome.taken] == [("old", 5, 5), ("slow-sum", 3, 3)]
    assert [(each.line, each.code) for each in outcome.refused] == [(4, "nothing")]
    assert "        t = sum(x)\n    else:\n        t = slow(x)\n" in outcome.after
    assert "    new()\n" in outcome.after


def test_a_second_run_changes_nothing():
    recipes = [folder(match_sum), folder(match_old, name="old", level="auto")]
    again = rewrite(rewrite(TEXT, recipes).after, recipes)
    assert not again.taken
    assert {each.code for each in again.refused} == {"nothing", "already-guarded"}


def test_levels_beyond_the_one_asked_for_are_named():
    outcome = rewrite(TEXT, [folder(match_old, name="old", level="assisted")])
    assert outcome.after == TEXT
    assert [each.code for each in outcome.refused] == ["level"]
    assert rewrite(TEXT, [folder(match_old, name="old", level="assisted")], level="assisted").taken


def test_only_the_line_asked_for():
    recipes = [folder(match_sum), folder(match_old, name="old", level="auto")]
    assert [each.recipe for each in rewrite(TEXT, recipes, line=5).taken] == ["old"]
    assert not rewrite(TEXT, recipes, line=6).taken


def test_two_recipes_for_the_same_lines():
    outcome = rewrite(TEXT, [folder(match_sum, name="a"), folder(match_sum, name="b")])
    assert [each.recipe for each in outcome.taken] == ["a"]
    assert ("b", "overlap") in [(each.recipe, each.code) for each in outcome.refused]


@pytest.mark.parametrize(
    ("speedups", "size", "code"),
    [
        (None, None, "not-timed"),
        ({10: 0.5, 100: 2.0, 1000: 9.0}, None, "not-faster"),
        ({10: 1.5, 100: 2.0, 1000: 9.0}, None, ""),
        ({10: 0.5, 100: 2.0, 1000: 9.0}, 900, ""),
        ({10: 0.5, 100: 2.0, 1000: 9.0}, 12, "not-faster"),
        ({10: 0.5, 100: 2.0, 1000: 9.0}, 2, "not-faster"),
        ({100: 2.0, 1000: 9.0}, 3, "not-timed"),
        ({10: 1.15, 100: 1.05, 1000: 1.5}, 100, "not-faster"),
        ({10: 1.5, 100: 2.0, 1000: 9.0}, 1_000_000, ""),
    ],
)
def test_what_is_not_faster_is_not_offered(speedups, size, code):
    outcome = rewrite(TEXT, [folder(match_sum, speedups=speedups)], known=Known(size=size), timings_of=of)
    refused = {each.code for each in outcome.refused} - {"nothing"}
    assert refused == ({code} if code else set())
    assert bool(outcome.taken) is not bool(code)


def test_a_file_is_written_in_one_step_and_given_back(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "app.py"
    path.write_text("a = 1\r\n", newline="")
    path.chmod(0o640)
    (tmp_path / "link.py").symlink_to(path)
    undo.write(str(tmp_path / "link.py"), "a = 1\r\n", "a = 2\r\n", unix_ns=1)
    assert path.read_bytes() == b"a = 2\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.py").is_symlink()
    kept = list((tmp_path / "state").rglob("*.json"))
    assert [each.stat().st_mode & 0o777 for each in kept] == [0o600]
    assert undo.undo(str(path)) == str(path)
    assert path.read_bytes() == b"a = 1\r\n"
    with pytest.raises(FileError, match="nothing to undo"):
        undo.undo()


def test_what_was_changed_meanwhile_is_neither_overwritten_nor_undone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "app.py"
    path.write_text("changed\n")
    with pytest.raises(FileError, match="changed meanwhile"):
        undo.write(str(path), "a = 1\n", "a = 2\n", unix_ns=1)
    undo.write(str(path), "changed\n", "a = 2\n", unix_ns=1)
    path.write_text("again\n")
    with pytest.raises(FileError, match="changed since"):
        undo.undo(str(path))
    assert path.read_text() == "again\n"


def test_the_last_rewrites_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(undo, "KEPT", 3)
    path = tmp_path / "app.py"
    path.write_text("0")
    for number in range(12):
        undo.write(str(path), str(number), str(number + 1), unix_ns=number)
    assert [undo.undo() and Path(path).read_text() for _ in range(3)] == ["11", "10", "9"]
