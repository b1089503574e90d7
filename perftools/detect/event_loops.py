"""What the threads of asyncio event loops did between two polls, as far as samples tell: handlers and their stretches.

A loop's thread runs one callback or one step of a task after the other, and polls for I/O in between; what a handler
computes without an `await` keeps all others waiting. Samples carry no time, and samples 10 ms apart in one handler may
be of one long step or of many short ones. Three things tell them apart:

- visits: samples in a row on one line, or in one handler, more than chance would bring together. The sampler's
  instants are spread at random (py-spy's timer.rs), so that samples of steps that are short against their distance are
  independent of one another: the number of runs then follows Wald and Wolfowitz (Ann. Math. Stat. 11, 1940).
- overhead: each step costs the loop and the server some work of their own. How many samples fall into it, against
  those in handlers, gives the length of a step.
- waits: a loop that sleeps between requests runs for S / (1 - rho) on average before it does (busy period of the
  M/G/1 queue), so that its voluntary context switches give S.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from perftools.causes import Evidence, Place
from perftools.hot import Frame, waits
from perftools.record import Missing, Samples, Sched, Stream, ThreadSched

SURE = 4.0
"""Standard deviations by which the number of runs has to fall short of chance."""
DEPTH = 4
"""Frames of the program's own, from the handler inwards, whose lines are looked at."""
UNSATURATED = 0.9
"""Part of the time that a loop's thread is runnable, up to which its waits tell the length of a step."""
_OVERHEAD_MS = {"h11": 1.0, "uvloop": 0.2, "": 0.5}
"""CPU that a request costs outside of its handler. With uvicorn 0.54 and h11 on CPython 3.12, 0.6 ms were measured
between requests of 1 ms and 0.5 to 1.4 ms between those of 12 to 140 ms; the others are estimates. The length that
follows is good to a factor of three."""
PART = 0.25
"""Part of a handler's samples from which a line is looked at for visits: a process that is frozen once on a rare line
would look like a visit."""
FEWEST_VISITS = 6
_LOOP = frozenset("_run _run_once run_forever run_until_complete run".split())
_SERVING = frozenset({"asyncio", "selectors", "ssl", "socket"})

Step = tuple[tuple[str, str, int], ...]
"""Frames of the program's own, from the handler inwards: (file, function, line)."""


class Sampled(NamedTuple):
    """What one stack of a loop's thread is doing."""

    step: Step
    """Empty where the server or the loop itself is at work."""
    polling: bool
    """It looks for I/O: between two steps, and no overhead of one."""


