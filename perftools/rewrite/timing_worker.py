"""One fresh process of a timing: `python -m perftools.rewrite.timing_worker FD`, the job on stdin.

It measures one side of every cell, a cell being a variant at a size; or it checks that both sides of each cell agree,
and how many calls make a value long enough to be measured.
"""

from __future__ import annotations

import copy
import importlib
import itertools
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from perftools.rewrite.compare import Called, call, difference, tolerance
from perftools.rewrite.recipe import Stream

_BATCH = 64
"""Calls of one value at most, where each needs fresh arguments: copying often takes longer than the call."""
_LONG_S = 0.05
"""A call of either side that takes this long needs no repetition within a process."""


class Cell(msgspec.Struct, frozen=True):
    """One variant at one size, and what the check found out about it."""

    variant: str
    n: int
    loops: dict[str, int] = {}
    """By side: calls of one value; none before the check."""
    fresh: bool = False
    """Each call needs arguments of its own: it changes or consumes them."""
    lazy: bool = False
    """It gives an iterator, which has to be consumed for the work to be done."""
    long: bool = False
    """Measured once in a process, without a warm-up."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What one process does."""

    package: str
    """The recipe's, whose `inputs` is imported."""
    function: str
    before: str
    after: dict[str, str]
    """By variant: the text of the rewritten module."""
    cells: tuple[Cell, ...]
    side: Literal["before", "after", "check"]
    values: int
    min_time_s: float
    clock: Literal["cpu", "wall"] = "cpu"


class Measured(msgspec.Struct, frozen=True):
    """What it found: for "check" the cells, else seconds of a call, by cell."""

    cells: tuple[Cell, ...] = ()
    seconds: tuple[float, ...] = ()
    unlike: str = ""
    """In which cell the two sides differ, and how."""


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    measured = _checked(job) if job.side == "check" else _measured(job)
    with os.fdopen(int(sys.argv[1]), "wb") as stream:
        stream.write(msgspec.json.encode(measured))


def _checked(job: Job) -> Measured:
    inputs: Any = importlib.import_module(f"{job.package}.inputs")
    cells = []
    for cell in job.cells:
        args = inputs.VARIANTS[cell.variant](cell.n)
        before, after = (call(_function(job, cell.variant, side), args) for side in ("before", "after"))
        bound = tolerance(*inputs.terms(*args)) if inputs.SAME == "sum" and before.error is None else 0.0
        if unlike := difference(before, after, bound=bound) or (before.error and f"both raise {before.error!r}"):
            return Measured(unlike=f"{cell.variant} at {cell.n}: {unlike}")
        streams = any(isinstance(each, Stream) for each in args)
        untouched = Called(None, None, args, (), ())
        cell = msgspec.structs.replace(  # noqa: PLW2901
            cell,
            fresh=streams or bool(difference(untouched, untouched._replace(args=before.args))),
            lazy=type(before.result) is tuple and before.result[:1] == ("iterator",),
        )
        timers = {side: _timer(job, _function(job, cell.variant, side), args, cell) for side in ("before", "after")}
        long = any(spent(1) >= _LONG_S for spent in timers.values())
        most = 1 if long else _BATCH if cell.fresh else sys.maxsize
        loops = {side: _loops(spent, job.min_time_s, most) for side, spent in timers.items()}
        cells.append(msgspec.structs.replace(cell, loops=loops, long=long))
    return Measured(cells=tuple(cells))


def _loops(spent: Callable[[int], float], min_time_s: float, most: int) -> int:
    """How many calls take `min_time_s`: at least doubled until they do, as pyperf's calibration does."""
    loops = 1
    while loops < most and (taken := spent(loops)) < min_time_s:
        loops *= max(2, min(16, int(min_time_s / max(taken, 1e-9) / 2)))
    return min(loops, most)


def _measured(job: Job) -> Measured:
    import pyperf  # type: ignore[import-untyped]

    inputs: Any = importlib.import_module(f"{job.package}.inputs")
    runner = pyperf.Runner()
    runner.parse_args(["--worker", "--loops=1", "--warmups=1", f"--values={job.values}"])
    seconds = []
    for number, cell in enumerate(job.cells):
        args = inputs.VARIANTS[cell.variant](cell.n)
        loops = cell.loops[job.side]
        spent = _timer(job, _function(job, cell.variant, job.side), args, cell)
        runner.args.loops = loops
        runner.args.warmups, runner.args.values = (0, 1) if cell.long else (1, job.values)
        benchmark = runner.bench_time_func(f"cell {number}", spent)
        seconds.append(benchmark.median())
    return Measured(seconds=tuple(seconds))


def _timer(job: Job, function: Callable[..., Any], args: tuple[Any, ...], cell: Cell) -> Callable[[int], float]:
    """A function that makes so many calls and gives their time in seconds."""
    now = time.process_time if job.clock == "cpu" else time.perf_counter

    def spent(loops: int) -> float:
        calls: Iterable[tuple[Any, ...]]
        calls = [_copied(args) for _ in range(loops)] if cell.fresh else itertools.repeat(args, loops)
        if cell.lazy:
            start = now()
            for each in calls:
                deque(function(*each), maxlen=0)
        else:
            start = now()
            for each in calls:
                function(*each)
        return now() - start

    return spent


def _copied(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(iter(each.items) if isinstance(each, Stream) else each for each in copy.deepcopy(args))


def _function(job: Job, variant: str, side: str) -> Callable[..., Any]:
    text = job.before if side == "before" else job.after[variant]
    namespace: dict[str, Any] = {"__name__": f"{job.package}.{side}"}
    exec(compile(text, f"<{job.package} {side}>", "exec"), namespace)  # noqa: S102 (a recipe that is installed)
    function: Callable[..., Any] = namespace[job.function]
    return function


if __name__ == "__main__":
    main()
