"""event-loop-blocked: a handler computes for long in an asyncio event loop's thread, and other requests wait.

What it finds. A task or callback that runs for 50 ms and more without giving the loop back: computing in an `async def`
function, or a call that is not awaited. Meanwhile the loop answers nobody, accepts nothing and lets timers pass.

How. Directly: the loop's own clock says whether it has polled since the last look, up to 50 a second, and the thread's
CPU time from the first to the last look at one step is a stretch (`collect.loops`; asyncio's own loop, and coroutines
on uvloop). Elsewhere from the order of the samples of the loop's thread, the work that lies between two steps, and the
kernel's count of its waits (`detect.event_loops`): the first 50 ms that can be told so are several samples long, at 25
samples a second only stretches of about 200 ms. What waits without using a CPU (`time.sleep`, a blocking
`requests.get`) is not seen. On Python <= 3.10 samples show only holders of the GIL.

What it leaves alone. Many short steps, however busy the loop; work in executor threads; a handler that blocks for less
than 5 % of the time: a request that comes in meanwhile is one of twenty, and waits for half a stretch on average.

What to do. Take the work out of the loop: make it short, or run it in a process pool, or in a thread where it releases
the GIL.

Limits: `stretch_ms`, `high_ms`: length of a stretch; `share`, `high_share`: part of the time spent in them;
`doubt`: by how much the overhead between steps may speak for shorter ones; `queue`: stretches that follow one another
without a wait, from which requests are known to queue: without that, others may not have been there to be harmed, and
the finding is one degree lower; `own_samples`: fewer tell nothing; `steps`: so many must have been seen directly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perftools.causes import Evidence, Place, function_of
from perftools.detect import list_hot_path, pandas_hot_path
from perftools.detect.event_loops import Loop, loops
from perftools.detect.judging import FEWEST_BUSY, fingerprint, unjudged
from perftools.detect.load import counted
from perftools.detect.loop_steps import Long, long_steps
from perftools.finding import Estimate, Finding, Measure, Ok, Severity, Where
from perftools.record import Missing

id = "event-loop-blocked"
limits: Mapping[str, float] = {
    "stretch_ms": 50,
    "high_ms": 200,
    "share": 0.05,
    "high_share": 0.20,
    "doubt": 3,
    "queue": 3,
    "own_samples": FEWEST_BUSY,
    "steps": 3,
}


@dataclass(frozen=True)
class Stretch:
    """How long one handler keeps one loop."""

    loop: Loop
    place: Place
    seconds: float
    """CPU time of a stretch: what the handler is to blame for."""
    basis: str
    n: int
    """Of the observations that it is taken from."""
    share: float
    """Part of the time that the loop spends in this handler."""
    queued: bool
    """Several followed one another without a wait: requests were there."""


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A finding for each handler that blocks; Ok where no loop was seen, or none is blocked."""
    if (missing := unjudged(evidence)) is not None:
        return missing
    seen = loops(evidence)
    if not seen:
        return Ok(rule=id, says="no asyncio event loop was at work")
    blocked: dict[Place, list[Stretch]] = defaultdict(list)
    directly = long_steps(evidence, limits["stretch_ms"] / 1000)
    for loop in seen:
        long = directly.get((loop.pid, loop.tid or 0), {})
        for place, count in loop.handlers.items():
            stretch = _long(loop, long.get(place), place, limits) or _stretch(loop, place, count, limits)
            if stretch is not None:
                blocked[place].append(stretch)
    if not blocked:
        busiest = max(loop.busy for loop in seen)
        return Ok(rule=id, says=f"no stretch of {limits['stretch_ms']:.0f} ms shows; the loop is busy for "
                  f"{100 * busiest:.0f} % of the time")  # fmt: skip
    findings = [_finding(each, evidence, limits) for each in blocked.values()]
    return sorted(findings, key=lambda finding: -finding.rank)


def _long(loop: Loop, long: Long | None, place: Place, limits: Mapping[str, float]) -> Stretch | None:
    """A handler whose steps were seen to run on; None where too few were, or too little of the time."""
    if long is None or long.steps < limits["steps"] or long.share < limits["share"]:
        return None
    basis = "CPU time in one step, as far as it was seen"
    return Stretch(loop, place, long.seconds, basis, long.steps, long.share, _queued(loop, long.seconds, limits))


def _stretch(loop: Loop, place: Place, count: int, limits: Mapping[str, float]) -> Stretch | None:
    """How a handler blocks; None where it does not, or too little."""
    share = min(1.0, count / loop.instants) if loop.instants else 0.0
    if count < limits["own_samples"] or share < limits["share"]:
        return None
    least_s = limits["stretch_ms"] / 1000
    by_overhead_s = loop.step_s(place)
    if by_overhead_s * limits["doubt"] < least_s:
        return None
    told = (  # the surest first
        ("stretch, from samples in a row, about", loop.visit_s(place)),
        ("stretch, from the waits of the loop's thread, about", loop.waits_s(place)),
        ("stretch, from the samples in the server's code between them, about", by_overhead_s),
    )
    basis, seconds = next(((basis, seconds) for basis, seconds in told if seconds >= least_s), ("", 0.0))
    if not seconds:
        return None
    return Stretch(loop, place, seconds, basis, loop.instants, share, _queued(loop, seconds, limits))


