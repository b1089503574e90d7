"""Runs the scenarios, and prints what came of it."""

from __future__ import annotations

import argparse
import functools
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from . import running, tables
from .judging import Outcome, judge
from .measuring import Measured, Plan, measure
from .scenarios import Service, sets

FULL = Plan(window_s=7, run_s=1.0, runs=5)
QUICK = Plan(window_s=4, run_s=0.8, runs=2)


class Results(NamedTuple):
    """What was found out so far."""

    outcomes: list[Outcome]
    skipped: dict[str, str]
    """Services that could not be run, and why."""
    rates: dict[str, dict[str, list[float]]]
    """Requests a second of each service, by setting and run."""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 where a scenario was judged wrongly."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # what was measured until then is printed
    plan = QUICK if options.quick else FULL
    plan = plan._replace(window_s=options.window or plan.window_s, runs=options.runs or plan.runs)
    results, began, complete = Results([], {}, {}), time.monotonic(), True
    try:
        for name, services in sets().items():
            if options.set in (None, name):
                chosen = [each for each in services if not options.only or options.only in each.name]
                _run(name, chosen, plan, results)
    except KeyboardInterrupt:
        complete = False
    print(tables.text(results.outcomes, results.skipped))
    took_s = time.monotonic() - began
    print(f"\n{plan.runs} interleaved runs, windows of {plan.window_s:g} s, {took_s:.0f} s in all")
    if options.json:
        document = tables.document(results.outcomes, results.skipped, results.rates)
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    if options.docs and complete:
        tables.write_docs(results.outcomes, results.skipped)
    return int(not complete or any(outcome.wrong for outcome in results.outcomes))


def _run(of: str, services: Sequence[Service], plan: Plan, into: Results) -> None:
    with running.code(of) as folder:
        for service in services:
            label = f"{of}: {service.name}"
            try:
                measured = measure(service, folder, plan, functools.partial(_say, label))
            except running.NotServing as why:
                measured = Measured({}, {}, f"did not start: {why}")
            if measured.skipped is not None:
                into.skipped[label] = measured.skipped
                _say(label, f"skipped, {measured.skipped}")
            into.outcomes.extend(judge(of, service, measured))
            into.rates[label] = {str(setting): each for setting, each in measured.rates.items()}


def _say(label: str, line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {label}: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks sched", description=__doc__)
    parser.add_argument("--set", choices=sets(), help="only this one")
    parser.add_argument("--only", metavar="WORDS", help="only the services whose name has these words in it")
    parser.add_argument("--quick", action="store_true", help="short windows and two runs: coarse")
    parser.add_argument("--runs", type=int, help=f"interleaved ones of each setting (default {FULL.runs})")
    parser.add_argument("--window", type=float, metavar="SECONDS", help=f"of an audit (default {FULL.window_s:g})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--docs", action="store_true", help=f"write the tables into {tables.DOCS.name} beside the suite"
    )
    return parser
