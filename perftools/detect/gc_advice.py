"""What would shorten a service's pauses, by what its collector showed. Each remedy is one question and one text.

Measured on CPython 3.11 to 3.13 with 500-600 thousand long-lived objects (p99 of the response): freezing after warm-up
took it from 55 ms to 2, and where 360 thousand survivors kept changing from 107 to 87 only; higher thresholds alone
left full collections as long as they were (47-61 ms); a collection off the request path took 149 ms to 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from perftools.detect.gc_pauses import Worker, ms
from perftools.hot import blamed_ms
from perftools.record import FROZEN_COUNTED

MANY = 50_000
"""Long-lived objects from which a full collection takes about 10 ms."""
CHURN = 0.5
"""Survivors waiting for a full collection, against the long-lived: one is due at a quarter of them (gc_collect_main,
Modules/gcmodule.c of 3.12), so that there are many more only where the heap grows or is replaced."""
FREED = 0.10
"""Part of the long-lived objects that a full collection frees, from which it does work that has to be done."""
SCHEDULABLE_MS = 500
"""A full collection that takes longer than this keeps a worker out of service for too long, whenever it runs."""
RAISED = 50_000
"""Young threshold that was measured to work."""


@dataclass(frozen=True, kw_only=True)
class Heap:
    """What the remedies ask of a collector."""

    version: tuple[int, ...]
    """(3, 11, 7); () where it is not known."""
    enabled: bool
    thresholds: tuple[int, ...]
    frozen: int
    long_lived: int | None
    pending: int | None
    full_share: float | None
    """Part of the pause time, as far as its generations are known, that full collections take."""
    full_ms: float
    """The longest full collection."""
    full_freed: float | None
    """Objects freed by a full collection on average."""
    young_per_s: float
    young_ms: float
    """The median young collection."""


def heap(worker: Worker, python: str | None) -> Heap:
    """What one process's collector showed, by its judged pauses."""
    collector = worker.collector
    last = len(collector.generations) - 1
    known = [pause for pause in worker.pauses if pause.generation is not None]
    full = [pause for pause in known if pause.generation == last and last > 0]
    young = sorted(blamed_ms(pause) for pause in known if pause.generation != last)
    total_ms = sum(blamed_ms(pause) for pause in known)
    oldest = collector.generations[-1] if collector.generations else None
    return Heap(
        version=tuple(int(part) for part in re.findall(r"\d+", python or "")[:3]),
        enabled=collector.enabled,
        thresholds=tuple(generation.threshold for generation in collector.generations),
        frozen=collector.frozen,
        long_lived=collector.long_lived,
        pending=collector.pending,
        full_share=sum(blamed_ms(pause) for pause in full) / total_ms if total_ms else None,
        full_ms=max((blamed_ms(pause) for pause in full), default=0.0),
        full_freed=oldest.collected / oldest.collections if oldest is not None and oldest.collections else None,
        young_per_s=sum(each.collections for each in collector.generations[:-1]) / worker.span_s
        if worker.span_s
        else 0.0,
        young_ms=young[len(young) // 2] if young else 0.0,
    )


def incremental(heap: Heap) -> bool:
    """3.14.0 to 3.14.4: each collection takes a part of the old generation along."""
    return len(heap.version) == 3 and (3, 14, 0) <= heap.version <= (3, 14, 4)


def full_dominates(heap: Heap) -> bool:
    """Do full collections take most of the pause time?"""
    return heap.full_share is not None and heap.full_share >= 0.5


def churns(heap: Heap) -> bool:
    """Are survivors replaced, or the heap growing: do many wait for a full collection, or does one free many?"""
    if not heap.long_lived:
        return False
    waiting = heap.pending is not None and heap.pending >= CHURN * heap.long_lived
    return waiting or (heap.full_freed is not None and heap.full_freed >= FREED * heap.long_lived)


def already_frozen(heap: Heap) -> bool:
    """Was gc.freeze() called, and not on an all but empty heap?"""
    return heap.frozen >= FROZEN_COUNTED


def freezing_helps(heap: Heap) -> bool:
    """Are most objects long-lived and stable, and is it they that full collections go through?"""
    large = heap.long_lived is not None and heap.long_lived >= MANY
    return full_dominates(heap) and large and not churns(heap) and not already_frozen(heap)


def thresholds_help(heap: Heap) -> bool:
    """Do young collections take most of the pause time, at a threshold that can be raised?"""
    raisable = heap.enabled and bool(heap.thresholds) and 0 < heap.thresholds[0] < RAISED
    return heap.full_share is not None and not full_dominates(heap) and raisable


def scheduling_helps(heap: Heap) -> bool:
    """Is a full collection needed, and short enough to run between requests?"""
    return full_dominates(heap) and (churns(heap) or already_frozen(heap)) and heap.full_ms <= SCHEDULABLE_MS


def fewer_objects_help(heap: Heap) -> bool:
    """Do survivors churn, so that neither freezing nor a threshold spares the collector their number?"""
    return churns(heap) or (already_frozen(heap) and full_dominates(heap))


def advice(heap: Heap) -> list[str]:
    """The remedies that the evidence speaks for, the best first; never to switch the collector off."""
    if incremental(heap):
        return [_increments(heap)]
    remedies = (
        (freezing_helps, _freeze),
        (thresholds_help, _thresholds),
        (scheduling_helps, _schedule),
        (fewer_objects_help, _fewer_objects),
    )
    said = [write(heap) for helps, write in remedies if helps(heap)]
    if not said:
        said = [_unclear(heap)]
    if full_dominates(heap) and not freezing_helps(heap) and (why := _no_freeze(heap)):
        said.append(why)
    return said


def _freeze(heap: Heap) -> str:
    return (
        "At the end of start-up, in each worker, after caches are warm and before the first request: "
        "`gc.collect(); gc.freeze(); gc.collect()`. Full collections then leave out the "
        f"{count(heap.long_lived or 0)} objects that survived the last one. The second collect() is needed: it resets "
        "the total by which the next full collection is timed."
    )


def _thresholds(heap: Heap) -> str:
    old, *rest = heap.thresholds
    new, longest = raised(heap), heap.young_ms * raised(heap) / old
    per_s = heap.young_per_s * old / new
    numbers = ", ".join([f"{new:_}", *(str(each) for each in rest)])
    return (
        f"At start-up: `gc.set_threshold({numbers})`. At {old} a young collection runs {heap.young_per_s:.0f} times a "
        f"second (median {ms(heap.young_ms)}); at {count(new)} about {per_s:.1f} times, each at most "
        f"{ms(longest)} if everything survives."
    )


def raised(heap: Heap) -> int:
    """The threshold to try: what was measured to work, or where a young pause would stay below 10 ms, if that is less.

    A young collection takes at most as much longer as there are more new objects; twice the old threshold is the least
    that is worth a try.
    """
    old = heap.thresholds[0]
    short = int(old * 10 / heap.young_ms) // 1000 * 1000 if heap.young_ms > 0 else RAISED
    return max(2 * old, min(RAISED, short))


def _schedule(heap: Heap) -> str:
    young, middle = (*heap.thresholds, 700, 10)[:2] if len(heap.thresholds) >= 2 else (700, 10)
    rare = f"`gc.set_threshold({young}, {middle}, 1000)` at start-up, and " if heap.enabled else ""
    return (
        f"Take the full collection ({ms(heap.full_ms)}) off the request path: {rare}`gc.collect()` between requests, "
        "in one worker at a time: after the response is sent (gunicorn's `post_request`), or from a timer while no "
        "request is in flight."
    )


def _fewer_objects(heap: Heap) -> str:
    waiting = f"{count(heap.pending)} survivors wait beside " if heap.pending else ""
    return (
        f"Give the collector less to go through: {waiting}{count(heap.long_lived or 0)} long-lived objects. Keep what "
        "is cached as arrays or bytes, or as tuples of plain numbers and strings (untracked once collected), and give "
        "classes `__slots__` (one tracked object each, not two)."
    )


def _no_freeze(heap: Heap) -> str:
    if already_frozen(heap):
        return (
            f"Freezing again would not help: {count(FROZEN_COUNTED)} objects or more are frozen already, and the "
            "collections go through what came after."
        )
    if churns(heap):
        return (
            "gc.freeze() would help little: the survivors keep changing, and new ones are not frozen (measured with "
            "such a cache: p99 107 ms before, 87 after)."
        )
    return ""


def _increments(heap: Heap) -> str:
    young, middle = (*heap.thresholds, 2000, 10)[:2] if len(heap.thresholds) >= 2 else (2000, 10)
    return (
        f"This CPython ({'.'.join(map(str, heap.version))}) collects in increments: the second threshold sets how "
        "small a part of the old generation each takes along, and the third means nothing. At start-up: "
        f"`gc.set_threshold({young}, {10 * middle})` for shorter pauses, or take 3.14.5 or later, whose collector has "
        "generations again. gc.freeze() after warm-up was not measured with it."
    )


def _unclear(heap: Heap) -> str:
    if full_dominates(heap):
        return (
            f"Full collections of {ms(heap.full_ms)} go through few long-lived objects or an unknown number: look at "
            "what the line above allocates, and audit it for longer with --window."
        )
    return "Allocate fewer containers (lists, dicts, instances) on the line above; its collections follow from them."


def count(number: int) -> str:
    """In groups of three digits."""
    return f"{number:,}".replace(",", " ")


def todo(heap: Heap) -> str:
    """All of it as one text; several remedies are numbered."""
    said: Sequence[str] = advice(heap)
    return said[0] if len(said) == 1 else " ".join(f"({number}) {text}" for number, text in enumerate(said, 1))
