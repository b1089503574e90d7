"""gc-pause: the garbage collector stops a worker for too long, or too often.

What it finds. Collections of CPython's cyclic garbage collector, during which a process runs nothing else: its longest
pause, and the part of the wall time that all of them take. Where the service allocates only decides when a collection
begins; how long it takes follows from how many objects there are.

How. Pauses are observed from outside, with start, length and generation. The time in which the collecting thread stood
ready without a CPU is taken off, where it was taken: it is the machine's fault and no collection's. Each worker is
judged by itself, and the worst is reported.

What it leaves alone. gc.collect() called in a request path (`explicit-gc-collect`), and pauses below the limits.

What to do. What the collector's own numbers speak for: freeze what is long-lived, raise the threshold where young
collections take the time, collect between requests, or keep fewer objects that it has to go through.

Limits: worst pause (`info_ms`, `medium_ms`, `high_ms`) and share of the wall time (`medium_share`, `high_share`) for
each severity, where info is no alarm; `due`: part of a full collection's condition that has to be met for a window to
be kept open until it comes; `many`: long-lived objects from which one is worth waiting for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perftools.causes import Evidence, Trigger, where_of
from perftools.detect import gc_advice
from perftools.detect.explicit_gc_collect import reported
from perftools.detect.gc_pauses import (
    SEVERITIES,
    Worker,
    collections,
    completeness,
    heat,
    measure,
    ms,
    not_checked,
    per_s,
    percentile,
    seconds_by_line,
    workers,
    worst,
)
from perftools.detect.judging import entry_of, fingerprint, idle
from perftools.finding import Finding, Measure, Ok, Where
from perftools.hot import Frame, blamed_ms
from perftools.record import FROZEN_COUNTED, Gc, Missing, Pause

id = "gc-pause"
limits: Mapping[str, float] = {**SEVERITIES, "due": 0.5, "many": gc_advice.MANY}


def pending(evidence: Evidence, limits: Mapping[str, float] = limits) -> bool:
    """Is the first full collection of a large heap half due, so that a longer look would show its pause?

    It runs when a quarter as many objects as survived the last one have reached the oldest generation (gc_collect_main,
    Modules/gcmodule.c of CPython 3.12).
    """
    return not isinstance(evidence.gc, Missing) and any(
        collector.enabled
        and bool(collector.generations)
        and not collector.generations[-1].collections
        and (collector.long_lived or 0) >= limits["many"]
        and limits["due"] <= (collector.pending or 0) / ((collector.long_lived or 1) / 4) < 1
        for collector in evidence.gc.collectors
    )


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding | Missing] | Ok | Missing:
    """One finding, of the worst worker; Ok with its numbers where all pauses are short; Missing for unwatched ones."""
    gc = evidence.gc
    if isinstance(gc, Missing):
        return not_checked(gc)
    unwatched = next((not_checked(missing, f"GC of pid {pid}") for pid, missing in gc.unwatched.items()), None)
    judged = workers(gc, without=reported(evidence))
    if not judged:
        return unwatched or Missing(
            code="V-NOTHING", reason="GC not checked, because no worker's collector was watched"
        )
    found = worst(judged, limits)
    if found.severity(limits) is not None:
        finding = _finding(found, judged, evidence, limits)
        return [finding, unwatched] if unwatched is not None else [finding]
    return unwatched or idle(evidence) or Ok(rule=id, says=_fine(judged, found, gc))


def _fine(judged: Sequence[Worker], found: Worker, gc: Gc) -> str:
    off = [one for one in judged if not _collects(one)]
    if off and not any(one.pauses for one in judged):
        who = "collection is disabled" if len(off) == len(judged) else f"collection is disabled in pid {off[0].pid}"
        return f"{who}, so nothing pauses; but reference cycles are never freed, and memory grows with them"
    total = sum(one.collections for one in judged)
    if not total:
        return f"no collection in {found.span_s:.0f} s"
    unseen = sum(one.collector.unseen for one in judged)
    seen = "all seen" if not unseen else f"{unseen} of them not seen"
    besides = " beside those of gc.collect(), a finding of its own" if len(gc.pauses) > _pauses(judged) else ""
    where = " in the worst worker" if len(judged) > 1 else ""
    return (
        f"worst pause {ms(found.worst_ms)}, {100 * found.share:.1f} % of wall time{where}{besides}; "
        f"{collections(total)}, {seen}"
    )


def _pauses(judged: Sequence[Worker]) -> int:
    return sum(len(one.pauses) for one in judged)


def _collects(worker: Worker) -> bool:
    """Does it collect by itself? A threshold of 0 is another way to say no."""
    generations = worker.collector.generations
    return worker.collector.enabled and not (generations and generations[0].threshold == 0)


def _finding(found: Worker, judged: Sequence[Worker], evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    severity = found.severity(limits)
    assert severity is not None
    long = [pause for pause in found.pauses if blamed_ms(pause) >= limits["info_ms"]]
    telling = long if 2 * sum(map(blamed_ms, long)) >= sum(found.own_ms) else found.pauses
    began = seconds_by_line(telling, evidence.triggers)
    where = where_of(max(began, key=lambda frame: began[frame]), evidence.code) if began else None
    share = found.estimate()
    process = next((each for each in evidence.audit.target.processes if each.pid == found.pid), None)
    heap = gc_advice.heap(found, process.python if process is not None else None)
    return Finding(
        rule=id,
        severity=severity,
        title=_title(found, len(long), len(judged), limits),
        where=where,
        share=share,
        evidence=(*_rows(found, long), *_began(telling, where, evidence), *_others(found, judged, limits)),
        facts=(),
        heat=heat(began, where, evidence.code) if where is not None else (),
        why=_why(heap),
        todo=gc_advice.todo(heap),
        fingerprint=fingerprint(id, where or Where(file="", line=0, function=""), evidence.code),
        entry=_entry(telling, where, evidence),
        rank=share.value,
    )


def _title(found: Worker, long: int, of: int, limits: Mapping[str, float]) -> str:
    what = "everything" if of == 1 else f"worker {found.pid}"
    if long and (found.worst_ms >= limits["medium_ms"] or found.share < limits["medium_share"]):
        return f"garbage collection stops {what} for up to {ms(found.worst_ms)}, {per_s(long, found.span_s)}"
    return (
        f"garbage collection stops {what} for {100 * found.share:.0f} % of the time, "
        f"in pauses of up to {ms(found.worst_ms)}"
    )


def _rows(found: Worker, long: Sequence[Pause]) -> Iterator[Measure | str]:
    """The numbers of the worst worker."""
    collector, n = found.collector, len(found.pauses)
    yield measure("worst pause", found.worst_ms, "ms", n)
    yield measure("p50", percentile(found.own_ms, 0.50), "ms", n)
    yield measure("p99", percentile(found.own_ms, 0.99), "ms", n)
    yield measure("pauses", n / found.span_s if found.span_s > 0 else 0.0, "a second", n)
    for number, each in enumerate(collector.generations):
        rate = each.collections / found.span_s if found.span_s > 0 else 0.0
        label = f"generation {number}, {collections(each.collections)}, {gc_advice.count(each.collected)} objects freed"
        yield measure(label, rate, "a second", each.collections)
    yield f"thresholds {', '.join(str(each.threshold) for each in collector.generations)}"
    yield "enabled" if _collects(found) else "disabled: what ran was asked for"
    least = " at least" if collector.frozen >= FROZEN_COUNTED else ""
    yield measure(f"frozen objects{least}", collector.frozen, "", 1)
    if collector.long_lived is not None:
        yield measure("long-lived objects", collector.long_lived, "", 1)
    if collector.pending is not None:
        yield measure("survivors since the last full collection", collector.pending, "", 1)
    examined = [pause for pause in found.pauses if pause.examined]
    if looked_at := sum(pause.examined or 0 for pause in examined):
        freed = sum(pause.collected or 0 for pause in examined)
        yield measure("freed, of the objects examined", 100 * freed / looked_at, "%", len(examined))
    yield from _waited(found, long)
    yield completeness(collector, found.collections)


def _waited(found: Worker, long: Sequence[Pause]) -> Iterator[Measure | str]:
    """Run-queue delay beside the long pauses, and the pause that is long for no other reason."""
    known = [pause for pause in found.pauses if pause.waited_ms is not None]
    if not known:
        return
    if any(pause.waited_ms is not None for pause in long):
        most = max(pause.waited_ms or 0.0 for pause in long)
        yield measure("longest wait for a CPU in a long pause, not counted", most, "ms", len(long))
    delayed = max(known, key=lambda pause: pause.duration_ms - blamed_ms(pause))
    if blamed_ms(delayed) < 0.5 * delayed.duration_ms and delayed.duration_ms > found.worst_ms:
        yield (
            f"a pause of {ms(delayed.duration_ms)} was {ms(delayed.duration_ms - blamed_ms(delayed))} of waiting for a "
            "CPU: not the collector's"
        )


def _began(pauses: Sequence[Pause], where: Where | None, evidence: Evidence) -> Iterator[str]:
    """Who asked for the pauses, where that was no request; what ran where no line of the user's own did."""
    stacks: list[tuple[Trigger, float]] = [
        (evidence.triggers[pause.stack], blamed_ms(pause)) for pause in pauses if pause.stack is not None
    ]
    asked = [(trigger, own_ms) for trigger, own_ms in stacks if trigger.explicit and trigger.frame is not None]
    if asked:
        frame = max(asked, key=lambda pair: pair[1])[0].frame
        assert frame is not None
        path = {trigger.path for trigger, _ in asked}
        how = "on a timer" if path == {"timer"} else "outside of requests" if "request" not in path else "explicitly"
        yield f"{len(asked)} of the pauses were asked for by gc.collect() at line {frame.line}, {how}"
    if where is None:
        outside = {trigger.leaf: own_ms for trigger, own_ms in sorted(stacks, key=lambda pair: pair[1])}
        if outside:
            yield f"begun in {max(outside, key=lambda leaf: outside[leaf])}, with no line of the service's own"
        else:
            yield "what was executing when they began was not read"


