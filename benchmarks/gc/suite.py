"""Runs the targets and the observers, and prints what came of it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import pythons, tables
from .accuracy import Run, observe
from .cost import Cost, measure
from .pythons import Python
from .watching import METHODS

COSTS = ((10, 1), (100, 1), (1000, 1), (100, 16))
"""Collections per CPU second, threads."""

COST_ON = ("3.12.", "3.15.")
"""The cost is that of debug exceptions and system calls: the version matters little."""


class Plan(NamedTuple):
    """How much is run."""

    seconds: float
    machines: tuple[str, ...]
    cycles: int


QUICK = Plan(seconds=3, machines=("quiet",), cycles=2)
FULL = Plan(seconds=8, machines=("quiet", "hog", "stripped"), cycles=12)


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 if a pause of 1 ms was missed or invented by an exact observer."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # what was measured until then is printed
    plan = QUICK if options.quick else FULL
    plan = plan._replace(seconds=options.seconds or plan.seconds, cycles=options.cycles or plan.cycles)
    found = pythons.find(options.python)
    wanted = [python for python in found if not options.only or python.version.startswith(tuple(options.only))]
    runs: list[Run] = []
    costs: list[Cost] = []
    with contextlib.suppress(KeyboardInterrupt):
        if options.part != "cost":
            runs.extend(_accuracy(wanted, plan))
        if options.part != "accuracy":
            chosen = [python for python in wanted if python.version.startswith(tuple(options.cost_on or COST_ON))]
            costs.extend(_costs(chosen or wanted[-1:], plan))
    print(tables.text(runs, costs))
    if options.json:
        options.json.write_text(json.dumps(tables.document(runs, costs), indent=1), encoding="utf-8")
    if options.docs:
        tables.write_docs(runs, costs)
    return int(any(run.wrong for run in runs))


def _accuracy(wanted: Sequence[Python], plan: Plan) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="gc-") as folder:
        for index, python in enumerate(wanted, 1):
            for machine in plan.machines:
                started = python
                if machine == "stripped":
                    (copy := Path(folder, python.version)).mkdir()
                    if (stripped := pythons.strip(python, copy)) is None:
                        _say(f"{python}: no copy without symbols could be made")
                        continue
                    started = stripped
                hogs = os.cpu_count() or 1 if machine == "hog" else 0
                for method in METHODS:
                    if method == "ring" and not python.version.startswith("3.15"):
                        continue
                    run = observe(started, method, machine, seconds=plan.seconds, seed=index, hogs=hogs)
                    _say(tables.line(run))
                    yield run


def _costs(wanted: Sequence[Python], plan: Plan) -> Iterator[Cost]:
    for python in wanted:
        methods = [method for method in METHODS if method != "ring" or python.version.startswith("3.15")]
        for rate, threads in COSTS:
            for cost in measure(python, methods, rate=rate, threads=threads, cycles=plan.cycles):
                _say(tables.cost_line(cost))
                yield cost


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks gc", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, for CI: figures are coarse")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="EXECUTABLE",
        help=f"one more interpreter; repeatable ({pythons.NAMED} names some too)",
    )
    parser.add_argument("--only", action="append", default=[], metavar="VERSION", help="only these; repeatable")
    parser.add_argument("--part", choices=("accuracy", "cost"), help="only this one")
    parser.add_argument("--seconds", type=float, help="of each accuracy run")
    parser.add_argument("--cycles", type=int, help="of the cost measurement: two pairs of each observer in one")
    parser.add_argument(
        "--cost-on", action="append", default=[], metavar="VERSION", help=f"where to measure it (default {COST_ON})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--docs", action="store_true", help=f"write the tables into {tables.DOCS.name} beside the suite"
    )
    return parser
