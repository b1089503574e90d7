"""Runs the cases, and prints what came of it."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..diagnosis import interpreters
from ..diagnosis.service import NotServing, end, running
from ..diagnosis.suite import audit
from . import tables
from .cases import NAMES, WaitCase, cases
from .judging import Outcome, judge

WINDOW_S = 6.0
WARM_UP_S = 1.0
_PEER = Path(__file__).with_name("peer.py")


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 where a case was judged wrongly."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # what was seen until then is printed
    outcomes: list[Outcome] = []
    skipped: dict[str, str] = {}
    complete = True
    try:
        with peer() as port:
            for case in cases(options.set, options.case):
                began = time.monotonic()
                outcome = _run(case, port, options.window, options.keep)
                label = f"{case.service.set}/{case.service.name}"
                if isinstance(outcome, str):
                    skipped[label] = outcome
                else:
                    outcomes.append(outcome)
                _say(label, outcome, time.monotonic() - began)
    except KeyboardInterrupt:
        complete = False
    print(tables.text(outcomes, skipped))
    if options.json:
        options.json.write_text(json.dumps(tables.document(outcomes, skipped), indent=1), encoding="utf-8")
    if options.docs and complete:
        tables.write_docs(outcomes, skipped)
    return int(not complete or not all(outcome.right for outcome in outcomes))


@contextlib.contextmanager
def peer() -> Iterator[int]:
    """The slow peer's port, as long as it runs."""
    process = subprocess.Popen(
        [sys.executable, str(_PEER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        end(process)


def _run(case: WaitCase, peer_port: int, window_s: float, kept: Path | None) -> Outcome | str:
    """Start, load and audit one case; why not, where there is no Python for it."""
    try:
        python = interpreters.find(case.service.python, case.service.needs)
    except interpreters.Unavailable as why:
        return str(why)
    described = interpreters.describe(python)
    version = "{}.{}.{}".format(*described[0]) if described else ""
    service = replace(case.service, command=("env", f"PEER={peer_port}", *case.service.command))
    try:
        with running(service, python, WARM_UP_S) as started:
            saved = kept / f"{service.set}__{service.name}.audit.json" if kept else None
            return judge(case, audit(started.pid, window_s, saved), version)
    except NotServing as why:
        return judge(case, {"error": {"message": str(why).replace("\n", " ")}}, version)


def _say(label: str, outcome: Outcome | str, took_s: float) -> None:
    if isinstance(outcome, str):
        said = f"skipped, {outcome}"
    else:
        said = f"{'right' if outcome.right else 'WRONG'}, {outcome.failed or outcome.first or 'no line'}"
    print(f"{time.strftime('%H:%M:%S')} {label} ({took_s:.0f} s): {said}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks waits", description=__doc__)
    parser.add_argument("--set", choices=NAMES, help="only this one")
    parser.add_argument("--case", default="*", metavar="GLOB", help="only the cases whose name matches")
    parser.add_argument("--window", type=float, default=WINDOW_S, metavar="SECONDS", help="of an audit (default 6)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes here too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save every audit there")
    parser.add_argument(
        "--docs", action="store_true", help=f"write the tables into {tables.DOCS.name} beside the suite"
    )
    return parser
