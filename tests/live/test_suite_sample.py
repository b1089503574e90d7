"""A sample of the labelled suite: clear-cut cases, run and judged by its own harness, in the windows of perf audit."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from perftools_benchmarks.diagnosis import interpreters
from perftools_benchmarks.diagnosis.judge import Outcome, judge
from perftools_benchmarks.diagnosis.labels import Case, cases
from perftools_benchmarks.diagnosis.service import running

from tests.live.command import audits

pytestmark = pytest.mark.live

PAIRS = (("courier_eta", "demand_forecast"), ("inventory_feed", "sales_report"), ("embedding_dedupe", "log_digest"))
"""A faulty case and a healthy one, which run beside each other: list, pandas, list in a forked pool."""
ON_ITS_OWN_PYTHON = ("log_digest",)
"""Another one than ours; the others run on ours, which has what they need."""


def sampled(name: str) -> Case:
    [case] = cases(["tuning"], name)
    return case if name in ON_ITS_OWN_PYTHON else replace(case, python=None)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """The judgements; those of cases whose Python is missing say so."""
    judged: dict[str, Outcome] = {}
    for pair in PAIRS:
        started = []
        with contextlib.ExitStack() as stack:
            for case in map(sampled, pair):
                try:
                    python = interpreters.find(case.python, case.needs)
                except interpreters.Unavailable as error:
                    judged[case.name] = Outcome(case.name, case.set, case.kind, skipped=str(error))
                else:
                    started.append((case, stack.enter_context(running(case, python, warm_up_s=0.5))))
            reports = audits(service.pid for _, service in started)
        for (case, service), report in zip(started, reports, strict=True):
            judged[case.name] = judge(case, report, str(service.root))
    return judged


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_a_case_is_judged_as_labelled(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.failed is None
    assert (outcome.right, outcome.wrong, outcome.alarm) == (outcome.causes, 0, None), outcome.findings
    assert outcome.kind == "healthy" or outcome.first_right
