"""Tells growth of memory from steadiness on simulated and on real services, and measures what looking costs."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from perftools.causes.growth import growths
from perftools.detect.fork_memory import forks
from perftools.detect.fork_memory import limits as fork_limits
from perftools.detect.memory_growth import limits, shape

from ..report import say
from . import simulating, tables
from .estimators import ESTIMATORS, rule
from .running import Service, read, running
from .walking import measure

WINDOWS_S = (4.0, 8.0, 20.0)
RATES = (1.0, 2.0, 3.0, 6.0, 10.0, 15.0, 30.0, 60.0, 120.0)
LEAKING = (("tuning", "sessions"), ("tuning", "embeddings"), ("held_out", "tasks"), ("held_out", "metrics"))
STEADY = (
    ("tuning", "catalogue"), ("tuning", "reports"), ("tuning", "filling"),
    ("held_out", "thumbnails"), ("held_out", "graphs"), ("held_out", "tables"),
)  # fmt: skip
REAL_RATES = (3.0, 10.0, 30.0)
TOGETHER = 8
"""Services that run at the same time."""
SECTIONS = ("false-alarms", "detection-20", "detection-8", "detection-4", "services", "forks", "cost")


def main(arguments: Sequence[str]) -> int:
    """Make the tables that were asked for."""
    options = _parser().parse_args(arguments)
    wanted = options.only or SECTIONS
    made: dict[str, tables.Table] = {}
    if "false-alarms" in wanted:
        made["false-alarms"] = _false_alarms(options.simulations)
    for window_s in WINDOWS_S[::-1]:
        if (section := f"detection-{window_s:g}") in wanted:
            made[section] = _detected(window_s, options.simulations)
    if "services" in wanted:
        made["services"] = _services(options.window, options.windows)
    if "forks" in wanted:
        made["forks"] = _forks()
    if "cost" in wanted:
        made["cost"] = tables.costs([measure(mib, huge=huge) for mib in (64, 1024) for huge in (False, True)])
    print(tables.text(made))
    if options.json:
        options.json.write_text(json.dumps(made, indent=1), encoding="utf-8")
    if options.docs:
        tables.write_page(made)
    return 0


def _false_alarms(count: int) -> tables.Table:
    found: dict[str, dict[str, float]] = {}
    by_rule: dict[str, dict[float, float]] = {}
    for name, steady in {**simulating.STEADY, **simulating.UNTOLD}.items():
        say(name)
        found[name] = {way: _part(tells, steady, 20.0, count) for way, tells in ESTIMATORS.items()}
        by_rule[name] = {window_s: _part(rule, steady, window_s, count) for window_s in WINDOWS_S}
    told = [name for name in found if name not in simulating.UNTOLD]
    total = "all of these"
    found[total] = {way: sum(found[name][way] for name in told) / len(told) for way in ESTIMATORS}
    by_rule[total] = {each: sum(by_rule[name][each] for name in told) / len(told) for each in WINDOWS_S}
    for name in simulating.UNTOLD:
        found[name], by_rule[name] = found.pop(name), by_rule.pop(name)
    return tables.false_alarms(found, by_rule)


def _detected(window_s: float, count: int) -> tables.Table:
    found = {}
    for name, under in simulating.UNDER.items():
        say(f"a leak under {name}, {window_s:g} s")
        found[name] = {each: _part(rule, simulating.leaking(each, under), window_s, count) for each in RATES}
    return tables.detected(found, RATES)


def _part(tells: Callable[..., bool], of: Callable[..., object], window_s: float, count: int) -> float:
    """Of so many windows, those in which growth is seen."""
    import numpy as np

    random = np.random.default_rng(7)
    hits = 0
    for _ in range(count):
        at = simulating.times(window_s, random)
        hits += tells(at, simulating.readings(of, at, random))
    return hits / count


def _services(window_s: float, windows: int) -> tables.Table:
    services = [Service(of, name, rate) for of, name in LEAKING for rate in (0.0, *REAL_RATES)]
    services += [Service(of, name, 0.0) for of, name in STEADY]
    rows = []
    for batch in (services[at : at + TOGETHER] for at in range(0, len(services), TOGETHER)):
        say(", ".join(f"{each.name} {each.mib_per_min:g}" for each in batch))
        with running([each.arguments for each in batch]) as pids:
            time.sleep(limits["warm_up_s"])
            seen = [{each.pid: each for each in growths(read(pids, window_s))} for _ in range(windows)]
        for service, pid in zip(batch, pids):
            found = [by_pid[pid] for by_pid in seen if pid in by_pid]
            rates = [tuple(each * 60 / 2**20 for each in (g.own.rate, g.own.low, g.own.high)) for g in found]
            called = sum(shape(each) == "steady" for each in found)
            first = "{:.1f} ({:.1f} to {:.1f})".format(*rates[0]) if rates else "too few readings"
            rows.append([service.set, service.name, f"{service.mib_per_min:g}", first, f"{called}/{len(found)}"])
    return tables.services(sorted(rows))


def _forks() -> tables.Table:
    rows = []
    for loads in ("dicts", "arrays"):
        for freezing in ("plain", "frozen"):
            say(f"forks: {loads}, {freezing}")
            with running([["forked.py", loads, freezing, "2", "200"]]) as pids:
                time.sleep(6)
                found = forks(read(pids, 4.0))
            worst = found[0]
            inherited, copied = worst.last.inherited_bytes / 2**20, worst.last.copied_bytes / 2**20
            total = sum(each.last.copied_bytes for each in found) / 2**20
            flagged = worst.share >= fork_limits["share"] and total >= fork_limits["copied_mib"]
            rows.append([loads, freezing, f"{inherited:.0f}", f"{copied:.0f}", "finding" if flagged else "fine"])
    return tables.forks(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks memory", description=__doc__)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this table only; repeatable")
    parser.add_argument("--simulations", type=int, default=500, help="windows of each kind (default 500)")
    parser.add_argument("--window", type=float, default=20.0, metavar="SECONDS", help="on real services (default 20)")
    parser.add_argument("--windows", type=int, default=2, help="of each real service (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables here too")
    parser.add_argument("--docs", action="store_true", help="write them into the page beside this suite")
    return parser
