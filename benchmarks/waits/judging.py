"""What an audit said of a case, and whether that is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .cases import WaitCase


class Outcome(NamedTuple):
    """One case."""

    set: str
    case: str
    note: str
    python: str
    kind: str
    first: str = ""
    """The first waiting line, and what it says."""
    share: float = 0.0
    line_right: bool = False
    words_right: bool = False
    not_cpu_bound: bool = False
    """The verdict says so."""
    cpu_percent: float = 0.0
    cost_percent: float = 0.0
    """Of a core, by the looks alone."""
    looks_a_second: float = 0.0
    """At one worker."""
    failed: str = ""

    @property
    def right(self) -> bool:
        """The first waiting line is the labelled one; no verdict "not CPU-bound" where it computes."""
        return not self.failed and (self.line_right if self.kind == "waits" else not self.not_cpu_bound)


class Totals(NamedTuple):
    """Of several cases."""

    waiting: int
    lines_right: int
    words_right: int
    verdicts: int
    computing: int
    alarms: int


def judge(case: WaitCase, report: Mapping[str, Any], python: str) -> Outcome:
    """The outcome by the report."""
    service = case.service
    kind = "waits" if case.wait else "computes"
    start = Outcome(service.set, service.name, service.note, python, kind)
    if "error" in report:
        return start._replace(failed=report["error"]["message"])
    seen = report["observations"]
    table, window_s = seen["waits"], report["quality"]["window_s"]
    if table["type"] == "missing":
        return start._replace(failed=table["reason"])
    cost = next((each["cost"]["cpu_s"] for each in seen["observers"] if each["id"] == "waits"), 0.0)
    outcome = start._replace(
        not_cpu_bound=report["verdict"].startswith("Not CPU-bound"),
        cpu_percent=seen["time"].get("cpu_percent", 0.0),
        cost_percent=100 * cost / window_s,
        looks_a_second=table["looks"] / window_s / max(1, _workers(report)),
    )
    if not table["lines"]:
        return outcome
    top = table["lines"][0]
    where = top["where"]
    outcome = outcome._replace(
        first=f"{where['file'].rpartition('/')[2]}:{where['line']} {where['function']} -> {top['what']}",
        share=top["share"],
    )
    if case.wait is None:
        return outcome
    wait = case.wait
    return outcome._replace(
        line_right=where["file"].endswith("/" + wait.file) and wait.first_line <= where["line"] <= wait.end_line,
        words_right=any(words in top["what"] for words in case.says),
    )


def total(outcomes: Sequence[Outcome]) -> Totals:
    """What the figures are; a case that failed counts as wrong."""
    waiting = [each for each in outcomes if each.kind == "waits"]
    computing = [each for each in outcomes if each.kind == "computes"]
    return Totals(
        waiting=len(waiting),
        lines_right=sum(each.line_right for each in waiting),
        words_right=sum(each.line_right and each.words_right for each in waiting),
        verdicts=sum(each.not_cpu_bound for each in waiting),
        computing=len(computing),
        alarms=sum(each.not_cpu_bound or bool(each.failed) for each in computing),
    )


def _workers(report: Mapping[str, Any]) -> int:
    return sum(process["role"] == "worker" for process in report["target"]["processes"])
