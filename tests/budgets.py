"""Verdicts built by hand, one of each kind."""

from __future__ import annotations

import datetime
from typing import Any

from msgspec.structs import replace

from perftools.budget.model import Budget, Budgets, Pair, Samples, Verdict, Waiver
from perftools.budget.report.document import Document, document
from perftools.finding import Estimate

TAKEN = datetime.datetime(2026, 11, 24, 15, 10, tzinfo=datetime.UTC)
NOTES = ("the base 1a2b3c4d5 is the merge base with origin/main",)
NASTY = "\x1b[31mred\x1b]0;t\x07\n|`a`|<b>&*_[x](y)\u202e::error::%0A\ud800"
"""What could steer a terminal, a table, a page, a log or a parser."""


def budget(name: str = "score", **changed: Any) -> Budget:
    given: dict[str, Any] = {
        "target": "tests/test_speed.py::test_score",
        "metric": "cpu_time",
        "max_regression": 0.05,
        "path": "pyproject.toml",
        "line": 214,
    }
    return Budget(id=name, **(given | changed))


def verdict(**changed: Any) -> Verdict:
    """A budget that is met."""
    given: dict[str, Any] = {
        "budget": budget(),
        "status": "pass",
        "measured": change(0.004, -0.011, 0.019),
        "limit": "+5 %",
        "detectable": 0.04,
        "pairs": 8,
        "confirmed": False,
        "grew": (),
        "reason": "",
        "samples": Samples(pairs=(Pair((0.0031, 0.003), (0.0032, 0.003)),)),
        "waiver": None,
    }
    return Verdict(**(given | changed))


def change(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, unit="ratio", n=24)


def broken(**changed: Any) -> Verdict:
    given: dict[str, Any] = {
        "status": "broken",
        "measured": change(0.098, 0.079, 0.116),
        "pairs": 24,
        "confirmed": True,
        "grew": ("features.encode +8.1 %",),
    }
    return verdict(**(given | changed))


def not_measured(**changed: Any) -> Verdict:
    given: dict[str, Any] = {
        "budget": budget("load", metric="instructions"),
        "status": "not_measured",
        "measured": None,
        "detectable": None,
        "pairs": 0,
        "reason": "the base 1a2b3c4d5 cannot be built: no matching distribution for numpy==9",
        "samples": Samples(pairs=()),
    }
    return verdict(**(given | changed))


def inconclusive(**changed: Any) -> Verdict:
    given: dict[str, Any] = {
        "budget": budget("rank", line=220),
        "status": "inconclusive",
        "measured": change(0.051, 0.02, 0.083),
        "pairs": 32,
        "reason": "after 32 pairs the truth may lie on either side of the limit",
    }
    return verdict(**(given | changed))


def waived(**changed: Any) -> Verdict:
    pass_ = Waiver(
        budget="p99", until=datetime.date(2027, 1, 31), reason="larger model", path="pyproject.toml", line=240
    )
    given: dict[str, Any] = {
        "budget": budget("p99", metric="latency_p99", max=0.02, max_regression=None, load="load {port}"),
        "status": "waived",
        "measured": Estimate(value=0.0234, low=0.0221, high=0.0249, unit="s", n=10),
        "limit": "20 ms",
        "detectable": 0.1,
        "pairs": 0,
        "confirmed": True,
        "reason": "broken, waived until 2027-01-31: larger model",
        "samples": Samples(pairs=(), alone=((0.0231,), (0.0236,))),
        "waiver": pass_,
    }
    return verdict(**(given | changed))


def nasty() -> Verdict:
    """Every text in it is hostile."""
    return broken(
        budget=budget(NASTY, target=NASTY, path=f"a,b:c%{NASTY}"), limit=NASTY, grew=(NASTY, NASTY), reason=NASTY
    )


def all_kinds() -> tuple[Verdict, ...]:
    """In the order of a file, which is not that of their weight."""
    return verdict(budget=budget("start")), waived(), inconclusive(), not_measured(), broken()


def budgets(*verdicts: Verdict, **changed: Any) -> Budgets:
    waivers = tuple(each.waiver for each in verdicts if each.waiver)
    found = Budgets(path="pyproject.toml", budgets=tuple(each.budget for each in verdicts), waivers=waivers)
    return replace(found, **changed)


def checked(*verdicts: Verdict, exit_code: int = 1) -> Document:
    return document(budgets(*verdicts), verdicts, exit_code=exit_code, notes=NOTES, taken=TAKEN)
