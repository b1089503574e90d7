"""Stacks, and the CPU time of the threads that they are of."""

from __future__ import annotations

from typing import Literal

from perftools.record.part import LONGEST_S, Cost, Part, require


class Run(Part, frozen=True, kw_only=True):
    """One sampler run: one process in one round."""

    pid: int
    round: int
    kind: Literal["active", "gil"]
    start_s: float
    duration_s: float
    ticks: int
    """Sampling instants in the run, of which each running thread should give one stack."""
    errors: int
    """Stacks that could not be read."""


class Stream(Part, frozen=True, kw_only=True):
    """One thread's samples of one run, in the order taken: blocks for the interval are formed inside it."""

    pid: int
    tid: int | None
    """Kernel thread id; None on targets <= 3.10, where the sampler cannot tell."""
    thread: str
    """The thread's Python name, "" where it has none."""
    round: int
    kind: Literal["active", "gil"]
    """A gil round records only whoever holds the GIL."""
    stacks: tuple[int, ...]
    """Indices into Samples.stacks."""


class Samples(Part, frozen=True, kw_only=True, tag="samples"):
    """Stacks of all workers over the window."""

    cost: Cost
    rate_hz: float
    frames: tuple[tuple[str, str, int], ...]
    """Function (qualified from 3.11 on), file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    runs: tuple[Run, ...]
    streams: tuple[Stream, ...]


class ThreadTime(Part, frozen=True, kw_only=True):
    """What the kernel's scheduler counted for one thread in one round (/proc/PID/task/TID/schedstat)."""

    pid: int
    tid: int
    name: str
    """The kernel's name of the thread (comm)."""
    round: int
    run_s: float
    """On a CPU."""
    wait_s: float
    """Runnable, waiting for a CPU."""


class RoundTime(Part, frozen=True, kw_only=True):
    """When a round ran, and the CPU time that one process used in it (threads that ended are in it)."""

    pid: int
    round: int
    start_s: float
    duration_s: float
    cpu_s: float


class Threads(Part, frozen=True, kw_only=True, tag="threads"):
    """CPU and run-queue time of every thread that ran, by round; threads that never ran are left out."""

    cost: Cost
    rounds: tuple[RoundTime, ...]
    times: tuple[ThreadTime, ...]


def check_samples(samples: Samples) -> None:
    """Raise msgspec.ValidationError where no sampler could have said so."""
    frames, stacks, pids = len(samples.frames), len(samples.stacks), {run.pid for run in samples.runs}
    require(samples.rate_hz > 0, "samples: rate_hz must be positive")
    for run in samples.runs:
        in_range = 0 <= run.start_s <= LONGEST_S and 0 <= run.duration_s <= LONGEST_S and run.ticks >= 0
        require(in_range, "samples: a run's times or ticks are out of range")
    for stack in samples.stacks:
        require(all(0 <= at < frames for at in stack), "samples: a stack names a frame that is not there")
    for stream in samples.streams:
        require(all(0 <= at < stacks for at in stream.stacks), "samples: a stream names a stack that is not there")
        require(stream.pid in pids, "samples: a stream is of a process that no run looked at")


def check_threads(threads: Threads) -> None:
    """Raise msgspec.ValidationError where no kernel could have said so."""
    seconds = [time.run_s for time in threads.times] + [round_.cpu_s for round_ in threads.rounds]
    require(all(0 <= each <= LONGEST_S for each in seconds), "threads: CPU seconds out of range")
