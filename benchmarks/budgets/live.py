"""The whole way: a repository whose head is as fast as its base, or slower, and `check` on it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from perftools.budget.check import check
from perftools.budget.file import load
from perftools.budget.model import Verdict

from ..report import say
from .recording import BLOCKS, WORK

BUDGETS = """\
version = 1
baseline = "main"

[[budget]]
id = "work"
target = "bench_work.py"
metric = "cpu_time"
max_regression = "5%"
"""

BENCH = """\
import pyperf

from scoring import call

runner = pyperf.Runner()
runner.bench_func("work", call)
"""

SCORING = """\
from work import python_block

block = python_block()
BLOCKS = {blocks}


def call():
    for _ in range(BLOCKS):
        block()
"""

SLOWER = (10, 20)
"""Percent that is injected, in turns."""


class Trial(NamedTuple):
    """One check of a repository."""

    change: int
    """Percent by which head is slower."""
    status: str
    measured: float | None
    pairs: int
    seconds: float
    grew: tuple[str, ...]
    reason: str

    @property
    def agrees(self) -> bool:
        return (self.status == "broken") == (self.change > 0) and self.status != "not_measured"


def trials(number: int) -> Iterator[Trial]:
    """So many checks of the same code, and as many of a slower one, in turns."""
    for turn in range(number):
        for percent in (0, SLOWER[turn % len(SLOWER)]):
            trial = once(percent)
            after = f"after {trial.pairs} pairs and {trial.seconds:.0f} s"
            say("; ".join([f"live, {percent} % slower: {trial.status} {after}", *trial.grew]))
            yield trial


def once(percent: int) -> Trial:
    """Make a repository with a base commit and a changed working tree, and check it."""
    from perftools.budget.measure import measurer

    with tempfile.TemporaryDirectory(prefix="perf-budgets-") as name:
        folder = Path(name)
        _repository(folder)
        scoring = SCORING.format(blocks=BLOCKS * (100 + percent) // 100)
        (folder / "scoring.py").write_text(scoring + "# head\n", encoding="utf-8")
        budgets = load(None, root=folder)
        began = time.monotonic()
        with measurer(budgets, folder, base=None, python=sys.executable) as measuring:
            (verdict,) = check(budgets, measuring, progress=lambda text: None)
        return _trial(percent, verdict, time.monotonic() - began)


def _trial(percent: int, verdict: Verdict, seconds: float) -> Trial:
    measured = None if verdict.measured is None else verdict.measured.value
    return Trial(percent, verdict.status, measured, verdict.pairs, seconds, verdict.grew, verdict.reason)


def _repository(folder: Path) -> None:
    """`main` holds the base."""
    (folder / "perf-budgets.toml").write_text(BUDGETS, encoding="utf-8")
    (folder / "bench_work.py").write_text(BENCH, encoding="utf-8")
    (folder / "scoring.py").write_text(SCORING.format(blocks=BLOCKS), encoding="utf-8")
    (folder / "work.py").write_bytes(WORK.read_bytes())
    author = ["-c", "user.name=perftools", "-c", "user.email=perftools@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "."], [*author, "commit", "-qm", "base"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, stdout=subprocess.DEVNULL)  # noqa: S607, any git does
