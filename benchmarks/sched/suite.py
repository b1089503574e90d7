"""Runs the scenarios, and prints what came of it."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import running, tables
from .judging import Outcome, judge
from .measuring import Plan, measure
from .scenarios import sets

FULL = Plan(window_s=7, run_s=1.0, runs=5)
QUICK = Plan(window_s=4, run_s=0.8, runs=2)


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 where a scenario was judged wrongly."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    plan = QUICK if options.quick else FULL
    plan = plan._replace(window_s=options.window or plan.window_s, runs=options.runs or plan.runs)
    outcomes: list[Outcome] = []
    skipped: dict[str, str] = {}
    rates = {}
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        for name, services in sets().items():
            if options.set not in (None, name):
                continue
            with running.code(name) as folder:
                for service in services:
                    if options.only and options.only not in service.name:
                        continue
                    label = f"{name}: {service.name}"
                    try:
                        measured = measure(service, folder, plan, functools.partial(_say, label))
                    except running.NotServing as why:
                        skipped[label] = f"did not start: {why}"
                        _say(label, skipped[label])
                        continue
                    if measured.skipped is not None:
                        skipped[label] = measured.skipped
                        _say(label, f"skipped, {measured.skipped}")
                    outcomes += judge(name, service, measured)
                    rates[label] = {str(setting): each for setting, each in measured.rates.items()}
    print(tables.text(outcomes, skipped))
    print(f"\n{plan.runs} interleaved runs, windows of {plan.window_s:g} s, {time.monotonic() - began:.0f} s in all")
    if options.json:
        options.json.write_text(json.dumps(tables.document(outcomes, skipped, rates), indent=1), encoding="utf-8")
    if options.docs:
        tables.write_docs(outcomes, skipped)
    return int(any(outcome.wrong for outcome in outcomes))


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
