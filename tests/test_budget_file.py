"""The budget file: what is right is read, and whatever is wrong is said with its line."""

from __future__ import annotations

import datetime
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perftools.budget import file, units
from perftools.budget.model import UNITS, Budgets
from perftools.budget.places import Place, places
from perftools.errors import FileError

TODAY = datetime.date(2026, 11, 24)

GOOD = """\
version = 1
baseline = "origin/main"
fail_on_inconclusive = true

[[budget]]
id = "score"
target = "tests/test_speed.py::test_score"
metric = "cpu_time"
max_regression = "10%"
max = "3ms"

[[budget]]
id = "rate"
target = "app:app"
metric = "throughput"
min = "500/s"
load = "python load.py"
ready = "http://127.0.0.1:8000/health"

[[waiver]]
budget = "score"
until = 2027-01-31
reason = "a new model"
"""


def parse(text: str, name: str = "perf-budgets.toml") -> Budgets:
    return file.parse(text, name, TODAY)


def wrong(text: str, name: str = "perf-budgets.toml") -> tuple[int, str]:
    """The line, and what is said."""
    with pytest.raises(FileError) as caught:
        parse(text, name)
    said = caught.value.message
    assert said.startswith(f"{name}:")
    line, _, what = said.removeprefix(f"{name}:").partition(": ")
    return int(line), what


def without(line: str) -> str:
    assert line in GOOD.splitlines()
    return "".join(each for each in GOOD.splitlines(keepends=True) if each.rstrip("\n") != line)


def test_everything_that_may_be_written_is_read() -> None:
    budgets = parse(GOOD)
    assert (budgets.baseline, budgets.fail_on_inconclusive) == ("origin/main", True)
    score, rate = budgets.budgets
    assert (score.id, score.metric, score.max_regression, score.max, score.min) == (
        "score",
        "cpu_time",
        0.1,
        0.003,
        None,
    )
    assert (rate.min, rate.load, rate.severity) == (500.0, "python load.py", "medium")
    assert [(each.path, each.line) for each in budgets.budgets] == [("perf-budgets.toml", 5), ("perf-budgets.toml", 12)]
    (waiver,) = budgets.waivers
    assert (waiver.budget, waiver.until, waiver.line) == ("score", datetime.date(2027, 1, 31), 20)


def test_pyproject_has_the_same_tables_under_a_prefix() -> None:
    lines = ["[project]", 'name = "x"', "", "[tool.perftools.budgets]"]
    for line in GOOD.splitlines():
        name = line.strip("[]")
        lines.append(f"[[tool.perftools.budgets.{name}]]" if line.startswith("[[") else line)
    budgets = parse("\n".join(lines), "pyproject.toml")
    assert [budget.line for budget in budgets.budgets] == [9, 16]
    assert budgets.budgets[0].max == 0.003
    assert wrong("[project]\n", "pyproject.toml") == (1, "there is no table [tool.perftools.budgets]")
    assert wrong("[tool]\nperftools = 3\n", "pyproject.toml")[1] == "there is no table [tool.perftools.budgets]"
    assert wrong("[tool.perftools]\nbudgets = 3\n", "pyproject.toml") == (2, "tool.perftools.budgets is to be a table")