def _queued(loop: Loop, seconds: float, limits: Mapping[str, float]) -> bool:
    """Whether so many stretches followed one another that requests were there in the meantime."""
    return loop.burst_s is not None and loop.burst_s >= limits["queue"] * seconds


def _severity(found: Sequence[Stretch], limits: Mapping[str, float]) -> Severity:
    """By the worst loop: high for long stretches that take much of the time, one degree less without a queue."""
    severe = any(1000 * each.seconds >= limits["high_ms"] and each.share >= limits["high_share"] for each in found)
    if any(each.queued for each in found):
        return "high" if severe else "medium"
    return "medium" if severe else "low"


def _finding(found: Sequence[Stretch], evidence: Evidence, limits: Mapping[str, float]) -> Finding:
    worst = max(found, key=lambda each: each.share * each.seconds)
    lines = _lines(worst.place, evidence)
    total = sum(lines.values()) or 1.0
    line = max(lines, key=lambda each: lines[each])
    function = function_of(worst.place.file, line, worst.place.function, evidence.code)
    where = Where(file=worst.place.file, line=line, function=function)
    meanwhile = "other requests wait" if worst.queued else "other requests wait if any come in"
    return Finding(
        rule=id,
        severity=_severity(found, limits),
        title=f"{function}() keeps the event loop for about {1000 * worst.seconds:.0f} ms of CPU at a time; "
        f"{meanwhile}",
        where=where,
        share=Estimate(
            value=worst.share, low=worst.share, high=worst.share, unit="share", n=worst.loop.instants, of="wall"
        ),
        evidence=tuple(_rows(found, worst, evidence)),
        facts=(),
        heat=tuple((at, seconds / total) for at, seconds in sorted(lines.items(), key=lambda pair: -pair[1])[:5]),
        why="An event loop runs one step at a time, to the next `await`. Until then it reads no request, sends no "
        f"answer and lets timers pass. One that comes in at a random moment meets this with "
        f"{100 * worst.share:.0f} % and then waits for half a stretch on average, {500 * worst.seconds:.0f} ms.",
        todo=_todo(worst.place, line, evidence),
        fingerprint=fingerprint(id, where, evidence.code),
        rank=worst.share,
    )


def _rows(found: Sequence[Stretch], worst: Stretch, evidence: Evidence) -> Iterator[Measure | str]:
    loop = worst.loop
    yield counted(worst.basis, 1000 * worst.seconds, "ms", worst.n)
    yield counted("mean time between two samples", 1000 * loop.period_s, "ms", loop.instants)
    yield counted("time that the loop's thread is ready to run", 100 * loop.busy, "%")
    if loop.burst_s is not None:
        yield counted("CPU time of the thread between two waits, mean", 1000 * loop.burst_s, "ms")
    if worst.queued:
        yield "stretches follow one another without a wait: requests queue"
    else:
        yield "whether several requests were in flight at once was not seen"
    if evidence.profile is not None and evidence.profile.of == "gil":
        yield "only holders of the GIL were seen: native code that releases it comes on top"
    if len(found) > 1:
        yield f"in {len(found)} workers"


def _lines(place: Place, evidence: Evidence) -> dict[int, float]:
    """CPU seconds by the handler's line."""
    profile = evidence.profile
    assert profile is not None
    lines: dict[int, float] = defaultdict(float)
    for stack, weight in zip(profile.stacks, profile.weight, strict=True):
        frame = next((each for each in stack if each.file == place.file and each.name == place.function), None)
        if frame is not None:
            lines[frame.line] += weight
    return lines


def _todo(place: Place, line: int, evidence: Evidence) -> str:
    causes = [
        f"{each.rule} at {each.where.file.rpartition('/')[2]}:{each.where.line}"
        for each in _causes(place, evidence)
        if each.where is not None
    ]
    out = (
        f"Take the call at line {line} out of the loop: `await asyncio.get_running_loop().run_in_executor(pool, …)` "
        "with a `ProcessPoolExecutor` for Python code, or `await asyncio.to_thread(…)` where it releases the GIL "
        "(numpy, I/O). In FastAPI and Starlette a plain `def` handler runs in a thread by itself."
    )
    if causes:
        said = f"First make it short: the time is that of {' and '.join(causes)}, a finding of its own."
        return f"{said} If it stays long: {out[0].lower()}{out[1:]}"
    return out


def _causes(place: Place, evidence: Evidence) -> list[Finding]:
    """Findings about code that this handler runs: what makes the stretch long."""
    profile = evidence.profile
    assert profile is not None
    found: list[Finding] = []
    for rule in (list_hot_path, pandas_hot_path):
        answer = rule.detect(evidence)
        found += [each for each in answer if isinstance(each, Finding)] if isinstance(answer, list) else []
    through = {
        (frame.file, frame.line)
        for stack, weight in zip(profile.stacks, profile.weight, strict=True)
        if weight > 0 and any((each.file, each.name) == (place.file, place.function) for each in stack)
        for frame in stack
    }
    return [
        each
        for each in found
        if each.where is not None
        and any((each.where.file, line) in through for line in (each.where.line, *(at for at, _ in each.heat)))
    ]
