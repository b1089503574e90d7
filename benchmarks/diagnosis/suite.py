"""`python -m perftools_benchmarks diagnosis`: run the cases, audit them, judge the findings, print the figures."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import interpreters, tables, truth
from .judge import Outcome, judge
from .labels import SETS, Case, cases
from .service import NotServing, running

WARM_UP_S = 2.0
CHECK_S = 10.0
AUDIT_WITHIN_S = 120.0
"""Beyond a window that was asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; returns the exit code, 1 only if no case could be judged."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    chosen = cases(options.set, options.case)
    outcomes: list[Outcome] = []
    try:
        for index, case in enumerate(chosen, 1):
            began = time.monotonic()
            outcome = _rejudge(case, options.rejudge) if options.rejudge else _run(case, options)
            outcomes.append(outcome)
            says = outcome.skipped or outcome.failed or "; ".join(outcome.findings) or "no alarm"
            took_s = time.monotonic() - began
            print(f"[{index}/{len(chosen)}] {case.set}/{case.name} {took_s:.0f} s: {says}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted; the figures below are of the cases until then", file=sys.stderr)
    if options.check:
        return int(any(outcome.failed for outcome in outcomes))
    print(tables.text(outcomes), *(f"{name}: {value}" for name, value in tables.conditions().items()), "", sep="\n")
    if options.markdown:
        print(tables.markdown(outcomes))
    if options.json:
        document = {"conditions": tables.conditions(), "cases": [asdict(outcome) for outcome in outcomes]}
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return int(all(outcome.skipped or outcome.failed for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks diagnosis", description=__doc__)
    names = sorted(path.name for path in SETS.iterdir() if path.is_dir())
    parser.add_argument("--set", action="append", choices=names, default=[], help="only this set; repeatable")
    parser.add_argument("--case", default="*", metavar="GLOB", help="only the cases whose name matches")
    parser.add_argument("--window", type=float, metavar="SECONDS", help="of each audit (default: as perf audit's)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes here too")
    parser.add_argument("--markdown", action="store_true", help="print the figures as a Markdown table too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="save every Audit, to be judged again with --rejudge")
    parser.add_argument("--rejudge", type=Path, metavar="DIR", help="diagnose the Audits saved there, run nothing")
    parser.add_argument("--check", action="store_true", help="no audit: errors, CPU and py-spy's view of the labels")
    return parser


def _run(case: Case, options: argparse.Namespace) -> Outcome:
    """Start, load and audit one case."""
    outcome = Outcome(case.name, case.set, case.kind, causes=case.needed)
    try:
        python = interpreters.find(case.python, case.needs)
    except interpreters.Unavailable as error:
        outcome.skipped = str(error)
        return outcome
    described = interpreters.describe(python)
    version = "{}.{}.{}".format(*described[0]) if described else ""
    try:
        with running(case, python, WARM_UP_S) as service:
            began, cpu_s = time.monotonic(), service.cpu_s()
            if options.check:
                stacks = truth.sample(service.pid, int(options.window or CHECK_S))
                labelled, outcome.findings = truth.shares(case, service.root, stacks)
                outcome.findings[:0] = [f"labelled {share:.0%}" for share in labelled]
            else:
                saved = options.keep and options.keep / f"{case.set}__{case.name}.audit.json"
                report = audit(service.pid, options.window, saved)
                outcome = judge(case, report, str(service.root))
            percent = 100 * (service.cpu_s() - cpu_s) / (time.monotonic() - began)
            outcome.load = service.load()
            if saved_to := None if options.check else options.keep:
                context = {"root": str(service.root), "python": version, "cpu_percent": percent, "load": outcome.load}
                (saved_to / f"{case.set}__{case.name}.run.json").write_text(json.dumps(context), encoding="utf-8")
    except NotServing as error:
        outcome.failed = str(error)
        return outcome
    outcome.cpu_percent, outcome.python = percent, version
    if options.check:
        outcome.findings[:0] = [f"cpu {percent:.0f}%", json.dumps(outcome.load)]
    return outcome


def audit(pid: int, window_s: float | None, saved: Path | None = None) -> dict[str, Any]:
    """The report of an audit of a running service, an `error` document if there is none."""
    command = ["audit", str(pid), "--json", *(["--window", f"{window_s:g}"] if window_s else [])]
    if saved is not None:
        saved.parent.mkdir(parents=True, exist_ok=True)
        command += ["-o", str(saved)]
    return _perftools(command, (window_s or 0) + AUDIT_WITHIN_S)


def _rejudge(case: Case, folder: Path) -> Outcome:
    """Diagnose a saved Audit again."""
    audit, run = (folder / f"{case.set}__{case.name}.{what}.json" for what in ("audit", "run"))
    if not audit.exists() or not run.exists():
        return Outcome(case.name, case.set, case.kind, causes=case.needed, skipped="no saved Audit")
    context = json.loads(run.read_text(encoding="utf-8"))
    outcome = judge(case, _perftools(["explain", str(audit), "--json"], AUDIT_WITHIN_S), context["root"])
    outcome.cpu_percent, outcome.python, outcome.load = context["cpu_percent"], context["python"], context["load"]
    return outcome


def _perftools(arguments: Sequence[str], within_s: float) -> dict[str, Any]:
    """The document that perftools prints for these arguments."""
    process = subprocess.Popen(
        [sys.executable, "-m", "perftools", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        return {"error": {"code": "timeout", "message": f"no answer within {within_s:.0f} s"}}
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
    try:
        document: dict[str, Any] = json.loads(out)
    except ValueError:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
        return {"error": {"code": f"exit {process.returncode}", "message": last[0]}}
    return document
