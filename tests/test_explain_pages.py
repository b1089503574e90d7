"""The handbook: a page for every rule and code, the same offline, in docs/handbook.md and in --json."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from perftools import handbook
from perftools.cli import completion
from perftools.detect.diagnose import detectors
from perftools.handbook import book
from perftools.report import prose
from tests.test_cli import run, stages

__all__ = ["run", "stages"]

ROOT = Path(__file__).parent.parent
CODE = re.compile(r"[\"']([BEVW]-[A-Z]+(?:-[A-Z]+)*)[\"']")


def codes_in_the_sources() -> set[str]:
    sources = [path.read_text() for path in (ROOT / "perftools").rglob("*.py") if "handbook" not in path.parts]
    return {code for source in sources for code in CODE.findall(source)}


def test_every_code_that_can_be_printed_has_a_page_and_no_other():
    assert set(handbook.codes()) == codes_in_the_sources()


def test_every_rule_has_a_page_that_says_what_it_finds_and_what_to_do():
    for rule in detectors():
        page = handbook.find(rule.id)
        assert page is not None and page.title
        assert {"## What it finds", "## What to do"} <= set(page.text.splitlines()), rule.id
        assert all(f"`{limit}` " in page.text for limit in rule.limits)


def test_pages_keep_to_the_form():
    for code in handbook.codes():
        page = handbook.find(code)
        assert page is not None
        head, _, _ = (ROOT / f"perftools/handbook/{code}.md").read_text().partition("\n")
        assert head.lower() == f"# {code}: {page.title}".lower()
        assert page.title[-1] not in ".:"
        assert "## What to do" in page.text.splitlines()


def test_the_book_is_up_to_date():
    assert (ROOT / "docs/handbook.md").read_text() == book.text(), "run: python -m perftools.handbook"


@pytest.mark.parametrize(
    ("name", "says"), [("gc-pause", "What it finds"), ("E-PTRACE", "ptrace_scope"), ("e-idle", "")]
)
def test_a_page_is_printed_by_its_name(run, name, says):
    code, stdout, stderr = run("explain", name)
    assert (code, stderr) == (0, "")
    page = handbook.find(name)
    assert page is not None
    assert stdout.startswith(f"{page.name}  {page.title[:20]}")
    assert says in stdout
    assert max(map(len, stdout.splitlines())) <= 100
    told = json.loads(run("explain", name, "--json")[1])
    assert (told["schema"], told["name"], told["text"]) == ("perftools.page/1", page.name, page.text)


def test_a_file_of_a_rule_s_name_is_meant_by_its_path(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gc-pause").write_text("no audit")
    (tmp_path / "audit").write_text("no audit")
    assert run("explain", "gc-pause")[0] == 0
    code, _, stderr = run("explain", "./gc-pause")
    assert (code, "E-INTERNAL" in stderr or "E-FILE" in stderr) != (0, False)
    assert run("explain", "audit")[0] != 0


@pytest.mark.parametrize(
    ("name", "meant"), [("gc-paus", "gc-pause"), ("E-PTRAC", "E-PTRACE"), ("E-NOTPYTHONN", "E-NOTP")]
)
def test_an_unknown_name_is_told_what_is_like_it(run, name, meant):
    code, _, stderr = run("explain", name)
    assert code == 2
    assert f"error E-FILE: there is no file {name}, and no rule or code of this name (did you mean {meant}" in stderr


def test_nothing_to_explain_is_wrong_usage_with_examples(run):
    code, _, stderr = run("explain")
    assert code == 2
    assert "say what to explain" in stderr
    assert "explain --last" in stderr
    assert run("explain", "a.json", "--last", "1")[0] == 2


def test_prose_is_wrapped_and_commands_are_not():
    long = "word " * 40
    text = f"{long}\n{long}\n\n## Head\n{long}\n- one\n- two\n  goes on\n\n```\nperf {'x' * 120}\n\nperf\n```\nend"
    lines = prose.render("E-X", "what\x1b[31m happened", text, width=60, colour=False).splitlines()
    assert lines[0] == "E-X  what[31m happened"
    assert f"    perf {'x' * 120}" in lines
    assert max(len(line) for line in lines if "xxx" not in line) <= 60
    assert [line for line in lines if line.startswith("- ")] == ["- one", "- two goes on"]
    assert "Head" in lines and lines[-1] == "end" and "```" not in "".join(lines)
    assert lines.index("    perf") == lines.index(f"    perf {'x' * 120}") + 2


def test_completion_knows_the_rules_without_importing_them():
    assert completion._rules() == sorted(rule.id for rule in detectors())