@pytest.mark.parametrize(
    ("written", "instead", "line", "said"),
    [
        ("version = 1", "version = 2", 1, "version 2 is unknown"),
        ("version = 1", "version = true", 1, "version is to be a whole number"),
        ("version = 1", "versoin = 1", 1, "unknown key 'versoin'"),
        ('baseline = "origin/main"', 'baseline = "--upload-pack=x"', 2, "and is to be"),
        ('baseline = "origin/main"', "baseline = ''", 2, "text in quotes"),
        ("fail_on_inconclusive = true", 'fail_on_inconclusive = "true"', 3, "true or false"),
        ('id = "score"', 'id = "a b"', 6, "letters, digits"),
        ('id = "score"', "id = 3", 6, "id is to be text"),
        ('id = "rate"', 'id = "score"', 13, "that of the budget on line 5"),
        ('metric = "cpu_time"', 'metric = "cpu"', 8, "unknown metric 'cpu'; known: instructions, cpu_time"),
        ('metric = "cpu_time"', 'metric = "findings"', 10, "findings is to be like 0"),
        ('max_regression = "10%"', 'max_regression = "10"', 9, "a percentage in quotes"),
        ('max_regression = "10%"', "max_regression = 0.1", 9, "a percentage in quotes"),
        ('max_regression = "10%"', 'max_regresion = "10%"', 9, "unknown key 'max_regresion' in a budget"),
        ('max = "3ms"', "max = 3", 10, "units: ns, us"),
        ('max = "3ms"', 'max = "3 MB"', 10, "units: ns, us"),
        ('max = "3ms"', 'min = "3ms"', 10, "less is better; write max"),
        ('min = "500/s"', 'max = "500/s"', 16, "more is better; write min"),
        ('min = "500/s"', 'max_regression = "100%"', 16, "by more than 100 %"),
        ('max = "3ms"', 'severity = "high"', 10, "the metric findings alone"),
        ('ready = "http://127.0.0.1:8000/health"', 'ready = "file:///etc/passwd"', 18, "ready is to be a URL"),
        ('budget = "score"', 'budget = "scoer"', 21, "there is no budget 'scoer'"),
        ("until = 2027-01-31", 'until = "2027-01-31"', 22, "a day without quotes"),
        ("until = 2027-01-31", "until = 2027-01-31T10:00:00", 22, "a day without quotes"),
        ("until = 2027-01-31", "until = 2026-11-23", 22, "ended on 2026-11-23"),
        ('reason = "a new model"', 'reason = " "', 23, "reason is to be text"),
        ('reason = "a new model"', 'reason = "a new model', 23, "Illegal"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(written: str, instead: str, line: int, said: str) -> None:
    assert written in GOOD.splitlines()
    found, what = wrong(GOOD.replace(f"{written}\n", f"{instead}\n"))
    assert (found, said in what) == (line, True), (found, what)


@pytest.mark.parametrize(
    ("missing", "line", "said"),
    [
        ("version = 1", 1, "has no version"),
        ('target = "app:app"', 12, "a budget has no target"),
        ('min = "500/s"', 12, "no limit; write max_regression or min"),
        ('load = "python load.py"', 12, "write load"),
        ("until = 2027-01-31", 20, "a waiver has no until"),
    ],
)
def test_what_is_missing_is_said_with_the_line_of_its_table(missing: str, line: int, said: str) -> None:
    found, what = wrong(without(missing))
    assert (found, said in what) == (line, True), (found, what)


def test_a_waiver_lasts_through_its_last_day() -> None:
    until = GOOD.replace("2027-01-31", str(TODAY))
    assert parse(until).waivers[0].until == TODAY


def test_a_second_waiver_of_a_budget_is_an_error() -> None:
    again = GOOD + '[[waiver]]\nbudget = "score"\nuntil = 2027-02-28\nreason = "more"\n'
    assert wrong(again) == (25, "'score' is waived on line 20 already")


def test_no_budget_is_an_error_and_never_green() -> None:
    assert wrong("version = 1\n")[1].startswith("there is no budget")
    assert wrong("version = 1\nbudget = 3\n") == (2, "budget is to be written under [[budget]]")
    assert wrong("version = 1\nbudget = [3]\n") == (2, "a budget is to be a table")


def test_syntax_errors_have_their_line() -> None:
    assert wrong("version = 1\nversion = 1\n")[0] == 2
    assert wrong("version = 1\n[a\n")[0] == 2
    assert wrong("version = 1\nx = [1,\n\n")[0] == 2
    assert wrong("x = " + "[" * 100_000)[1] == "nested too deeply"
    assert wrong("x = " + "9" * 10_000)[0] == 1


def test_which_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"perf-budgets.toml:1: there are no budgets, neither here nor in pyproject"):
        file.load(None, root=tmp_path, today=TODAY)
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "perf-budgets.toml").write_text(GOOD)
    assert file.load(None, root=tmp_path, today=TODAY).path == "perf-budgets.toml"
    (tmp_path / "pyproject.toml").write_text("[ tool . perftools . budgets ]\nversion = 1\n")
    with pytest.raises(FileError, match=r"there are budgets in pyproject.toml too"):
        file.load(None, root=tmp_path, today=TODAY)
    (tmp_path / "perf-budgets.toml").unlink()
    with pytest.raises(FileError, match=r"pyproject.toml:1: there is no budget"):
        file.load(None, root=tmp_path, today=TODAY)


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 20) + b"#")
    (tmp_path / "latin.toml").write_bytes(b"version = 1\n# \xe9\n")
    os.mkfifo(tmp_path / "pipe.toml")
    for name, said in (
        ("missing.toml", "missing.toml:1: cannot be read: No such file"),
        (".", "1: "),
        ("large.toml", "large.toml:1: is larger than 1 MB"),
        ("latin.toml", "latin.toml:2: is not UTF-8"),
        ("pipe.toml", "pipe.toml:1: is no ordinary file"),
    ):
        with pytest.raises(FileError) as caught:
            file.load(tmp_path / name, root=tmp_path, today=TODAY)
        assert said in caught.value.message


