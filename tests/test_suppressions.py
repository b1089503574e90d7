"""Known findings, chosen rules and limits of the user's own: what the diagnosis and the reports make of them."""

from __future__ import annotations

import datetime
import json

import pytest

from perftools import api
from perftools.cli import outcome
from perftools.config import Settings, Suppression
from perftools.detect.diagnose import detectors, diagnose, settled
from perftools.finding import Diagnosis
from perftools.report import document, terminal
from tests import build
from tests.test_diagnose import APP, scene

TODAY = datetime.date(2026, 11, 24)
SPREAD = Suppression("pyproject.toml:3", "goes in March", TODAY, rule="list-hot-path", path="srv/*.py")
AUDIT = scene().audit()


def judged(*suppressions: Suppression, **changes) -> Diagnosis:
    return diagnose(AUDIT, Settings(suppressions=suppressions, today=TODAY, **changes))


def fingerprint_of(function: str) -> str:
    return next(each.fingerprint for each in diagnose(AUDIT).findings if each.where and each.where.function == function)


def test_a_suppressed_finding_is_counted_and_listed_but_no_finding():
    spread = SPREAD._replace(rule="", path="", fingerprint=fingerprint_of("spread"))
    diagnosis = judged(spread)
    assert [finding.where.function for finding in diagnosis.findings if finding.where] == ["mean"]
    (known,) = diagnosis.suppressed
    assert known.finding.where and known.finding.where.function == "spread"
    assert [clause.finding for clause in diagnosis.verdict] == [1, None]
    assert diagnosis.verdict[-1].text == "Suppressed, as known: 1."
    text = terminal.render(AUDIT, diagnosis, width=100, colour=False)
    line = "1 finding suppressed: HIGH list-hot-path at app.py:6, until 2026-11-24 (pyproject.toml:3: goes in March)"
    assert line in " ".join(text.split())
    report = json.loads(document.render(AUDIT, diagnosis))
    (hidden,) = report["suppressed"]
    assert (hidden["finding"]["rule"], hidden["until"], hidden["place"], hidden["reason"]) == (
        "list-hot-path", "2026-11-24", "pyproject.toml:3", "goes in March",
    )  # fmt: skip


def test_when_all_is_known_nothing_new_was_found_and_nothing_fails():
    diagnosis = judged(SPREAD)
    assert (diagnosis.findings, len(diagnosis.suppressed)) == ((), 2)
    assert diagnosis.verdict[0].text.startswith("Nothing new was found")
    assert outcome.exit_code(AUDIT, diagnosis, "info") == 0
    assert outcome.exit_code(AUDIT, judged(), "info") == 1


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("srv/app.py", True),
        ("*.py", True),
        ("/srv/*.py", True),
        ("app.py", True),
        ("ap.py", False),
        ("x/app.py", False),
    ],
)
def test_a_path_is_a_glob_on_the_end_of_the_file_s(pattern, hit):
    assert SPREAD._replace(path=pattern).matches("list-hot-path", "f", APP) == hit
    assert not SPREAD._replace(path=pattern).matches("gc-pause", "f", APP)
    assert not SPREAD._replace(path=pattern).matches("list-hot-path", "f", None)


def test_an_expired_suppression_is_said_with_its_place_and_hides_nothing():
    diagnosis = judged(SPREAD._replace(until=TODAY - datetime.timedelta(days=1)))
    assert len(diagnosis.findings) == 2
    assert diagnosis.suppressed == ()
    said = "pyproject.toml:3: the suppression of list-hot-path in srv/*.py has expired: it was until 2026-11-23"
    assert said in diagnosis.notes


def test_an_unmatched_suppression_is_said_unless_its_rule_was_not_asked_for():
    lost = SPREAD._replace(path="gone.py")
    said = "pyproject.toml:3: the suppression of list-hot-path in gone.py matches no finding of this audit"
    assert said in judged(lost).notes
    assert said not in judged(lost, rules=frozenset({"gc-pause"})).notes
    other = lost._replace(rule="", path="", fingerprint="f")
    assert "fingerprint f matches no finding" in judged(other).notes[0]
    assert not any("fingerprint" in note for note in judged(other, rules=frozenset({"gc-pause"})).notes)


def test_rules_that_are_left_out_are_named_and_do_not_judge():
    diagnosis = judged(rules=frozenset({"gc-pause"}))
    assert (diagnosis.findings, [ok.rule for ok in diagnosis.checked_ok]) == ((), ["gc-pause"])
    skipped = {row.rule for row in diagnosis.not_checked if row.missing.code == "E-SKIPPED"}
    assert skipped == {rule.id for rule in detectors()} - {"gc-pause"}
    assert "not checked" not in diagnosis.verdict[0].text
    assert settled(AUDIT, Settings(rules=frozenset({"gc-pause"})))


def test_limits_of_the_user_s_own_decide():
    assert [finding.severity for finding in judged().findings] == ["high", "high"]
    diagnosis = judged(limits={"list-hot-path": {"high": 0.5}}, notes=("limits of list-hot-path as set",))
    assert [finding.severity for finding in diagnosis.findings] == ["high", "medium"]
    assert "limits of list-hot-path as set" in diagnosis.notes


def test_settings_of_the_current_folder_reach_the_diagnosis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.perftools.limits.list-hot-path]\nhigh = 0.5\n")
    settings = api.settings(skip=["gc-pause"])
    diagnosis = api.diagnose(AUDIT, settings)
    assert [finding.severity for finding in diagnosis.findings] == ["high", "medium"]
    assert any("pyproject.toml:1: high 0.5 instead of 0.2" in note for note in diagnosis.notes)
    assert "gc-pause" not in {ok.rule for ok in diagnosis.checked_ok}


def test_what_is_not_checked_is_printed_with_its_code():
    text = terminal.render(*build.idle(), width=100, colour=False)
    assert "(E-IDLE)" in text
