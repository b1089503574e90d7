"""Samples -> CPU seconds by stack: waiting and start-up dropped, threads weighted by the kernel's clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from perftools.finding import Estimate
from perftools.hot.frames import Frame, classify, cut_at_process_entry, starts_up, waits
from perftools.hot.interval import Strand, share
from perftools.record import Missing, Samples, Threads

Thread = tuple[int, int | str]

FEWEST_INSTANTS = 50
"""Sampling instants with a CPU in use, below which the part that holds the GIL is off by more than a tenth: with n
independent instants its standard error is at most 0.5 / √n."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Where the CPU time of the service's workers went, by distinct stack."""

    of: Literal["cpu", "gil"]
    """"gil" on targets <= 3.10, where idle threads look active: shares are of GIL-held time."""
    stacks: tuple[tuple[Frame, ...], ...]
    """Root first."""
    weight: tuple[float, ...]
    """CPU seconds behind each stack; 0 for waiting and start-up."""
    count: tuple[int, ...]
    """Busy samples of each stack."""
    held: tuple[float, ...]
    """GIL-held seconds of each stack, from the gil rounds, scaled to the CPU of the window."""
    waited: tuple[float, ...]
    """Seconds of the window that threads waited in this stack, summed over them."""
    strands: tuple[Strand, ...]
    gil_rounds: bool
    """Whether there were any in which enough was done to tell who holds the GIL."""
    cpu_s: float
    """CPU that the workers used over the window, by the kernel's count."""
    unseen_s: float
    """Of it, the CPU of threads without a sample: native pools, samples lost."""
    first_half: frozenset[int]
    """Stacks seen only in the first half of the rounds in which their process was sampled."""

    @property
    def total(self) -> float:
        """CPU seconds behind all busy samples; start-up, which is over soon, is no part of it."""
        return sum(self.weight)

    def estimate(self, members: Iterable[int], pid: int | None = None) -> Estimate:
        """The share of `members` (stack indices) of the whole service, or of one process."""
        strands = [strand for strand in self.strands if pid is None or strand.thread[0] == pid]
        interval = share(strands, frozenset(members))
        return Estimate(
            value=interval.value,
            low=interval.low,
            high=interval.high,
            unit="share",
            n=interval.n,
            of=self.of,
            few=interval.few,
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes with busy samples."""
        return tuple(sorted({strand.thread[0] for strand in self.strands if strand.stacks}))


def profile(
    samples: Samples,
    threads: Threads | Missing,
    user_paths: Sequence[str] = (),
    *,
    waits_at: Callable[[Frame], bool] = lambda frame: False,
) -> Profile:
    """Turn samples into a profile.

    `waits_at` says whether a user's line waits (`time.sleep`, `q.get()`: C waits have no frame of their own).
    """
    frames = [classify(*frame, user_paths) for frame in samples.frames]
    stacks = tuple(cut_at_process_entry(tuple(frames[at] for at in reversed(stack))) for stack in samples.stacks)
    state = [_state(stack, waits_at) for stack in stacks]
    kind: Literal["active", "gil"] = "active" if any(run.kind == "active" for run in samples.runs) else "gil"

    used: dict[Thread, int] = Counter()
    instant_s = {pid: _instant_s(samples, pid, kind) for pid in {run.pid for run in samples.runs}}
    waited = [0.0] * len(stacks)
    for stream in samples.streams:
        if stream.kind != kind:
            continue
        thread = (stream.pid, _thread(stream.tid, stream.thread))
        for stack in stream.stacks:
            if state[stack] == "waiting":
                waited[stack] += instant_s[stream.pid]
            else:
                used[thread] += 1
    seconds, cpu_s, unseen_s = _weights(samples, threads, used, kind, instant_s)

    weight, count = [0.0] * len(stacks), [0] * len(stacks)
    strands: list[Strand] = []
    half = {
        pid: _half(run.round for run in samples.runs if (run.pid, run.kind) == (pid, kind))
        for pid in {run.pid for run in samples.runs}
    }
    late: set[int] = set()
    for stream in samples.streams:
        if stream.kind != kind:
            continue
        thread = (stream.pid, _thread(stream.tid, stream.thread))
        kept = tuple(stack for stack in stream.stacks if state[stack] == "busy")
        if not kept:
            continue
        strands.append(Strand(thread, stream.round, seconds[thread], kept))
        for stack in kept:
            weight[stack] += seconds[thread]
            count[stack] += 1
        if stream.round >= half[stream.pid]:
            late.update(kept)
    held, gil_rounds = _held(samples, threads, state, len(stacks))
    return Profile(
        of="cpu" if kind == "active" else "gil",
        stacks=stacks,
        weight=tuple(weight),
        count=tuple(count),
        held=held,
        waited=tuple(waited),
        strands=tuple(strands),
        gil_rounds=gil_rounds,
        cpu_s=cpu_s,
        unseen_s=unseen_s,
        first_half=frozenset(at for at in range(len(stacks)) if count[at] and at not in late),
    )


def _state(stack: tuple[Frame, ...], waits_at: Callable[[Frame], bool]) -> Literal["busy", "waiting", "startup"]:
    if not stack or starts_up(stack):
        return "startup"
    leaf = stack[-1]
    return "waiting" if waits(leaf) or (leaf.owner == "user" and waits_at(leaf)) else "busy"


def _thread(tid: int | None, name: str) -> int | str:
    return name if tid is None else tid


def _half(rounds: Iterable[int]) -> int:
    """The first round of the second half."""
    numbers = sorted(set(rounds))
    return numbers[len(numbers) // 2] if numbers else 0


def _weights(
    samples: Samples,
    threads: Threads | Missing,
    used: dict[Thread, int],
    kind: Literal["active", "gil"],
    instant_s: dict[int, float],
) -> tuple[dict[Thread, float], float, float]:
    """CPU seconds behind one sample of each thread; the workers' CPU, and the part of it that no sample explains.

    `used`: samples of each thread that used CPU, whether busy or starting up: an import takes its part of the CPU too.
    A thread whose CPU the kernel's per-thread files do not show (it lived within one round, or its id is unknown)
    takes its part of what the process used beyond the threads that are known.
    """
    sampled = {run.pid for run in samples.runs}
    if isinstance(threads, Missing):
        equal = {thread: instant_s[thread[0]] for thread in used}
        return equal, sum(equal[thread] * count for thread, count in used.items()), 0.0
    run_s: dict[Thread, float] = defaultdict(float)
    for time in threads.times:
        if time.pid in sampled:
            run_s[time.pid, time.tid] += time.run_s
    process_s: dict[int, float] = defaultdict(float)
    for round_time in threads.rounds:
        if round_time.pid in sampled:
            process_s[round_time.pid] += round_time.cpu_s
    for pid in sampled:  # the process's clock ticks at 10 ms: the threads' sum may be finer and larger
        process_s[pid] = max(process_s[pid], sum(run for (owner, _), run in run_s.items() if owner == pid))
    cpu_s = sum(process_s.values())
    seconds: dict[Thread, float] = {}
    unseen_s = 0.0
    for pid in sampled:
        mine = {thread: count for thread, count in used.items() if thread[0] == pid}
        known = {thread for thread in mine if run_s.get(thread, 0.0) > 0} if kind == "active" else set()
        for thread in known:
            seconds[thread] = run_s[thread] / mine[thread]
        others = sum(count for thread, count in mine.items() if thread not in known)
        named = sum(run for thread, run in run_s.items() if thread[0] == pid)
        explained = sum(run_s[thread] for thread in known)
        rest = max(0.0, process_s[pid] - (named if known else 0.0))
        if others:
            ceiling = others * instant_s[pid]
            for thread in mine.keys() - known:
                seconds[thread] = min(rest, ceiling) / others if rest > 0 else 1e-6
            explained += min(rest, ceiling)
        unseen_s += max(0.0, process_s[pid] - explained)
    return seconds, cpu_s, unseen_s


def _instant_s(samples: Samples, pid: int, kind: Literal["active", "gil"]) -> float:
    """Seconds of the window behind one sampling instant of a process: rates differ, and workers take turns."""
    ends = [run.start_s + run.duration_s for run in samples.runs]
    starts = [run.start_s for run in samples.runs]
    ticks = sum(run.ticks for run in samples.runs if run.pid == pid and run.kind == kind)
    return (max(ends) - min(starts)) / ticks if ticks else 1 / samples.rate_hz


def _held(
    samples: Samples, threads: Threads | Missing, state: Sequence[str], size: int
) -> tuple[tuple[float, ...], bool]:
    """A ratio estimate: the gil rounds' holding for the gil rounds' CPU, since load comes and goes between rounds."""
    held = [0.0] * size
    if not any(run.kind == "gil" for run in samples.runs):
        return tuple(held), False
    scale, busy = {}, 0.0
    for pid in {run.pid for run in samples.runs}:
        scale[pid], instants = _gil_instant_s(samples, threads, pid)
        busy += instants
    on_cpu = _on_cpu(samples, threads)
    for stream in samples.streams:
        if stream.kind == "gil":
            part = on_cpu.get((stream.pid, stream.tid), 1.0)
            for stack in stream.stacks:
                if state[stack] != "startup":
                    held[stack] += scale[stream.pid] * part
    return tuple(held), busy >= FEWEST_INSTANTS


def _on_cpu(samples: Samples, threads: Threads | Missing) -> dict[tuple[int, int | None], float]:
    """Of each thread, the part of its runnable time that it ran in gil rounds: it keeps the GIL while it waits."""
    if isinstance(threads, Missing):
        return {}
    rounds = {(run.pid, run.round) for run in samples.runs if run.kind == "gil"}
    run_s: dict[tuple[int, int | None], float] = defaultdict(float)
    ready_s: dict[tuple[int, int | None], float] = defaultdict(float)
    for time in threads.times:
        if (time.pid, time.round) in rounds:
            run_s[time.pid, time.tid] += time.run_s
            ready_s[time.pid, time.tid] += time.run_s + time.wait_s
    return {thread: run_s[thread] / ready_s[thread] for thread in ready_s if ready_s[thread] > 0}


def _gil_instant_s(samples: Samples, threads: Threads | Missing, pid: int) -> tuple[float, float]:
    """CPU seconds of the window behind one instant at which the GIL was held; at how many instants a CPU was used."""
    plain = _instant_s(samples, pid, "gil")
    runs = {run.round: run for run in samples.runs if (run.pid, run.kind) == (pid, "gil")}
    ticks, span_s = sum(run.ticks for run in runs.values()), sum(run.duration_s for run in runs.values())
    if isinstance(threads, Missing) or not ticks:
        return plain, float(ticks)
    rounds = [each for each in threads.rounds if each.pid == pid]
    inside = [each for each in rounds if each.round in runs and each.duration_s > 0]
    if not inside:
        return plain, float(ticks)
    inside_s = sum(each.cpu_s * min(1.0, runs[each.round].duration_s / each.duration_s) for each in inside)
    if inside_s <= 0:
        return plain, 0.0
    return span_s / ticks * sum(each.cpu_s for each in rounds) / inside_s, inside_s * ticks / span_s