@given(st.text())
@example("version = 1\n[[budget]]\nid=1")
@example("[[tool.perftools.budgets.budget]]\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("perf-budgets.toml", "pyproject.toml"):
        try:
            parse(text, name)
        except FileError as error:
            line = error.message.removeprefix(f"{name}:").partition(": ")[0]
            assert 1 <= int(line) <= 1 + text.count("\n")


@given(st.lists(st.sampled_from(GOOD.splitlines(keepends=True)), max_size=30).map("".join))
def test_lines_in_any_order_are_read_or_refused(text: str) -> None:
    test_any_text_is_read_or_refused.hypothesis.inner_test(text)  # type: ignore[attr-defined]


NAMES = st.sampled_from(["a", "b", "c-1", '"d.e"', "'f g'", '"\\u0067"', "1"])
SCALARS = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        "2027-01-31",
        "2027-01-31 10:00:00",
        '"x"',
        "'y#]'",
        '"a\\"b, ["',
        '"""\nm\n"""',
        "'''\n'q\n'''",
        '""""two""\\\n  """',
        "'''it''s'''''",
        '""',
        "''",
        '""""""',
    ]
)
BREAKS = st.sampled_from(["", " ", "\n", " # ] comment }\n", "\r\n"])


def arrays(elements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(BREAKS, elements, BREAKS).map("".join), max_size=3).map(
        lambda some: f"[{','.join(some)}]"
    )


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.dictionaries(NAMES, values, max_size=3)
    return pairs.map(lambda some: "{ " + ", ".join(f"{name} = {value}" for name, value in some.items()) + " }")


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(arrays(inner), tables(inner)), max_leaves=5)
KEYS = st.lists(NAMES, min_size=1, max_size=3).flatmap(
    lambda names: st.sampled_from([".", " . "]).map(lambda dot: dot.join(names))
)
LINES = st.one_of(
    st.builds("{} = {}\n".format, KEYS, VALUES),
    st.builds("[{}]\n".format, KEYS),
    st.builds("[[{}]] # more\r\n".format, KEYS),
    st.sampled_from(["\n", "# a = 1\n", "   \n"]),
)


def every_place(value: object, place: Place = ()) -> list[Place]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([place] if place else []), *(below for key, each in inner for below in every_place(each, (*place, key)))]


@given(st.lists(LINES, max_size=12))
@example(['a = [ { b = 1 }, { b = """\nx\n""" } ]\n', "[[c]]\n", "[c.d]\n", "[[c]]\n", "e.f = 1\n"])
def test_every_part_of_a_document_has_its_line(lines: list[str]) -> None:
    kept: list[str] = []
    for line in lines:
        try:
            tomllib.loads("".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    text = "".join(kept)
    found = places(text)
    assert set(found) == set(every_place(tomllib.loads(text)))
    assert all(1 <= line <= max(1, text.count("\n")) for line in found.values())


def test_the_line_is_that_of_the_key() -> None:
    text = 'a = """\n\n"""\nb.c = [\n  1,\n  { d = 2 },\n]\n[[e]]\n\nf = 1\n[[e]]\nf = 2\n'
    assert places(text) == {
        ("a",): 1, ("b",): 4, ("b", "c"): 4, ("b", "c", 0): 5, ("b", "c", 1): 6, ("b", "c", 1, "d"): 6,
        ("e",): 8, ("e", 0): 8, ("e", 0, "f"): 10, ("e", 1): 11, ("e", 1, "f"): 12,
    }  # fmt: skip


@given(st.text())
def test_places_of_what_is_no_document_end_too(text: str) -> None:
    assert all(line >= 1 for line in places(text).values())


@pytest.mark.parametrize(
    ("written", "metric", "value"),
    [
        ("3ms", "cpu_time", 0.003),
        ("250 µs", "wall_time", 0.00025),
        ("1.5s", "latency_p99", 1.5),
        ("500/s", "throughput", 500.0),
        ("64 MiB", "peak_memory", 64 * 2.0**20),
        ("1.5M", "instructions", 1.5e6),
        (2_000_000, "instructions", 2e6),
        (0, "findings", 0.0),
    ],
)
def test_quantities(written: object, metric: str, value: float) -> None:
    assert units.quantity(written, metric) == pytest.approx(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["", "3", "-3ms", "3 parsecs", "1e400s", "nan s", True, -1, 1.5, None, "٣ms", [3]])
def test_what_is_no_quantity(written: object) -> None:
    for metric in UNITS:
        if metric not in ("instructions", "findings") or written != "3":
            with pytest.raises(ValueError, match="is to be like"):
                units.quantity(written, metric)


def test_how_numbers_are_said() -> None:
    assert [units.amount(value, "cpu_time") for value in (0.003, 1.5e-6, 2.0, 0.0123456, 0.9999)] == [
        "3 ms", "1.5 µs", "2 s", "12.3 ms", "1 s",
    ]  # fmt: skip
    assert units.amount(64 * 2**20, "peak_memory") == "64 MiB"
    assert units.amount(500, "throughput") == "500/s"
    assert [units.amount(n, "findings") for n in (0, 1)] == ["0 findings", "1 finding"]
    assert [units.change(value) for value in (0.098, 0.1, -0.031, 0.0004, 0)] == [
        "+9.8 %", "+10 %", "−3.1 %", "+0.04 %", "+0.0 %",
    ]  # fmt: skip
    score, rate = parse(GOOD).budgets
    assert (units.limit(score), units.limit(rate)) == ("+10 %, 3 ms", "500/s")
