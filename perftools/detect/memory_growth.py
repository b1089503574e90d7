"""memory-growth: a worker's memory grows steadily, as it does where something is kept and never let go.

What it finds. Anonymous memory (swapped out or not) of a process that grows over the window: by much more than the
error of the rate, in both halves of the window alike, and in its last fifth still. What is inherited by a fork, mapped
from files or shared is left out: it is bounded by what is mapped.

How. The lowest reading in each tenth of the window, and the slope of these, with an interval that knows that readings
resemble their neighbours (`perftools/causes/growth.py`). So neither bursts of requests, nor garbage that is collected
now and then, nor a load of a table looks like growth. Of simulated windows of 20 s of services that are steady (bursts,
sawteeth of the collector, allocator steps, tables that are loaded, caches that fill and stay or evict) 4 in 1,000 are
taken for growth. A leak of 6 MiB/min is found in every such window of a service whose memory is quiet, and in half of
them where requests of 1 MiB come and go; one of 15 MiB/min in 85 % of these. Under requests of 20 MiB it takes 60 to
120 MiB/min. In 8 s: 10 MiB/min, and 60 to 120 under requests of 1 MiB. At 3 MiB/min and below little is found in 20 s.
Slower leaks, and those under much noise, take a longer --window. `benchmarks/memory/README.md` has the tables.

What it leaves alone. Growth that slows down, as of a cache that fills; one that takes longer than about two windows to
fill cannot be told from a leak yet. Processes younger than a minute are warming up, and not judged. Garbage in cycles
that the collector frees less than once in a window looks like a leak (half of all windows of 8 s, where it is freed
every 10 to 20 s): see severity.

What to do. Find what is kept, and bound it.

Limits: `errors`: how many standard errors the rate must lie above zero (99 % of Student's t); `mib_per_min`: slowest
growth that counts; `grown_mib`: least growth over the window; `slowing`: rate of the second half against the first,
below which it is filling up; `starting`: rate of the first half against the second, below which it has only begun;
`ending`: rate of the last fifth against the whole, below which it has ended; `warm_up_s`: age from which one is judged;
`full_s`: length of a window from which growth that is not clear keeps it open no longer. Severity by the time until the
memory limit, or the machine's memory, is used up: `high_h`, `medium_h` hours, else low. One severity less (but not
below low) where no full garbage collection ran meanwhile: what grows may be cycles that the next one frees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from perftools.causes import Evidence
from perftools.causes.growth import FEWEST, Growth, growths
from perftools.detect import settings
from perftools.detect.judging import BLIND, fingerprint, idle
from perftools.detect.load import counted
from perftools.detect.memory_kept import kept, look
from perftools.detect.memory_words import grown, headroom, left, mib, per_min, rate, unseen
from perftools.finding import Estimate, Finding, Measure, Ok, Severity, Where
from perftools.record import Gc, Memory, Missing

id = "memory-growth"
limits: Mapping[str, float] = {
    "errors": 3.355, "mib_per_min": 2.0, "grown_mib": 1.0, "slowing": 0.5, "starting": 0.25, "ending": 0.25,
    "warm_up_s": 60.0, "full_s": 18.0, "high_h": 1.0, "medium_h": 24.0,
}  # fmt: skip

Shape = Literal["steady", "slowing", "begun", "none"]
_WEAKER: Mapping[Severity, Severity] = {"high": "medium", "medium": "low", "low": "low"}


def pending(evidence: Evidence, limits: Mapping[str, float] = limits) -> bool:
    """Does some worker perhaps grow, while the window is still short?"""
    memory = evidence.audit.observations.memory
    if isinstance(memory, Missing) or evidence.audit.quality.window_s >= limits["full_s"]:
        return False
    return any(
        per_min(each.own.rate) >= limits["mib_per_min"]
        and each.own.low > -each.own.rate
        and each.age_s >= limits["warm_up_s"]
        for each in growths(memory)
    )


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """One finding for the service, of the worker that grows fastest; Ok with the most that any may grow."""
    memory = evidence.audit.observations.memory
    if isinstance(memory, Missing):
        return unseen(memory)
    found = growths(memory)
    if not found:
        return Missing(
            code="V-UNSURE",
            reason=f"memory was read less than {FEWEST} times: too few to tell growth",
            remedy="audit it for longer with --window",
        )
    steady = [each for each in found if shape(each, limits) == "steady"]
    grown_up = [each for each in steady if each.age_s >= limits["warm_up_s"]]
    if grown_up:
        return [_finding(grown_up, len(found), memory, evidence, limits)]
    if (missing := idle(evidence)) is not None:
        return missing
    if steady:
        return Missing(
            code=BLIND,
            reason=f"pid {steady[0].pid} grows by {rate(steady[0].own)}, but was started only "
            f"{steady[0].age_s:.0f} s before the window: it may still be warming up",
            remedy="audit it again in a minute",
        )
    return Ok(rule=id, says=_fine(found, limits))


def shape(growth: Growth, limits: Mapping[str, float] = limits) -> Shape:
    """How its own memory grows, if it does."""
    own = growth.own
    least = max(limits["grown_mib"] * 2**20, growth.slack_bytes)
    if own.grown < least or per_min(own.rate) < limits["mib_per_min"] or own.rate <= own.error:
        return "none"
    if own.second < limits["slowing"] * own.first or own.last < limits["ending"] * own.rate:
        return "slowing"
    if own.first < limits["starting"] * own.second:
        return "begun"
    return "steady" if own.rate > limits["errors"] * own.error else "none"


def _fine(found: Sequence[Growth], limits: Mapping[str, float]) -> str:
    for growth in found:
        own = growth.own
        if (how := shape(growth, limits)) == "slowing":
            return (
                f"pid {growth.pid} grew by {mib(own.grown)}, but less and less ({grown(own.first)} in the first half "
                f"of the window, {grown(own.second)} in the second): a cache that fills looks like this"
            )
        if how == "begun":
            return f"pid {growth.pid} began to grow within the window, by {mib(own.grown)}: too late to tell a trend"
    most = max(found, key=lambda growth: growth.own.high)
    files = max(found, key=lambda growth: growth.mapped.rate)
    which = "no process grows steadily" if len(found) > 1 else "it does not grow steadily"
    said = f"{which}: {rate(most.own)}{f' in pid {most.pid}' if len(found) > 1 else ''}"
    if files.mapped.low > 0 and per_min(files.mapped.rate) >= limits["mib_per_min"]:
        return f"{said}; pages of files and shared memory {rate(files.mapped)}, bounded by what is mapped"
    return said


def _finding(
    found: Sequence[Growth], of: int, memory: Memory, evidence: Evidence, limits: Mapping[str, float]
) -> Finding:
    worst = found[0]
    hours = left(memory, evidence, sum(each.own.rate for each in found))
    unclear = _cycles_possible(worst.pid, evidence)
    who = "memory" if of == 1 else f"the memory of {len(found)} of {of} processes"
    until = "" if hours is None else f", enough to use up what is left in {_time(hours)}"
    severity = _severity(hours, limits)
    return Finding(
        rule=id,
        severity=_WEAKER[severity] if unclear else severity,
        title=f"{who} grows steadily, by {rate(worst.own)}{until}",
        where=None,
        share=None,
        evidence=tuple(_rows(found, memory, evidence, hours)),
        facts=(),
        heat=(),
        why=_why(worst, hours, unclear=unclear),
        todo=_todo(evidence, unclear=unclear),
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=1 / (1 + hours) if hours is not None else 0.0,
    )


def _severity(hours: float | None, limits: Mapping[str, float]) -> Severity:
    if hours is None or hours >= limits["medium_h"]:
        return "low"
    return "high" if hours < limits["high_h"] else "medium"


def _rows(found: Sequence[Growth], memory: Memory, evidence: Evidence, hours: float | None) -> Iterator[Measure | str]:
    worst = found[0]
    own, last = worst.own, worst.last
    low, value, high = (per_min(each) for each in (own.low, own.rate, own.high))
    yield Measure(
        label=f"growth of pid {worst.pid}, anonymous memory",
        estimate=Estimate(value=value, low=low, high=high, unit="MiB/min", n=own.readings),
    )
    yield counted("in the first half of the window", per_min(own.first), "MiB/min")
    yield counted("in the second half", per_min(own.second), "MiB/min")
    yield counted(f"grown within {own.span_s:.0f} s", own.grown / 2**20, "MiB", own.readings)
    yield counted("resident at the end", last.rss_bytes / 2**20, "MiB")
    if last.swap_bytes:
        yield counted("swapped out", last.swap_bytes / 2**20, "MiB")
    yield counted("files and shared memory, mapped, in that time", worst.mapped.grown / 2**20, "MiB")
    if len(found) > 1:
        yield counted("all growing processes together", per_min(sum(each.own.rate for each in found)), "MiB/min")
    known = headroom(memory, evidence)
    if known is not None and hours is not None:
        yield f"{mib(known.bytes)} left of {known.of}: {_time(hours)} at this rate"
    yield f"the process is {_time(worst.age_s / 3600)} old"
    if (said := kept(worst.pid, evidence)) is not None:
        yield said
    if (full := _full_collections(worst.pid, evidence)) is not None:
        yield counted("full garbage collections meanwhile", full, "")


def _why(worst: Growth, hours: float | None, *, unclear: bool) -> str:
    said = (
        "Memory of its own, which no other process maps and no file backs: it comes back when it is freed, or when the "
        "process ends."
    )
    size = worst.last.anonymous_bytes + worst.last.swap_bytes
    if size < 0.5 * worst.own.rate * worst.age_s:
        since = _time(size / worst.own.rate / 3600)
        said += (
            f" At this rate all of it would have come in {since}, so it has not always grown like this: a cache may be "
            "filling, or something began lately."
        )
    if hours is not None:
        said += " When the limit is reached, the kernel kills it, with the requests in flight."
    if unclear:
        said += " No full garbage collection ran meanwhile: part of it may be cycles that the next one frees."
    return said


def _todo(evidence: Evidence, *, unclear: bool) -> str:
    said = []
    if unclear:
        said.append("Look again while a full garbage collection runs (--window 120): does memory fall with it?")
    said.append(
        "Find what is kept from request to request, and bound it: caches (`functools.lru_cache(maxsize=None)` and "
        "`functools.cache` never let go), dicts and lists of a module or a class, callbacks and tasks that are "
        "registered for each request. A bound: `maxsize=`, or entries that expire."
    )
    if (how := look(evidence)) is not None:
        said.append(how)
    server = settings.server(evidence.audit.target)
    if server == "gunicorn":
        said.append(
            "Until it is found, `gunicorn --max-requests 2000 --max-requests-jitter 400` starts workers anew before "
            "they are large."
        )
    return said[0] if len(said) == 1 else " ".join(f"({number}) {text}" for number, text in enumerate(said, 1))


def _cycles_possible(pid: int, evidence: Evidence) -> bool:
    """Was the collector on, and did no full collection run?"""
    collector = evidence.gc
    enabled = isinstance(collector, Gc) and any(each.pid == pid and each.enabled for each in collector.collectors)
    return enabled and _full_collections(pid, evidence) == 0


def _full_collections(pid: int, evidence: Evidence) -> int | None:
    if isinstance(evidence.gc, Missing):
        return None
    found = (each for each in evidence.gc.collectors if each.pid == pid and each.generations)
    return next((each.generations[-1].collections for each in found), None)


def _time(hours: float) -> str:
    """As in "40 s", "25 min", "7 h", "12 days"."""
    for unit, per_h in (("s", 3600.0), ("min", 60.0), ("h", 1.0)):
        if hours * per_h < (100 if unit != "h" else 72):
            return f"{hours * per_h:.0f} {unit}"
    return f"{hours / 24:.0f} days"
