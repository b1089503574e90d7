"""The outputs of a check: what a tired engineer, a program, a build server and a hostile name make of them."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.budget.model import Metric, Status
from perftools.budget.report import document, explain, github, junit, markdown, text, words
from tests import budgets as build

STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")
"""What no output may hold, whatever a name holds; a newline only where we write it."""


def shown(verdicts=None, **changed):
    given = {"width": 100, "colour": False, "notes": build.NOTES}
    return text.render(build.all_kinds() if verdicts is None else verdicts, **(given | changed))


def test_a_broken_budget_is_one_sentence_that_says_everything():
    assert words.sentence(build.broken()) == (
        "score BROKEN: +9.8 % (99 % CI +7.9 % … +12 %), budget +5 %; 24 pairs, confirmed; could detect >= 4 %; "
        "grew: features.encode +8.1 %"
    )


def test_what_is_not_broken_says_why():
    assert words.sentence(build.verdict()) == (
        "score pass: +0.4 % (99 % CI −1.1 % … +1.9 %), budget +5 %; 8 pairs; could detect >= 4 %"
    )
    assert words.sentence(build.not_measured()) == (
        "load NOT MEASURED: the base 1a2b3c4d5 cannot be built: no matching distribution for numpy==9; budget +5 %"
    )
    assert words.sentence(build.inconclusive()).endswith(
        "32 pairs; could detect >= 4 %; after 32 pairs the truth may lie on either side of the limit"
    )
    assert words.sentence(build.waived()) == (
        "p99 waived: 23.4 ms (99 % CI 22.1 ms … 24.9 ms), budget 20 ms; 2 processes, confirmed; could detect >= 10 %; "
        "broken, waived until 2027-01-31: larger model"
    )


def test_the_text_begins_with_the_count_and_the_worst():
    lines = shown().splitlines()
    assert lines[0] == "BUDGETS  1 BROKEN, 1 NOT MEASURED, 1 inconclusive, 1 waived, 1 pass"
    assert lines[1].strip() == build.NOTES[0]
    heads = [line.partition(":")[0] for line in lines if re.match(r"\w+ (BROKEN|NOT|inc|waived|pass)", line)]
    assert heads == ["score BROKEN", "load NOT MEASURED", "rank inconclusive", "p99 waived", "start pass"]
    assert "    cpu_time of tests/test_speed.py::test_score, pyproject.toml:214" in lines


def test_budgets_that_are_met_take_a_line_each():
    met = [build.verdict(budget=build.budget(name)) for name in ("a", "b", "c")]
    assert len(shown(met, notes=(), width=100).splitlines()) == 4


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_text_fits_the_page_and_the_command_stays_whole(width):
    command = "perf budget explain score  # what it means, in a line that is longer than the narrow page"
    page = shown(width=width, next_command=command)
    assert command in page
    assert all(len(line) <= width for line in page.splitlines() if command not in line)


def test_the_text_is_ascii_where_the_terminal_is():
    assert shown(unicode=False).isascii()


def test_colour_is_only_where_it_is_asked_for():
    assert "\x1b[" not in shown()
    assert "\x1b[1;31mscore BROKEN" in shown(colour=True)


def test_the_document_holds_every_sample_and_comes_back_as_it_was():
    found = build.checked(*build.all_kinds())
    written = document.render(found)
    assert document.parse(written.encode()) == found
    loose = json.loads(written)
    assert loose["schema"] == "perftools.budget/1"
    assert loose["taken"] == "2026-11-24T15:10:00Z"
    assert loose["verdicts"][0]["samples"]["pairs"] == [{"base": [0.0031, 0.003], "head": [0.0032, 0.003]}]
    assert loose["verdicts"][1]["waiver"]["until"] == "2027-01-31"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "perftools.budget/1"}', b"\xff"])
def test_what_is_no_document_is_refused(content):
    with pytest.raises(ValueError, match=r"\w"):
        document.parse(content)


def test_a_document_of_another_schema_is_refused():
    other = document.render(build.checked(build.broken())).replace("perftools.budget/1", "perftools.budget/2")
    with pytest.raises(ValueError, match=r"perftools\.budget/2"):
        document.parse(other.encode())


def cells(row: str) -> list[str]:
    """As GFM splits a row: at pipes that no backslash escapes."""
    return re.split(r"(?<!\\)(?:\\\\)*\|", row)


def test_the_table_of_a_step_summary():
    lines = markdown.render(build.all_kinds(), notes=build.NOTES).splitlines()
    assert lines[0] == "### Performance budgets: 1 BROKEN, 1 NOT MEASURED, 1 inconclusive, 1 waived, 1 pass"
    assert lines[4].startswith(
        "| ❌ | `score` | `cpu_time` | **BROKEN**: +9.8 % (99 % CI +7.9 % … +12 %), budget +5 %;"
    )
    assert lines[4].endswith("grew: features.encode +8.1 % | `tests/test_speed.py::test_score` |")
    assert len(lines) == 4 + 5 + 2


@given(st.text(max_size=60))
def test_no_name_leaves_its_cell(name):
    verdict = build.broken(budget=build.budget(name, target=name), grew=(name,), reason=name)
    row = markdown.render([verdict]).split("\n")[4]
    assert len(cells(row)) == 7
    outside = re.sub(r"`[^`]*`", "", re.sub(r"\\.", "", row))
    assert not re.search(r"[\[\]]|<(?!/?code>)", outside)


def test_annotations_stand_on_the_line_of_the_budget_and_are_escaped():
    lines = github.render(build.all_kinds(), folder="services/scoring").splitlines()
    assert lines[0] == (
        "::error file=services/scoring/pyproject.toml,line=214,title=perf budget score::"
        "score BROKEN: +9.8 %25 (99 %25 CI +7.9 %25 … +12 %25), budget +5 %25; 24 pairs, confirmed; "
        "could detect >= 4 %25; grew: features.encode +8.1 %25"
    )
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::notice"]
    assert github.render([build.verdict()]) == ""
    tricky = github.render([build.broken(budget=build.budget("x", path="a,b:c%.toml"))])
    assert tricky.startswith("::error file=a%2Cb%3Ac%25.toml,line=214,")


@given(st.text(max_size=60))
def test_no_name_writes_a_command_of_its_own(name):
    verdict = build.broken(budget=build.budget(name, path=name or "x"), reason=name)
    written = github.render([verdict])
    assert written.count("\n") == 1
    command = re.fullmatch(r"::error file=([^,:]*),line=214,title=([^,:]*)::(.*)\n", written)
    assert command
    assert not re.search(r"%(?!25|0A|0D|3A|2C)", written)


@pytest.fixture(scope="module")
def schema():
    xmlschema = pytest.importorskip("xmlschema")
    return xmlschema.XMLSchema(str(Path(__file__).parent / "data" / "junit-10.xsd"))


def test_junit_is_valid_and_tells_the_kinds_apart(schema):
    written = junit.render((*build.all_kinds(), build.nasty()), notes=(*build.NOTES, build.NASTY))
    schema.validate(written)
    root = ElementTree.fromstring(written)
    (suite,) = root
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "2", "1", "2"]
    found = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    kinds = {"start": "system-out", "p99": "skipped", "rank": "skipped", "load": "error", "score": "failure"}
    assert kinds.items() <= {name: tags[0] for name, tags in found.items()}.items()
    failure = suite.find("testcase[@name='score']/failure")
    assert failure.get("message") == words.sentence(build.broken())
    assert failure.text.endswith("pyproject.toml:214")


@given(st.text(max_size=60))
def test_junit_is_valid_whatever_the_names(schema, name):
    verdicts = [build.broken(budget=build.budget(name, target=name), reason=name, grew=(name,)), build.verdict()]
    schema.validate(junit.render(verdicts, notes=(name,)))


def test_the_schema_would_say_so(schema):
    written = junit.render(build.all_kinds())
    assert not schema.is_valid(written.replace(' errors="1"', ""))
    assert not schema.is_valid(written.replace("<failure ", "<broken ").replace("</failure>", "</broken>"))


def pages():
    verdicts = (build.nasty(), *build.all_kinds())
    yield shown(verdicts, notes=(build.NASTY,))
    yield markdown.render(verdicts, notes=(build.NASTY,))
    yield github.render(verdicts, folder="x")
    yield junit.render(verdicts, notes=(build.NASTY,))
    hostile = build.nasty()
    yield explained(hostile.budget, build.checked(hostile))


def test_nothing_in_a_name_steers_a_terminal():
    for page in pages():
        assert "red" in page
        assert not STEERS.search(page)


def explained(budget, last=None, found=None, **changed):
    given = {"width": 100, "colour": False, "unicode": True, "next_command": "perf budget check --only x"}
    return explain.render(budget, found or build.budgets(build.verdict(budget=budget)), last, **(given | changed))


def flat(page: str) -> str:
    return " ".join(page.split())


def test_a_budget_explains_itself():
    page = flat(explained(build.budget(max=0.003), build.checked(build.broken(budget=build.budget(max=0.003)))))
    assert "score CPU time of tests/test_speed.py::test_score, pyproject.toml:214" in page
    assert "may not grow by more than 5 % against the merge base. The CPU time may not exceed 3 ms" in page
    assert "8 pairs of fresh processes, base and head in random order" in page
    assert "LAST 2026-11-24 15:10 UTC score BROKEN: +9.8 %" in page
    assert page.endswith("NEXT perf budget check --only x")


def test_what_was_never_checked_or_was_another_budget_is_said():
    assert "not checked yet on this machine" in explained(build.budget())
    assert "not checked yet" in explained(build.budget("other"), build.checked(build.broken()))
    stricter = build.budget(max_regression=0.01, line=7)
    assert "the budget was another one then" in explained(stricter, build.checked(build.broken()))
    moved = build.budget(line=7)
    assert "another one" not in explained(moved, build.checked(build.broken()))


def test_a_limit_below_the_noise_is_explained():
    assert "Less than 5 % cannot be told from noise" in flat(explained(build.budget(max_regression=0.01)))


def test_a_waiver_is_explained():
    page = flat(explained(build.waived().budget, found=build.budgets(build.waived())))
    assert "WAIVED until 2027-01-31: larger model, pyproject.toml:240" in page
    assert "Load: load {port}." in page


@pytest.mark.parametrize("metric", get_args(Metric))
def test_every_metric_is_explained(metric):
    limit = {"min": 100.0} if metric == "throughput" else {"max": 1.0}
    page = flat(explained(build.budget(metric=metric, max_regression=None, **limit)))
    assert explain.HOW[metric] in page


def test_a_metric_of_a_service_is_explained_as_such():
    page = flat(explained(build.budget(load="python load.py {port}")))
    assert "for each request that the load command counts. Load: python load.py {port}." in page


def test_every_status_has_its_words_in_every_output():
    statuses = set(get_args(Status))
    assert set(words.WORST_FIRST) == set(words.SAID) == set(text.STYLES) == set(markdown.MARKS) == statuses
    assert set(github.LEVELS) == set(junit.ELEMENTS) == statuses - {"pass"}


def test_a_document_is_dated_in_utc():
    east = datetime.timezone(datetime.timedelta(hours=5))
    moment = datetime.datetime(2026, 11, 24, 20, 10, tzinfo=east)
    met = build.verdict()
    found = document.document(build.budgets(met), [met], exit_code=0, notes=(), taken=moment)
    assert '"taken": "2026-11-24T15:10:00Z"' in document.render(found)
