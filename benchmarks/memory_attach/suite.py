"""Runs the parts, and prints what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 1 where a request was lost or a service was not left as it was found."""
    options = _parser().parse_args(arguments)
    if options.part == "churn":
        from . import churn

        print(churn.table([churn.measure(size) for size in churn.SIZES_KIB]))
        return 0
    from . import attach

    series = []
    for python in options.python or [sys.executable]:
        series.append(attach.run(python, rounds=options.rounds, span_s=options.span, form=options.form))
        print(attach.table(series), flush=True)
    return 0 if all(each.harmless for each in series) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks memory-attach", description=__doc__)
    parser.add_argument("--part", choices=["attach", "churn"], default="attach")
    parser.add_argument("--python", action="append", help="of the service; needs memray, numpy and uvicorn")
    parser.add_argument("--rounds", type=int, default=10, help="in and out, so many times (default %(default)s)")
    parser.add_argument("--span", type=float, default=1.0, help="seconds for which memray stays (default %(default)s)")
    parser.add_argument("--form", default="numpy", help="of the reference service (default %(default)s)")
    return parser
