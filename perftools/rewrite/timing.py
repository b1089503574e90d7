"""A recipe timed: pairs of fresh processes, before and after in random balanced order, each pair one ratio.

The measure is the CPU time of a call (time.process_time) under pyperf's runner; hash seed and BLAS threads are fixed.
Where other processes do the work (CLOCK = "wall" in inputs.py), it is the time that passes.
The speed-up is the median of the ratios, its 95 % interval a bootstrap over the pairs (percentile method; Efron and
Tibshirani, An Introduction to the Bootstrap, chapter 13).
"""

from __future__ import annotations

import datetime
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from perftools.rewrite import cache, worker
from perftools.rewrite.proof.subject import NoRewrite, Subject
from perftools.rewrite.timing_worker import Cell, Job, Measured
from perftools.rewrite.timings import SCHEMA, Timing, Timings

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder

Side = Literal["before", "after"]

_RESAMPLES = 10_000
_SEED = 20_240_607
_TIMEOUT_S = 300.0
_FIXED = {"PYTHONHASHSEED": "0"} | dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class Effort(NamedTuple):
    """How long a recipe is timed."""

    budget_s: float
    """After that no pair is begun, if there are enough."""
    fewest: int
    most: int
    """Pairs; both even, so that each side goes first equally often."""
    values: int
    """Of one cell in one process; their median counts."""
    min_time_s: float
    """CPU time of one value."""


FULL = Effort(budget_s=9.0, fewest=6, most=40, values=3, min_time_s=0.01)
QUICK = Effort(budget_s=2.0, fewest=4, most=8, values=2, min_time_s=0.003)


class TimingFailed(Exception):
    """A recipe could not be timed; the text says why."""


def measure(
    folder: Folder,
    *,
    sizes: Sequence[int] = (),
    effort: Effort = FULL,
    progress: Callable[[str], None] = lambda _: None,
) -> Timings:
    """Time every variant of a recipe at these sizes (those of its inputs.py unless given). Raises TimingFailed."""
    if folder.recipe.lacks:
        raise TimingFailed(f"{folder.id}: {folder.recipe.lacks} is not installed")
    job = _job(folder, sizes, effort)
    progress(f"{folder.id}: do before and after agree?")
    checked = _run(job)
    if checked.unlike:
        raise TimingFailed(f"{folder.id}: before and after differ: {checked.unlike}")
    pairs: list[dict[Side, tuple[float, ...]]] = []
    deadline_s = time.monotonic() + effort.budget_s
    for first, second in _orders(effort.most):
        if len(pairs) >= effort.fewest and len(pairs) % 2 == 0 and time.monotonic() >= deadline_s:
            break
        progress(f"{folder.id}: pair {len(pairs) + 1}")
        sides = {side: _run(msgspec.structs.replace(job, side=side, cells=checked.cells)).seconds
                 for side in (first, second)}  # fmt: skip
        pairs.append(sides)
    rows = tuple(
        row(cell.variant, cell.n, [pair["before"][at] for pair in pairs], [pair["after"][at] for pair in pairs])
        for at, cell in enumerate(checked.cells)
    )
    machine = cache.machine(job.before, *job.after.values())
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Timings(schema=SCHEMA, recipe=folder.id, machine=machine, date=today, rows=rows, clock=job.clock)


def row(variant: str, n: int, before_s: Sequence[float], after_s: Sequence[float]) -> Timing:
    """The statistics of one cell: seconds of a call by pair, the same pair at the same place."""
    import numpy as np

    ratios = np.asarray(before_s) / np.asarray(after_s)
    drawn = np.random.default_rng(_SEED).integers(0, len(ratios), (_RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[drawn], axis=1), [2.5, 97.5])
    return Timing(
        variant=variant,
        n=n,
        before_us=_rounded(statistics.median(before_s) * 1e6),
        after_us=_rounded(statistics.median(after_s) * 1e6),
        speedup=_rounded(float(np.median(ratios))),
        low=_rounded(float(low)),
        high=_rounded(float(high)),
        pairs=len(ratios),
    )


def _orders(most: int) -> list[tuple[Side, Side]]:
    """Who goes first in each pair: of two pairs that follow one another each side once, in random order."""
    drawn = random.Random(_SEED)  # noqa: S311 (an order, no secret)
    orders: list[tuple[Side, Side]] = []
    for _ in range(most // 2):
        both: list[tuple[Side, Side]] = [("before", "after"), ("after", "before")]
        drawn.shuffle(both)
        orders += both
    return orders


def _job(folder: Folder, sizes: Sequence[int], effort: Effort) -> Job:
    inputs = folder.inputs
    try:
        after = {variant: Subject(folder, variant).text for variant in inputs.VARIANTS}
    except NoRewrite as problem:
        raise TimingFailed(f"{folder.id}: {problem}") from problem
    return Job(
        package=folder.package,
        function=folder.recipe.function,
        before=folder.text("before.py"),
        after=after,
        cells=tuple(Cell(variant, n) for variant in inputs.VARIANTS for n in sizes or inputs.SIZES),
        side="check",
        values=effort.values,
        min_time_s=effort.min_time_s,
        clock=getattr(inputs, "CLOCK", "cpu"),
    )


def _run(job: Job) -> Measured:
    ended = worker.run(
        "perftools.rewrite.timing_worker",
        msgspec.json.encode(job),
        environment=os.environ | _FIXED,
        timeout_s=_TIMEOUT_S,
    )
    if ended.status is None:
        raise TimingFailed(f"{job.package} {job.side}: not done after {_TIMEOUT_S:.0f} s")
    if ended.status != 0:
        last = (ended.errors.strip().splitlines() or [f"exit code {ended.status}"])[-1]
        raise TimingFailed(f"{job.package} {job.side}: {last}")
    return msgspec.json.decode(ended.output, type=Measured)


def _rounded(value: float) -> float:
    """Four significant digits: more were never measured."""
    return float(f"{value:.4g}")
