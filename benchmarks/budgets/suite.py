"""Records processes, resamples the rule on them, checks live repositories, and prints what came of it."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..report import say
from . import live, replay, tables
from .recording import MACHINES, PROGRAMS, Recording, loaded, record, save


class Plan(NamedTuple):
    """How much is run."""

    cycles: int
    """Processes of each variant, for each program and machine."""
    counted: dict[str, int]
    """Counts of instructions of each variant, by program."""
    unchanged: int
    """Comparisons of the same code, in each row of the tables."""
    changed: int
    live: int


QUICK = Plan(cycles=20, counted={"python": 2, "numpy": 0}, unchanged=100, changed=40, live=2)
FULL = Plan(cycles=200, counted={"python": 8, "numpy": 4}, unchanged=1000, changed=200, live=20)


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 where the same code was called broken, or a live check disagreed."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # what was measured until then is printed
    plan = QUICK if options.quick else FULL
    plan = plan._replace(cycles=options.cycles or plan.cycles)
    results = tables.Results(rates=[], floors=[], noise=[], counted={}, live=[], loads=[])
    with contextlib.suppress(KeyboardInterrupt):
        if options.part != "live":
            recordings = loaded(options.recorded) if options.recorded else _record(plan, options.raw)
            results = _resample(recordings, plan, results)
        if options.part != "recorded":
            results.live.extend(live.trials(options.live or plan.live))
    print(tables.text(results))
    if options.json:
        options.json.write_text(json.dumps(tables.document(results), indent=1), encoding="utf-8")
    if options.docs:
        tables.write_docs(results)
    invented = sum(rate.broken for rate in results.rates if not rate.change)
    return int(invented > 0 or not all(trial.agrees for trial in results.live))


def _record(plan: Plan, kept: Path | None) -> list[Recording]:
    recordings: list[Recording] = []
    for machine in MACHINES:
        for seed, program in enumerate(PROGRAMS):
            recordings.append(record(program, machine, cycles=plan.cycles, counted=plan.counted[program], seed=seed))
            if kept:
                save(recordings, kept)  # after each: an hour of work is not lost to the next one's error
    return recordings


def _resample(recordings: Sequence[Recording], plan: Plan, results: tables.Results) -> tables.Results:
    for recording in recordings:
        name = f"{recording.program}, {recording.machine}"
        results.loads.append(recording.load)
        say(f"{name}: resampling {len(recording.cycles)} cycles")
        results.rates.extend(replay.rates(recording, unchanged=plan.unchanged, changed=plan.changed))
        results.floors.extend(replay.floors(recording, unchanged=plan.unchanged, changed=plan.changed))
        for metric in (*replay.TIMED, *replay.OTHERS):
            if found := replay.noise(recording, metric, sets=plan.unchanged):
                results.noise.append(found)
        if (spread := replay.spread_of_counts(recording)) is not None:
            results.counted[name] = (sum(map(len, recording.counts.values())), spread)
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks budgets", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, for CI: figures are coarse")
    parser.add_argument("--part", choices=("recorded", "live"), help="only this one")
    parser.add_argument("--cycles", type=int, help="processes of each variant")
    parser.add_argument(
        "--live", type=int, metavar="N", help="live checks of the same code, and as many of slower code"
    )
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep the recorded processes here")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="resample those that --raw has kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--docs", action="store_true", help=f"write the tables into {tables.PAGE.name} beside the suite"
    )
    return parser