@dataclass
class Loop:
    """One event loop's thread, by its samples."""

    pid: int
    thread: int | str
    period_s: float
    """Mean time between two sampling instants."""
    instants: int
    """At which the thread could have been seen."""
    overhead_ms: float
    sched: ThreadSched | None
    span_s: float
    streams: list[list[Sampled]] = field(default_factory=list)

    @property
    def tid(self) -> int | None:
        """The kernel's id of the thread; None where its samples do not tell."""
        if isinstance(self.thread, int):
            return self.thread
        return self.pid if self.thread == "MainThread" else None

    @property
    def handlers(self) -> dict[Place, int]:
        """Samples by the outermost function of the program's own."""
        counts: dict[Place, int] = defaultdict(int)
        for sampled in self._samples():
            if sampled.step:
                counts[_place(sampled.step)] += 1
        return counts

    @property
    def busy(self) -> float:
        """Part of the time that the thread was ready to run."""
        if self.sched is None or self.span_s <= 0:
            return min(1.0, sum(map(len, self.streams)) / self.instants) if self.instants else 0.0
        return min(1.0, (self.sched.run_s + self.sched.wait_s) / self.span_s)

    @property
    def _running(self) -> float:
        """Part of the time that the thread was ready to run in which it did."""
        if self.sched is None or not self.sched.run_s:
            return 1.0
        return self.sched.run_s / (self.sched.run_s + self.sched.wait_s)

    @property
    def burst_s(self) -> float | None:
        """CPU time between two waits, mean; None where the kernel's counters are not known."""
        return None if self.sched is None else self.sched.run_s / max(self.sched.voluntary, 1)

    def visit_s(self, place: Place) -> float:
        """The CPU time for which samples in a row show one handler, or one line below it; 0 where none do.

        The longest of these means. While a thread waits for a CPU it stays where it is, which is left out.
        """
        steps = [each.step for each in self._samples()]
        own = [step for step in steps if step and _place(step) == place]
        states = Counter(step[:depth] for step in own for depth in range(1, min(DEPTH, len(step)) + 1))
        longest = visit([[bool(each.step) and _place(each.step) == place for each in one] for one in self.streams])
        for state, count in states.items():
            if count >= PART * len(own):
                flags = [[each.step[: len(state)] == state for each in one] for one in self.streams]
                longest = max(longest, visit(flags))
        return longest * self.period_s * self._running

    def step_s(self, place: Place) -> float:
        """The mean length of the handler's steps by the overhead between them (other handlers' steps left out).

        A poll between two of its samples ends a step for certain: steps are no longer than those are apart.
        """
        inside = overhead = polls = 0
        for stream in self.streams:
            since: list[Sampled] | None = None
            for sampled in stream:
                if not sampled.step:
                    if since is not None:
                        since.append(sampled)
                    continue
                own = _place(sampled.step) == place
                if own and since is not None:
                    overhead += sum(not each.polling for each in since)
                    polls += any(each.polling for each in since)
                inside += own
                since = [] if own else None
        apart_s = inside * self.period_s * self._running / polls if polls else math.inf
        return min(inside / (overhead + 1) * self.overhead_ms / 1000, apart_s)

    def waits_s(self, place: Place) -> float:
        """The mean length of a step by the thread's waits; 0 where they do not tell, or for a lesser handler."""
        inside, burst_s = self.handlers[place], self.burst_s
        if burst_s is None or self.busy > UNSATURATED or 2 * inside < sum(map(len, self.streams)):
            return 0.0
        return burst_s * (1 - self.busy)

    def _samples(self) -> Iterable[Sampled]:
        return (sampled for stream in self.streams for sampled in stream)


def loops(evidence: Evidence) -> list[Loop]:
    """The threads in which an asyncio or uvloop event loop was seen at work."""
    samples, profile = evidence.audit.observations.samples, evidence.profile
    if isinstance(samples, Missing) or profile is None:
        return []
    kind = "active" if profile.of == "cpu" else "gil"
    stacks = profile.stacks[: len(samples.stacks)]
    tails = [_below_loop(stack) for stack in stacks]
    serving = _SERVING | {
        frame.package for tail in tails if tail for frame in tail[: _first_user(tail)] if frame.owner == "library"
    }
    sampled = [_sampled(tail, serving) if tail is not None else None for tail in tails]
    found: dict[tuple[int, int | str], Loop] = {}
    for stream in samples.streams:
        if stream.kind != kind:
            continue
        own = [each for stack in stream.stacks if (each := sampled[stack]) is not None]
        if not own or 2 * len(own) <= len(stream.stacks):
            continue
        thread = (stream.pid, stream.thread if stream.tid is None else stream.tid)
        if thread not in found:
            here = [tails[stack] or () for stack in stream.stacks]
            found[thread] = _loop(stream, samples, evidence, _overhead_ms(here))
        found[thread].streams.append(own)
    return list(found.values())


def _loop(stream: Stream, samples: Samples, evidence: Evidence, overhead_ms: float) -> Loop:
    runs = [run for run in samples.runs if (run.pid, run.kind) == (stream.pid, stream.kind)]
    ticks = sum(run.ticks for run in runs)
    sched = evidence.audit.observations.sched
    threads = sched.threads if isinstance(sched, Sched) else ()
    loop = Loop(
        pid=stream.pid,
        thread=stream.thread if stream.tid is None else stream.tid,
        period_s=sum(run.duration_s for run in runs) / ticks if ticks else 1 / samples.rate_hz,
        instants=ticks,
        overhead_ms=overhead_ms,
        sched=None,
        span_s=sched.span_s if isinstance(sched, Sched) else 0.0,
    )
    loop.sched = next((each for each in threads if (each.pid, each.tid) == (loop.pid, loop.tid)), None)
    return loop


