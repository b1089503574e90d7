"""Compares what a report found with what the label says; pure.

A finding is right when its rule is a cause's, its file and function are those of one of the cause's places, and either
its lines hold the place's line or it begins inside the place's lines. Two restrictions: a `while` loop around the place
is the worker's own loop and too far out, and a second finding of a cause already found is wrong (one finding a cause).
A finding of a cause that the label calls optional counts neither way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from .labels import RULES, Case, Cause, Place

ALARMS = ("low", "medium", "high")


@dataclass
class Outcome:
    """What came of one case."""

    case: str
    set: str
    kind: str
    python: str = ""
    causes: int = 0
    findings: list[str] = field(default_factory=list)
    """Alarms of the two rules in the report's order: "RULE SEVERITY file:line function share"; wrong ones marked so."""
    right: int = 0
    wrong: int = 0
    first_right: bool | None = None
    alarm: str | None = None
    """The highest severity of a healthy case's alarms."""
    skipped: str | None = None
    """Why the case did not run."""
    failed: str | None = None
    """Why there is no judgement although it ran."""
    cpu_percent: float | None = None
    load: dict[str, Any] = field(default_factory=dict)


def judge(case: Case, report: Mapping[str, Any], root: str) -> Outcome:
    """Judge the report (the document of `--json`) on a case whose code ran in the folder `root`."""
    outcome = Outcome(case.name, case.set, case.kind, causes=case.needed)
    if "error" in report:
        outcome.failed = f"{report['error'].get('code')}: {report['error'].get('message')}"
        return outcome
    alarms = [found for found in report["findings"] if found["rule"] in RULES and found["severity"] in ALARMS]
    open_causes = sorted(case.causes, key=lambda cause: cause.optional)
    for position, finding in enumerate(alarms):
        cause = next((cause for cause in open_causes if is_right(finding, cause, root)), None)
        if cause is None:
            outcome.wrong += 1
            mark = "WRONG "
        else:
            open_causes.remove(cause)
            outcome.right += not cause.optional
            mark = "(also true) " if cause.optional else ""
        if position == 0 and case.kind == "faulty":
            outcome.first_right = cause is not None and not cause.optional
        outcome.findings.append(mark + _describe(finding, root))
    if case.kind == "healthy" and alarms:
        outcome.alarm = max((str(found["severity"]) for found in alarms), key=ALARMS.index)
    return outcome


def is_right(finding: Mapping[str, Any], cause: Cause, root: str) -> bool:
    """Whether a finding names this cause."""
    where = finding["where"]
    return (
        where is not None
        and finding["rule"] == cause.rule
        and any(_is_at(where, place, root) for place in cause.places)
    )


def _is_at(where: Mapping[str, Any], place: Place, root: str) -> bool:
    if relative(where["file"], root) != place.file or where["function"].replace("<locals>.", "") != place.function:
        return False
    line, end_line = where["line"], where["end_line"] or where["line"]
    return line not in place.endless and (line <= place.line <= end_line or place.first_line <= line <= place.end_line)


def relative(file: str, root: str) -> str:
    """The path as the label writes it, whether the target knows the file by an absolute or a relative path."""
    return os.path.relpath(os.path.join(root, file), root)


def _describe(finding: Mapping[str, Any], root: str) -> str:
    where, share = finding["where"], finding["share"]
    at = f"{PurePath(relative(where['file'], root))}:{where['line']} {where['function']}" if where else "nowhere"
    return f"{finding['rule']} {finding['severity']} {at}" + (f" {share['value']:.0%}" if share else "")


@dataclass(frozen=True)
class Totals:
    """The figures of one set, or of several pooled."""

    causes: int
    right: int
    """Causes found: as many findings, for a second one of the same cause is wrong."""
    wrong: int
    """The other alarms of the two rules, on faulty and healthy cases."""
    first_right: int
    first_judged: int
    healthy: int
    healthy_alarms: int
    healthy_medium: int
    """Healthy cases with an alarm of medium or high."""
    skipped: int
    failed: int

    @property
    def recall(self) -> float | None:
        """Causes found of all causes."""
        return self.right / self.causes if self.causes else None

    @property
    def precision(self) -> float | None:
        """Right findings of all findings of the two rules."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


def total(outcomes: Sequence[Outcome]) -> Totals:
    """Add up. A case that ran without a judgement misses its causes; one that was skipped counts nowhere."""
    ran = [outcome for outcome in outcomes if outcome.skipped is None]
    healthy = [outcome for outcome in ran if outcome.kind == "healthy"]
    firsts = [outcome.first_right for outcome in ran if outcome.first_right is not None]
    return Totals(
        causes=sum(outcome.causes for outcome in ran),
        right=sum(outcome.right for outcome in ran),
        wrong=sum(outcome.wrong for outcome in ran),
        first_right=sum(firsts),
        first_judged=len(firsts),
        healthy=sum(outcome.failed is None for outcome in healthy),
        healthy_alarms=sum(outcome.alarm is not None for outcome in healthy),
        healthy_medium=sum(outcome.alarm in ("medium", "high") for outcome in healthy),
        skipped=len(outcomes) - len(ran),
        failed=sum(outcome.failed is not None for outcome in ran),
    )
