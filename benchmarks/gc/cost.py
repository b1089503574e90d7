"""What an observer costs the target: CPU time of the same work with and without it, in turns."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .paired import Difference, difference
from .pythons import Python
from .running import Target, target
from .watching import CannotWatch, watching

if TYPE_CHECKING:
    from perftools.record import GcMethod

REPEATS = 3


class Cost(NamedTuple):
    """Of one observer, at one rate of collections."""

    python: str
    method: GcMethod
    rate: int
    """Collections per CPU second that were aimed at."""
    threads: int
    collections_per_s: float
    switches_per_s: float
    """Context switches, both per CPU second of the work."""
    difference: Difference
    """Of the target's CPU time."""
    watcher_percent: float
    """CPU of the watcher, of a core, while the target works."""


class _Work(NamedTuple):
    cpu_ns: int
    collections: int
    switches: int


def measure(python: Python, methods: Sequence[GcMethod], *, rate: int, threads: int, cycles: int) -> list[Cost]:
    """In each cycle: without, with each observer, with each in reverse order, without."""
    pairs: dict[GcMethod, list[tuple[float, float]]] = {method: [] for method in methods}
    watchers: dict[GcMethod, list[float]] = {method: [] for method in methods}
    done: list[_Work] = []
    with tempfile.TemporaryDirectory(prefix="gc-") as folder, target(python, Path(folder), "cost", rate, threads) as at:
        for _ in range(cycles):
            without = [_work(at)]
            with_ = [_watched(at, method, watchers) for method in (*methods, *reversed(methods))]
            without.append(_work(at))
            done += without
            for index, method in enumerate(methods):
                for plain, watched in ((without[0], with_[index]), (without[1], with_[-1 - index])):
                    if watched is not None:
                        pairs[method].append((plain.cpu_ns, watched.cpu_ns))
    cpu_s = sum(work.cpu_ns for work in done) / 1e9
    return [
        Cost(
            str(python),
            method,
            rate,
            threads,
            sum(work.collections for work in done) / cpu_s,
            sum(work.switches for work in done) / cpu_s,
            difference(pairs[method]),
            sum(watchers[method]) / len(watchers[method]),
        )
        for method in methods
        if pairs[method]
    ]


def _watched(at: Target, method: GcMethod, watchers: dict[GcMethod, list[float]]) -> _Work | None:
    try:
        with watching(method, at.pid) as watch:
            work = _work(at)
            watchers[method].append(watch.seen().cpu_percent)
            return work
    except CannotWatch:
        return None


def _work(at: Target) -> _Work:
    """The least of a few: what comes on top is of other programs, an observer's part is in all of them."""
    done = []
    for _ in range(REPEATS):
        at.say("work")
        done.append(_Work(*map(int, at.hear().split())))
    return min(done)