def handler_of(stack: tuple[Frame, ...]) -> Place | None:
    """The handler that a stack (root first) of a loop's thread is in; None where it is in none."""
    tail = _below_loop(stack)
    step = () if tail is None else _sampled(tail, _SERVING).step
    return _place(step) if step else None


def _below_loop(stack: tuple[Frame, ...]) -> tuple[Frame, ...] | None:
    """The frames that an event loop called (root first); None where there is no loop."""
    for index in range(len(stack) - 1, -1, -1):
        frame = stack[index]
        if frame.package == "uvloop" or (frame.package == "asyncio" and frame.name in _LOOP):
            return stack[index + 1 :]
    return None


def _first_user(tail: tuple[Frame, ...]) -> int:
    return next((index for index, frame in enumerate(tail) if frame.owner == "user"), 0)


def _sampled(tail: tuple[Frame, ...], serving: frozenset[str] | set[str]) -> Sampled:
    users = [index for index, frame in enumerate(tail) if frame.owner == "user"]
    polling = bool(tail) and tail[-1].package in ("selectors", "asyncio") and waits(tail[-1])
    if not users:
        return Sampled((), polling)
    below = next((frame for frame in tail[users[-1] + 1 :] if frame.opaque or frame.package in _SERVING), None)
    if below is not None and below.package in serving:
        return Sampled((), polling)
    return Sampled(tuple((tail[at].file, tail[at].name, tail[at].line) for at in users[:DEPTH]), polling=False)


def _overhead_ms(tails: Iterable[tuple[Frame, ...]]) -> float:
    packages = {frame.package for tail in tails for frame in tail}
    files = {frame.file.rpartition("/")[2] for tail in tails for frame in tail}
    if "h11" in packages or "h11_impl.py" in files:
        return _OVERHEAD_MS["h11"]
    return _OVERHEAD_MS["uvloop" if "uvloop" in packages else ""]


def _place(step: Step) -> Place:
    return Place(step[0][0], step[0][1])


def visit(streams: Sequence[Sequence[bool]]) -> float:
    """The mean length of a visit to a state, in samples; 0 where samples in a row are no more than chance.

    With k samples in a visit on average and g between two, at random, a visit leaves one with probability a = 1 -
    exp(-k) and what lies between two with b = 1 - exp(-g); visits with none between them look like one, and a run has
    k (1 / a + 1 / b - 1). k / g is known from the counts, so k follows from the mean run.
    """
    inside = outside = runs = runs_inside = 0
    expected = variance = 0.0
    for stream in streams:
        n, hits = len(stream), sum(stream)
        if not 0 < hits < n:
            inside += hits
            outside += 0 if hits else n
            runs_inside += bool(hits)
            continue
        changes = sum(one != other for one, other in itertools.pairwise(stream))
        product = 2 * hits * (n - hits)
        expected += 1 + product / n
        variance += product * (product - n) / (n * n * (n - 1))
        runs += changes + 1
        runs_inside += (changes + 1 + stream[0]) // 2
        inside, outside = inside + hits, outside + n - hits
    if runs_inside < FEWEST_VISITS or not outside or expected - runs < SURE * math.sqrt(variance) or variance <= 0:
        return 0.0
    return _length(inside / runs_inside, inside / outside)


def _length(mean_run: float, ratio: float) -> float:
    """k, where visits of k samples with k / `ratio` between them leave runs of `mean_run` (by bisection)."""
    low, high = 0.0, mean_run
    for _ in range(40):
        middle = (low + high) / 2
        seen, seen_between = -math.expm1(-middle), -math.expm1(-middle / ratio)
        if middle * (1 / seen + 1 / seen_between - 1) < mean_run:
            low = middle
        else:
            high = middle
    return low
