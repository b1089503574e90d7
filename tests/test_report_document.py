from __future__ import annotations

import json

from perftools.finding import Gain
from perftools.report import document
from tests import build

FINDING_KEYS = {
    "rule", "severity", "title", "where", "share", "evidence", "why", "todo", "entry", "gain", "recipe", "fingerprint",
}  # fmt: skip


def rendered(audit=None, diagnosis=None) -> dict:
    return json.loads(document.render(audit or build.audit(), diagnosis or build.diagnosis()))


def test_a_report_says_what_was_seen_and_what_it_means():
    report = rendered()
    assert report["schema"] == "perftools.report/1"
    assert set(report) >= {
        "tool",
        "target",
        "quality",
        "verdict",
        "observations",
        "findings",
        "checked_ok",
        "not_checked",
    }
    assert report["verdict"] == (
        "A Python loop over 50 000 floats takes 38 % of the CPU. A DataFrame built in every request takes 14 %."
    )
    assert [process["role"] for process in report["target"]["processes"]] == ["master", "worker", "worker"]
    assert report["observations"]["stacks"] == {"type": "stacks", "taken": 4617, "lost": 14, "rate_hz": 100.0}
    time = report["observations"]["time"]
    assert (time["of"], time["running"]) == ("cpu", 0.74)
    assert time["lines"][0]["where"]["line"] == 91
    assert time["functions"][0]["where"]["function"] == "normalise"
    assert [process["pid"] for process in report["observations"]["processes"]] == [4712, 4713]


def test_a_finding_has_every_key_and_null_for_what_it_lacks():
    first, second = rendered()["findings"]
    assert set(first) >= FINDING_KEYS
    assert first["where"] == {"file": build.FEATURES, "line": 90, "function": "normalise", "end_line": 91}
    assert {key: first["share"][key] for key in ("value", "low", "high", "of")} == {
        "value": 0.38, "low": 0.35, "high": 0.41, "of": "cpu",
    }  # fmt: skip
    assert (first["gain"], first["recipe"]) == (None, None)
    assert second["where"]["end_line"] == 54
    bare = build.finding(where=None, share=None, entry=None, gain=Gain(of="cpu", low=0.1, high=0.2, basis="timed"))
    (found,) = rendered(diagnosis=build.diagnosis(findings=(bare,)))["findings"]
    assert (found["where"], found["share"], found["entry"]) == (None, None, None)
    assert found["gain"]["high"] == 0.2


def test_what_is_missing_is_named():
    report = rendered(*build.stackless())
    assert report["verdict"].startswith("Stacks could not be read")
    assert report["observations"]["stacks"]["type"] == "missing"
    assert report["observations"]["time"]["code"] == "E-PTRACE"
    assert report["not_checked"][0]["missing"]["reason"] == "the sampler may not read pid 4712"
