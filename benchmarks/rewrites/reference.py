"""What the recipes bring on the reference core's slow forms: each alone, all together, and what is left to do by hand.

The forms are rewritten as copies; decisions of assisted recipes are taken as preset. Each row is timed in fresh
processes, in turns with all the others, by pyperf's means; its files are kept with --keep.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyperf  # type: ignore[import-untyped]  # ships no types

from perftools.rewrite import cache
from perftools.rewrite.catalogue import Folder, folders
from perftools.rewrite.rewriting import Known, Outcome, rewrite

FORMS = ("lists", "dicts", "pandas_apply", "numpy_naive")
BY_HAND = "numpy"
HERE = Path(__file__).parent.parent / "forms"
ROUNDS = 4


class Row(NamedTuple):
    """One text that is timed."""

    form: str
    recipes: str
    text: str
    stopped: str
    """Why nothing more was rewritten."""


def main(argv: list[str]) -> int:
    """Print the table."""
    options = _parser().parse_args(argv)
    rows = [*(row for form in FORMS for row in rows_of(form, options.n)), _whole(BY_HAND)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        times = _timed(rows, options.n, options.users, 1 if options.quick else ROUNDS, folder)
    _print(rows, times, options)
    return 0


def rows_of(form: str, n: int) -> Iterator[Row]:
    """The form as it is, with each recipe that takes something alone, and with all of them."""
    yield _whole(form)
    text = (HERE / f"{form}.py").read_text()
    every = _applied(text, folders(), n)
    taken = list(dict.fromkeys(each.recipe for each in every.taken))
    for recipe in taken if len(taken) > 1 else ():
        alone = _applied(text, folders([recipe]), n)
        yield Row(form, f"{recipe} alone", alone.after, "")
    refused = dict.fromkeys(f"{each.line} {each.code}" for each in every.refused)
    yield Row(form, " + ".join(taken) or "none applies", every.after, ", ".join(refused))


def _applied(text: str, chosen: list[Folder], n: int) -> Outcome:
    return rewrite(text, chosen, level="assisted", known=Known(size=n), timings_of=cache.timings_of)


def _whole(form: str) -> Row:
    what = "written by hand" if form == BY_HAND else "as it is"
    return Row(form, what, (HERE / f"{form}.py").read_text(), "")


def _timed(rows: list[Row], n: int, users: int, rounds: int, folder: Path) -> list[list[float]]:
    """Microseconds of CPU a request, by row; one process for each row in each round."""
    times: list[list[float]] = [[] for _ in rows]
    for number in range(rounds):
        for at, row in enumerate(rows):
            print(f"round {number + 1}/{rounds}: {row.form}, {row.recipes}", file=sys.stderr)
            text, out = folder / f"{at}.py", folder / f"{at}-{number}.json"
            text.write_text(row.text)
            command = [sys.executable, "-m", f"{__package__}.timed", text, str(n), str(users), out]
            subprocess.run(command, check=True)
            times[at] += [value * 1e6 for run in pyperf.BenchmarkSuite.load(str(out)) for value in run.get_values()]
    return times


def _print(rows: list[Row], times: list[list[float]], options: argparse.Namespace) -> None:
    print(f"{options.n:,} candidates of {options.users:,} members, linear head; CPU µs a request, median (quartiles)\n")
    slow = 1.0
    for row, values in zip(rows, times):
        low, middle, high = statistics.quantiles(values, n=4)
        if row.recipes == "as it is":
            slow = middle
        ratio = f"{slow / middle:8.3g}x" if row.form != BY_HAND else " " * 9
        print(f"{row.form:<13} {middle:>11,.1f} ({low:,.1f}-{high:,.1f}) {ratio}  {row.recipes}")
        if row.stopped:
            print(f"{'':<13} left: {row.stopped}")
    hand = statistics.median(times[-1])
    print("\nwhat remains to the form written by hand:")
    for at, row in enumerate(rows[:-1]):
        if row.recipes != "as it is" and rows[at + 1].form != row.form:
            print(f"{row.form:<13} {statistics.median(times[at]) / hand:8.3g}x")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks recipes", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="candidates of a request")
    parser.add_argument("--users", type=int, default=20_000, help="members of the table")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the texts and pyperf's files")
    return parser
