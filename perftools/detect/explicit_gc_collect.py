"""explicit-gc-collect: gc.collect() called in a request path.

What it finds. A line that calls gc.collect() (under whatever name it was imported) on the way of a request or a job:
each call goes through every object of the process and stops all its threads, whether or not there is garbage.

How. A collection whose innermost line of the service's own calls gc.collect() was asked for there. Full collections
whose stack was not read count to it where most of the others of the process do; so they do where no stack was read but
the samples show the line. Without any observation of the collector the samples alone are judged, by share of the CPU.

What it leaves alone. Calls at start-up, and in a loop that only waits for the clock, unless it goes round more than
`often_per_s`: if they pause too long, `gc-pause` names them. A method named collect of something else.

What to do. Leave collecting to the collector, or do it between requests.

Limits: those of `gc-pause` for each severity; `calls`: fewer are no habit; `often_per_s`: from this rate on a loop that
only sleeps is the service's own work; `most`: part of a process's full collections (or of their time) that has to be of
known origin for the rest to count to it; those of sampled findings for samples alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from perftools.causes import Evidence, Trigger, where_of
from perftools.detect.gc_calls import Calls, Line, calls, line_of, sampled_calls
from perftools.detect.gc_pauses import (
    SEVERITIES,
    Worker,
    completeness,
    measure,
    ms,
    not_checked,
    per_s,
    percentile,
    workers,
    worst,
)
from perftools.detect.judging import FLOOR, SHARES, entry_of, fingerprint, idle, weigh
from perftools.finding import Finding, Measure, Ok, Where
from perftools.record import Gc, Missing

id = "explicit-gc-collect"
limits: Mapping[str, float] = {**SHARES, **FLOOR, **SEVERITIES, "calls": 2, "often_per_s": 1.0, "most": 0.5}

_WHY = (
    "gc.collect() goes through every tracked object of the process to find cycles, whether or not there are any. No "
    "other thread of the process runs meanwhile, and every request in flight waits."
)


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A finding for each line; Ok where no request calls it."""
    gc = evidence.gc
    if isinstance(gc, Missing):
        return _by_samples(evidence, limits) or not_checked(gc)
    findings = [_finding(each, gc, evidence, limits) for each in _judged(gc, evidence, limits)]
    if findings:
        return sorted(findings, key=lambda finding: -finding.rank)
    if (missing := idle(evidence)) is not None:
        return missing
    if not gc.collectors:
        return next((not_checked(each) for each in gc.unwatched.values()), None) or Missing(
            code="V-NOTHING", reason="GC not checked, because no worker's collector was watched"
        )
    return Ok(rule=id, says="no request path pauses for gc.collect()")


def reported(evidence: Evidence, limits: Mapping[str, float] = limits) -> frozenset[int]:
    """Pauses (indices into Gc.pauses) that a finding of this rule is made of."""
    gc = evidence.gc
    if isinstance(gc, Missing):
        return frozenset()
    return frozenset(index for each in _judged(gc, evidence, limits) for index in each.pauses)


def _judged(gc: Gc, evidence: Evidence, limits: Mapping[str, float]) -> list[Calls]:
    """Lines with enough calls to make a finding."""
    return [
        each
        for each in calls(gc, evidence, limits)
        if len(each.pauses) >= limits["calls"] and _hit(each, gc, limits).severity(limits) is not None
    ]


def _hit(found: Calls, gc: Gc, limits: Mapping[str, float]) -> Worker:
    """The worker that a line hits worst, with its pauses."""
    return worst(workers(gc, without=frozenset(range(len(gc.pauses))) - found.pauses), limits)


def _finding(found: Calls, gc: Gc, evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    hit = _hit(found, gc, limits)
    severity = hit.severity(limits)
    assert severity is not None
    share = hit.estimate()
    rate = len(hit.pauses) / hit.span_s if hit.span_s > 0 else 0.0
    what = "everything" if len(gc.collectors) == 1 else f"worker {hit.pid}"
    where = where_of(found.frame, evidence.code)
    return Finding(
        rule=id,
        severity=severity,
        title=f"an explicit gc.collect() stops {what} for up to {ms(hit.worst_ms)}, "
        f"{per_s(len(hit.pauses), hit.span_s)}",
        where=where,
        share=share,
        evidence=(*_rows(hit, rate), *_elsewhere(found, hit)),
        facts=(),
        heat=((where.line, 1.0),),
        why=_WHY,
        todo=_todo(where, hit),
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry_of(found.routes, where, evidence.code),
        rank=share.value,
    )


def _rows(hit: Worker, rate: float) -> Iterator[Measure | str]:
    n = len(hit.pauses)
    yield measure("calls", rate, "a second", n)
    yield measure("median time per call", percentile(hit.own_ms, 0.5), "ms", n)
    yield measure("longest call", hit.worst_ms, "ms", n)
    freed = [pause.collected for pause in hit.pauses if pause.collected is not None]
    if freed:
        yield measure("objects freed per call", sum(freed) / len(freed), "", len(freed))
    if hit.collector.long_lived is not None:
        yield measure("long-lived objects that each call goes through", hit.collector.long_lived, "", 1)
    waited = [pause.waited_ms for pause in hit.pauses if pause.waited_ms is not None]
    if waited:
        yield measure("longest wait for a CPU in a call, not counted", max(waited), "ms", len(waited))
    yield completeness(hit.collector, hit.collections)


def _elsewhere(found: Calls, hit: Worker) -> Iterator[str]:
    others = len(found.pauses) - len(hit.pauses)
    if others:
        yield f"{others} more calls in other workers"


def _by_samples(evidence: Evidence, limits: Mapping[str, float]) -> list[Finding]:
    """Without any observation of the collector: lines that call gc.collect(), by their samples."""
    members: dict[Line, set[int]] = defaultdict(set)
    places: dict[Line, Trigger] = {}
    for found, index in sampled_calls(evidence):
        if found.path == "request":
            members[line_of(found.frame)].add(index)
            places[line_of(found.frame)] = found
    findings = []
    for line, stacks in members.items():
        weighed = weigh(evidence, frozenset(stacks), limits)
        frame = places[line].frame
        if weighed is None or frame is None:
            continue
        where = where_of(frame, evidence.code)
        route = places[line].route
        findings.append(
            Finding(
                rule=id,
                severity=weighed.severity,
                title="an explicit gc.collect()",
                where=where,
                share=weighed.share,
                evidence=(*weighed.rows, "its pauses were not observed"),
                facts=(),
                heat=((where.line, 1.0),),
                why=_WHY,
                todo=_todo(where, None),
                fingerprint=fingerprint(id, where, evidence.code),
                entry=entry_of({route: 1.0} if route is not None else {}, where, evidence.code),
                rank=weighed.share.value,
            )
        )
    return sorted(findings, key=lambda finding: -finding.rank)


def _todo(where: Where, hit: Worker | None) -> str:
    thresholds = [str(each.threshold) for each in hit.collector.generations] if hit is not None else []
    itself = (
        f" The collector runs by itself (thresholds {', '.join(thresholds)})."
        if hit is not None and thresholds and thresholds[0] != "0" and hit.collector.enabled
        else ""
    )
    return (
        f"Remove `gc.collect()` from {where.function}(), line {where.line}.{itself} If memory must be given back at "
        "once, break the cycles that hold it, or call `gc.collect()` between requests: after the response is sent "
        "(gunicorn's `post_request`), or from a timer while no request is in flight."
    )
