"""The labels fit their sources, and an outcome is right only where the first waiting line is the labelled one."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from perftools_benchmarks.waits import judging, tables
from perftools_benchmarks.waits.cases import NAMES, WaitCase, cases
from perftools_benchmarks.waits.judging import Outcome, judge, total

CASES = {(case.service.set, case.service.name): case for case in cases()}


def case_of(*name: str) -> WaitCase:
    (found,) = [case for key, case in CASES.items() if name in (key, key[1:])]
    return found


def report(case: WaitCase, line: int, what: str, *, verdict: str = "Not CPU-bound: 5 %") -> dict[str, Any]:
    file = case.wait.file if case.wait else "app.py"
    where = {"file": f"/tmp/service-x/app/{file}", "line": line, "function": "f"}
    return {
        "verdict": verdict,
        "quality": {"window_s": 6.0},
        "target": {"processes": [{"role": "worker"}, {"role": "master"}]},
        "observations": {
            "time": {"cpu_percent": 4.0},
            "observers": [{"id": "waits", "cost": {"cpu_s": 0.12}}],
            "waits": {"type": "waits", "looks": 72, "lines": [{"where": where, "what": what, "share": 0.9}]},
        },
    }


def test_every_label_fits_its_source_and_every_set_has_both_kinds() -> None:
    for name in NAMES:
        of = [case for case in CASES.values() if case.service.set == name]
        assert {case.wait is None for case in of} == {True, False}, name
    waiting = [case for case in CASES.values() if case.wait is not None]
    assert len(waiting) >= 24
    assert {case.service.python for case in waiting} >= {"3.9", "3.11", "3.12", "3.13", "3.14"}
    for case in CASES.values():
        for source in case.service.folder.glob("*.py"):
            ast.parse(source.read_text())


def test_the_first_line_alone_decides() -> None:
    case = case_of("quotes")
    assert case.wait
    right = judge(case, report(case, case.wait.line, "urllib recv"), "3.11.7")
    assert right.right and right.words_right and right.not_cpu_bound
    assert (right.looks_a_second, right.cost_percent) == (pytest.approx(12), pytest.approx(2))
    other = judge(case, report(case, case.wait.line + 9, "urllib recv"), "3.11.7")
    assert not other.right
    vague = judge(case, report(case, case.wait.line, "Future"), "3.11.7")
    assert vague.right and not vague.words_right
    empty = report(case, 1, "")
    empty["observations"]["waits"]["lines"] = []
    assert not judge(case, empty, "").right
    assert not judge(case, {"error": {"message": "no"}}, "").right
    assert total([right, other, vague]) == (3, 2, 1, 3, 0, 0)


def test_one_that_computes_may_wait_but_not_be_called_not_cpu_bound() -> None:
    case = case_of("scores")
    quiet = judge(case, report(case, 3, "lock", verdict="No rule fires."), "")
    loud = judge(case, report(case, 3, "lock"), "")
    failed = judge(case, {"error": {"message": "no"}}, "")
    assert (quiet.right, loud.right, failed.right) == (True, False, False)
    assert total([quiet, loud, failed]) == (0, 0, 0, 0, 3, 2)


def test_the_tables_go_between_the_markers(tmp_path, monkeypatch) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    monkeypatch.setattr(tables, "DOCS", page)
    outcome = Outcome("tuning", "quotes", "a note", "3.11.7", "waits", first="app.py:1 f -> lock", line_right=True)
    tables.write_docs([outcome], {"tuning/other": "no Python 3.14 found"})
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| quotes: a note | 3.11.7 |" in text and "no Python 3.14 found" in text
    assert "1/1" in text
    assert "quotes" in tables.text([outcome], {})
    assert tables.document([outcome], {})["cases"][0]["right"]
    assert judging.total([]).waiting == 0