def _others(found: Worker, judged: Sequence[Worker], limits: Mapping[str, float]) -> Iterator[str]:
    rest = [one for one in judged if one is not found]
    alike = sum(one.severity(limits) == found.severity(limits) for one in rest)
    if len(rest) == 1:
        yield f"the other worker is {'as badly hit' if alike else 'less badly hit'}"
    elif rest:
        yield f"{alike} of the {len(rest)} other workers are as badly hit"


def _entry(pauses: Sequence[Pause], where: Where | None, evidence: Evidence) -> Where | None:
    if where is None:
        return None
    routes: dict[Frame, float] = {}
    for pause in pauses:
        route = evidence.triggers[pause.stack].route if pause.stack is not None else None
        if route is not None:
            routes[route] = routes.get(route, 0.0) + blamed_ms(pause)
    return entry_of(routes, where, evidence.code)


def _why(heap: gc_advice.Heap) -> str:
    said = "While it runs, no other thread of the process does, and every request in flight waits."
    if gc_advice.full_dominates(heap) and heap.long_lived:
        return (
            f"Full collections take {100 * (heap.full_share or 0.0):.0f} % of the pause time: each goes through all "
            f"{gc_advice.count(heap.long_lived)} long-lived objects to find cycles among them. {said}"
        )
    if heap.full_share is not None and not gc_advice.full_dominates(heap):
        return (
            f"Young collections take {100 * (1 - heap.full_share):.0f} % of the pause time: one begins whenever "
            f"{heap.thresholds[0] if heap.thresholds else 'so many'} more objects were made than freed. {said}"
        )
    return f"The collector goes through all objects of a generation to find cycles among them. {said}"
