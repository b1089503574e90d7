"""Garbage collection in numbers: by worker, by generation, and at which lines it was set off. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from perftools.causes import Code, where_of
from perftools.finding import Where
from perftools.hot import classify
from perftools.record import Audit, Collector, Gc, Pause


class Worker(NamedTuple):
    """One process's collector and its pauses."""

    collector: Collector
    pauses: Sequence[Pause]
    worst_ms: float
    of_wall: float
    """Share of the watched span that it stood still."""


class Row(NamedTuple):
    """One generation of all workers together."""

    generation: int | None
    """None: pauses whose generation could not be told; `collections` of the other rows have them."""
    collections: int
    per_s: float
    """A worker's average."""
    worst_ms: float | None
    """None, and so the next two, without a pause."""
    p50_ms: float | None
    p99_ms: float | None
    of_wall: float
    """A worker's average."""
    collected: int | None


def workers(gc: Gc) -> list[Worker]:
    """Those with the longest pauses first."""
    pauses: dict[int, list[Pause]] = defaultdict(list)
    for pause in gc.pauses:
        pauses[pause.pid].append(pause)
    found = [_worker(collector, pauses[collector.pid]) for collector in gc.collectors]
    return sorted(found, key=lambda worker: (-worker.worst_ms, -worker.of_wall, worker.collector.pid))


def rows(gc: Gc) -> list[Row]:
    """One for each generation, youngest first; pauses that belong to none of them come last."""
    watched_s = sum(collector.end_s - collector.start_s for collector in gc.collectors)
    lengths: dict[int | None, list[float]] = defaultdict(list)
    for pause in gc.pauses:
        lengths[pause.generation].append(pause.duration_ms)
    found = []
    for number in range(max((len(collector.generations) for collector in gc.collectors), default=0)):
        counters = [collector.generations[number] for collector in gc.collectors if number < len(collector.generations)]
        collected = sum(counter.collected for counter in counters)
        found.append(
            _row(
                number, sum(counter.collections for counter in counters), collected, lengths.pop(number, []), watched_s
            )
        )
    if unknown := sorted(chain.from_iterable(lengths.values())):
        found.append(_row(None, len(unknown), None, unknown, watched_s))
    return found


def places(audit: Audit, gc: Gc) -> Mapping[int, Where]:
    """The innermost line of the user's own in each stack that a pause names; stacks without one are left out."""
    code = Code(audit.sources, audit.observations.values)
    found = {}
    for index in {pause.stack for pause in gc.pauses if pause.stack is not None}:
        frames = (classify(*gc.frames[at], audit.target.user_paths) for at in gc.stacks[index])
        user = next((frame for frame in frames if frame.owner == "user"), None)
        if user is not None:
            found[index] = where_of(user, code)
    return found


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """By nearest rank: a value that was measured."""
    return ordered[max(math.ceil(fraction * len(ordered)), 1) - 1]


def _worker(collector: Collector, pauses: Sequence[Pause]) -> Worker:
    span_s = collector.end_s - collector.start_s
    return Worker(
        collector=collector,
        pauses=pauses,
        worst_ms=max((pause.duration_ms for pause in pauses), default=0.0),
        of_wall=sum(pause.duration_ms for pause in pauses) / 1000 / span_s if span_s > 0 else 0.0,
    )


def _row(generation: int | None, collections: int, collected: int | None, pauses: list[float], watched_s: float) -> Row:
    ordered = sorted(pauses)
    return Row(
        generation=generation,
        collections=collections,
        per_s=collections / watched_s if watched_s > 0 else 0.0,
        worst_ms=ordered[-1] if ordered else None,
        p50_ms=percentile(ordered, 0.50) if ordered else None,
        p99_ms=percentile(ordered, 0.99) if ordered else None,
        of_wall=sum(ordered) / 1000 / watched_s if watched_s > 0 else 0.0,
        collected=collected,
    )
