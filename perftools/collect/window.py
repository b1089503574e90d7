"""The window: one loop of rounds for everything that observes, ended early, on time, or later when there is no load."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import Literal

from perftools.collect.crew import Crew
from perftools.collect.interrupts import Interrupts
from perftools.collect.recorder import Kind, Progress, Recorder
from perftools.errors import Gone
from perftools.record import Missing, Observations, Process, Quality, Samples, Target, Threads
from perftools.target.proc import HOST

ROUND_S = 2.0
GIL_EVERY = 4
"""One round in so many looks at GIL holders alone."""
EARLY_S = 8.0
"""No window ends earlier because enough is known."""
BUSY_SAMPLES = 20
BUSY_CORES = 0.02
"""Fewer samples than that, at less CPU than that: idle."""

_EXTENDED = 2.0  # without load a window goes on to so many times its length
_STEP_S = 0.02

Ended = Literal["complete", "early", "extended", "interrupted", "gone"]


def observe(
    target: Target,
    recorders: Sequence[Recorder],
    *,
    window_s: float,
    exact: bool,
    enough: Callable[[Observations], bool],
    after_round: Callable[[Observations], None],
    at_work: Callable[[Observations], bool] = lambda seen: False,
    progress: Progress | None = None,
) -> tuple[Observations, Quality]:
    """Run the recorders on the target for about `window_s`, in rounds, and give what they saw.

    Rounds begin in reverse order and end in order, so that the last recorder's counters span the first one's sampling:
    put those that wait for children first. `after_round` is called with all that was seen up to now; from 8 s on the
    window ends as soon as `enough` says so. Without load it goes on to twice its length; what uses no CPU is loaded all
    the same where `at_work` says so. `exact` disables both.

    Ctrl-C ends it and gives what there is; a second one raises KeyboardInterrupt. Other signals need no handler here:
    recorders' children die with us and leave no file. Raises Gone where the target ended before it was seen at work.
    """
    crew = Crew(recorders)
    try:
        window = _Window(target, crew, progress, window_s, at_work)
        with Interrupts() as interrupts:
            ended = window.run(interrupts, exact=exact, enough=enough, after_round=after_round)
            window.stop_clock()
        observations = crew.observations()
        if ended == "gone" and _busy_samples(observations) < BUSY_SAMPLES:
            raise Gone(
                "the service ended in the window, before it was seen at work",
                looked_at={"seconds": round(window.elapsed_s(), 1), "samples": _busy_samples(observations)},
            )
        return observations, window.quality(observations, ended)
    finally:
        crew.close()


def loaded(observations: Observations) -> bool:
    """Whether the service did enough to be judged: 20 busy samples, or 2 % of a core.

    A thread that only wakes and sleeps gives samples too; so no more are counted than its CPU time would give.
    """
    samples, threads = observations.samples, observations.threads
    busy = float(_busy_samples(observations))
    if isinstance(threads, Missing):
        return busy >= BUSY_SAMPLES
    cpu_s = sum(part.cpu_s for part in threads.rounds)
    span_s = sum({part.round: part.duration_s for part in threads.rounds}.values())
    if isinstance(samples, Samples):
        waited_s = sum(part.wait_s for part in threads.times)
        busy = min(busy, (cpu_s + waited_s) * samples.rate_hz)
    return busy >= BUSY_SAMPLES or cpu_s >= BUSY_CORES * span_s


class _Window:
    """The state of one window."""

    def __init__(
        self,
        target: Target,
        crew: Crew,
        progress: Progress | None,
        window_s: float,
        at_work: Callable[[Observations], bool],
    ) -> None:
        self._target = target
        self._crew = crew
        self._progress = progress
        self._planned_s = window_s
        self._at_work = at_work
        self._round_s = _round_s(window_s)
        self._rounds = 0
        self._warnings: dict[str, None] = {}  # in order, each once
        self._extended = False
        self._stacks = 0
        self._cpu_percent: float | None = None
        self._start_unix_ns = time.time_ns()
        self._pids = frozenset(HOST.pids())
        self._start_s = time.monotonic()
        self._end_s: float | None = None
        self._cpu_start_s = _own_cpu_s()

    def run(
        self,
        interrupts: Interrupts,
        *,
        exact: bool,
        enough: Callable[[Observations], bool],
        after_round: Callable[[Observations], None],
    ) -> Ended:
        """Rounds until the window's end, and how it ended."""
        seen_gil = False
        while (left_s := self._planned_s - self.elapsed_s()) > _STEP_S:
            last = left_s < 1.5 * self._round_s  # rather a longer round than a stub
            number = self._rounds
            kind: Kind = "gil" if number % GIL_EVERY == GIL_EVERY - 1 or (last and not seen_gil) else "active"
            seen_gil = seen_gil or kind == "gil"
            self._round(number, kind, left_s if last else self._round_s, interrupts)
            self._rounds += 1
            if not interrupts.count:
                observations = self._crew.observations()
                self._count(observations)
                after_round(observations)
            if interrupts.count:
                return "interrupted"
            if not self._still_there():
                return "gone"
            if exact:
                continue
            is_loaded = self._is_loaded(observations)
            if is_loaded and self.elapsed_s() >= EARLY_S and enough(observations):
                return "extended" if self._extended else "early"
            if not is_loaded and not self._extended and self._planned_s - self.elapsed_s() <= _STEP_S:
                self._extended = True
                self._planned_s *= _EXTENDED
        return "extended" if self._extended else "complete"

    def quality(self, observations: Observations, ended: Ended) -> Quality:
        """How the window went."""
        self._warnings |= dict.fromkeys(self._crew.warnings())
        if born := self._born():
            self._warn(f"processes started in the window, and not sampled: {born}")
        return Quality(
            start_unix_ns=self._start_unix_ns,
            window_s=self.elapsed_s(),
            rounds=self._rounds,
            round_s=self._round_s,
            loaded=self._is_loaded(observations),
            ended=ended,
            observer_cpu_s=_own_cpu_s() - self._cpu_start_s + self._crew.living_cpu_s(),
            warnings=tuple(self._warnings),
        )

    def _is_loaded(self, observations: Observations) -> bool:
        return loaded(observations) or self._at_work(observations)

    def stop_clock(self) -> None:
        self._end_s = time.monotonic()

    def elapsed_s(self) -> float:
        return (self._end_s or time.monotonic()) - self._start_s

    def _round(self, number: int, kind: Kind, duration_s: float, interrupts: Interrupts) -> None:
        end_s = time.monotonic() + duration_s
        self._crew.begin_round(number, kind, duration_s)
        while (now := time.monotonic()) < end_s and not interrupts.count:
            self._crew.step()
            self._show()
            time.sleep(max(0.0, min(now + _STEP_S, end_s) - time.monotonic()))
        self._crew.end_round()

    def _count(self, observations: Observations) -> None:
        """What progress shows until the next round ends."""
        if isinstance(observations.samples, Samples):
            self._stacks = sum(len(stream.stacks) for stream in observations.samples.streams)
        if isinstance(observations.threads, Threads) and observations.threads.rounds:
            number = observations.threads.rounds[-1].round
            last = [part for part in observations.threads.rounds if part.round == number]
            self._cpu_percent = 100 * sum(part.cpu_s / part.duration_s for part in last)

    def _show(self) -> None:
        if self._progress is not None:
            self._progress(
                elapsed_s=self.elapsed_s(),
                planned_s=self._planned_s,
                stacks=self._stacks,
                cpu_percent=self._cpu_percent,
                note="no load yet: looking on for as long again" if self._extended else "",
            )

    def _still_there(self) -> bool:
        """Whether a worker still runs; notes those that ended and those that are stopped."""
        states = {process.pid: _state(process) for process in self._target.workers}
        for pid, state in states.items():
            if state is None:
                self._warn(f"worker {pid} ended in the window")
            elif state == "T":
                self._warn(f"worker {pid} was stopped (state T) in the window: it gave no samples then")
        return any(states.values())

    def _warn(self, text: str) -> None:
        self._warnings[text] = None

    def _born(self) -> int:
        """Processes below the service's that were not there at the window's start, and are now."""
        family = {process.pid for process in self._target.processes}
        stats = [stat for pid in set(HOST.pids()) - self._pids if (stat := HOST.stat(pid))]
        born = 0
        for stat in sorted(stats, key=lambda stat: stat.start_ticks):  # parents before their children
            if stat.parent in family:
                family.add(stat.pid)
                born += 1
        return born


def _round_s(window_s: float) -> float:
    """2 s; less in short windows, for at least three rounds: one of them looks at GIL holders."""
    if window_s >= GIL_EVERY * ROUND_S:
        return ROUND_S
    return 1.0 if window_s >= GIL_EVERY else window_s / GIL_EVERY


def _busy_samples(observations: Observations) -> int:
    """Of the kind of run that shows most: on old targets only GIL holders are certain to be busy."""
    if isinstance(observations.samples, Missing):
        return 0
    by_kind = {"active": 0, "gil": 0}
    for stream in observations.samples.streams:
        by_kind[stream.kind] += len(stream.stacks)
    return max(by_kind.values())


def _state(process: Process) -> str | None:
    """State letter of proc(5); None where the process has ended."""
    stat = HOST.stat(process.pid)
    if stat is None or stat.start_ticks != process.start_ticks or stat.state in "ZX":
        return None
    return stat.state


def _own_cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
