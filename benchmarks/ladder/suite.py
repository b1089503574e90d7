"""The reference core in all its forms: each timed in processes of its own, beside what the machine can do at most.

Every process takes one BLAS thread: a service scores requests side by side, not one on all cores. Values are means over
at least 50 ms of requests, each request with ids of its own. `--pyperf` keeps them, a file for each form, so that

    python -m pyperf compare_to --table FOLDER/lists.json FOLDER/numpy.json

shows before and after, and two runs of this command can be compared in the same way.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import probe, report
from ..core import tables as core_tables
from . import plan, results, tables

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write what was asked for; 1 if a process failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    scale = plan.QUICK if options.quick else plan.FULL
    scale = scale._replace(users=options.users or scale.users)
    names, missing = plan.names(options.form)
    folder = options.pyperf or core_tables.private_folder(core_tables.default_folder()) / "pyperf"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    suites, failures = run(list(plan.tasks(scale, names, os.getpid())))
    if not suites:
        return 1
    for form, suite in suites.items():
        suite.dump(str(folder / f"{form}.json"), replace=True)
    cores = limits(scale, quick=options.quick)
    machine = report.machine((cores.pop("blas_core"), cores["sgemm_threads"]))
    ladder = results.collect(suites, cores)
    aims = results.aims(ladder)
    print(tables.text(ladder, aims, machine, missing))
    print(f"\ntook {time.monotonic() - began:.0f} s; pyperf's files: {folder}")
    if options.json:
        options.json.write_text(json.dumps(results.document(ladder, machine), indent=1) + "\n", encoding="utf-8")
    if options.docs:
        tables.write_docs(ladder, aims, machine, missing)
    return int(bool(failures))


def run(tasks: Sequence[plan.Task]) -> tuple[dict[str, Any], list[str]]:
    """The merged suite of each form, in the plan's order of forms; and the tasks that failed."""
    import pyperf  # type: ignore[import-untyped]  # ships no types

    found: dict[str, dict[str, Any]] = {}
    failures = []
    with tempfile.TemporaryDirectory(prefix="ladder-") as folder:
        file = Path(folder, "suite.json")
        for number, task in enumerate(tasks, 1):
            report.say(f"[{number}/{len(tasks)}] {task}")
            command = [sys.executable, "-m", f"{__package__}.timed", json.dumps(task._asdict()), str(file)]
            if subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, check=False).returncode != 0:
                failures.append(str(task))
                report.say(f"failed: {task}")
                continue
            merged = found.setdefault(task.form, {})
            for benchmark in pyperf.BenchmarkSuite.load(str(file)).get_benchmarks():
                if (earlier := merged.setdefault(benchmark.get_name(), benchmark)) is not benchmark:
                    earlier.add_runs(benchmark)
    return {form: pyperf.BenchmarkSuite(list(merged.values())) for form, merged in found.items()}, failures


def limits(scale: plan.Scale, *, quick: bool) -> dict[str, Any]:
    """The stream and sgemm of one core, in a process of its own."""
    report.say("stream and sgemm")
    with tempfile.TemporaryDirectory(prefix="ladder-") as folder:
        file = Path(folder, "limits.json")
        command = [
            sys.executable,
            "-m",
            f"{probe.__package__}",
            "limit",
            "--users",
            str(scale.users),
            "--json",
            str(file),
        ]
        command += ["--quick"] * quick
        subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if not name.startswith("random_rows")}


def environment() -> dict[str, str]:
    """One thread, and the kernels that BLAS would choose by itself."""
    return {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"} | ONE_THREAD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perftools_benchmarks core",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a smaller table and few values: figures are coarse")
    parser.add_argument("--form", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--users", type=int, help="rows of the table (default 1,000,000; with --quick 100,000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--pyperf", type=Path, metavar="FOLDER", help="for pyperf's files (default: below ~/.cache)")
    parser.add_argument("--docs", action="store_true", help=f"write the tables into benchmarks/{report.PAGE.name}")
    return parser
