"""Where threads and tasks stand while they do not run, and how long event loops are held up."""

from __future__ import annotations

from typing import Literal

from perftools.record.part import LONGEST_S, Cost, Missing, Part, require


class Wait(Part, frozen=True, kw_only=True):
    """How often a thread, or a task of an event loop, was found standing at one place, off the CPU."""

    pid: int
    kind: Literal["thread", "task"]
    stack: int
    """Index into Waits.stacks."""
    call: str
    """What it stands in: a thread's system call ("recvfrom", "futex"), what a task awaits ("StreamReader", "gather");
    "" where that could not be read."""
    looks: int
    """Summed over the threads or tasks that stood there: divided by its process's looks, how many did on average."""
    longest_s: float
    """For how long one of them was seen there without having run meanwhile, at most; a task: at the same place."""


class WaitLooks(Part, frozen=True, kw_only=True):
    """How often the threads and tasks of one process were looked at, regular in time."""

    pid: int
    looks: int
    span_s: float
    """From the first look to the last."""
    failed: int
    """Threads, and lists of tasks, that a look could not read: the target ran on meanwhile."""
    running: int
    """Sum over the looks of the threads that were found on a CPU or ready for one."""
    gil: int | None
    """The same of threads that waited for the GIL, which are in no Wait; None where these could not be told."""
    tasks: Missing | None = None
    """Why tasks could not be seen; None where they could, or there is no event loop."""


class Waits(Part, frozen=True, kw_only=True, tag="waits"):
    """Where threads and tasks stand while they do not run, from our own walks."""

    cost: Cost
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once. Of a task: the innermost await first."""
    looks: tuple[WaitLooks, ...]
    waits: tuple[Wait, ...]


class LoopStep(Part, frozen=True, kw_only=True):
    """A callback, or a step of a task, that an event loop was seen to run more than once: it had not come back between.

    It began before the first of these looks and ended after the last one: it was longer than is said here.
    """

    pid: int
    tid: int
    stack: int
    """Index into EventLoops.stacks: where it stood at the last look."""
    looks: int
    lasted_s: float
    ran_s: float
    """CPU time of the loop's thread between these looks."""


class LoopLooks(Part, frozen=True, kw_only=True):
    """How often one event loop was looked at, regular in time."""

    pid: int
    tid: int
    kind: Literal["asyncio", "uvloop"]
    looks: int


class EventLoops(Part, frozen=True, kw_only=True, tag="loops"):
    """The steps of asyncio and uvloop event loops that used 20 ms of CPU and more, from our own walks."""

    cost: Cost
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    loops: tuple[LoopLooks, ...]
    steps: tuple[LoopStep, ...]


def check_waits(seen: Waits) -> None:
    """Raise msgspec.ValidationError where no look could have said so."""
    frames, stacks, pids = len(seen.frames), len(seen.stacks), {each.pid for each in seen.looks}
    for stack in seen.stacks:
        require(all(0 <= at < frames for at in stack), "waits: a stack names a frame that is not there")
    for wait in seen.waits:
        require(0 <= wait.stack < stacks, "waits: a wait names a stack that is not there")
        require(wait.pid in pids, "waits: a wait is of a process that was not looked at")
        require(wait.looks >= 0 and 0 <= wait.longest_s <= LONGEST_S, "waits: a wait is out of range")
    for each in seen.looks:
        counts = (each.looks, each.failed, each.running, each.gil or 0)
        require(min(counts) >= 0 and 0 <= each.span_s <= LONGEST_S, "waits: looks are out of range")


def check_loops(seen: EventLoops) -> None:
    """Raise msgspec.ValidationError where no look could have said so."""
    frames, stacks, loops = len(seen.frames), len(seen.stacks), {(each.pid, each.tid) for each in seen.loops}
    for stack in seen.stacks:
        require(all(0 <= at < frames for at in stack), "loops: a stack names a frame that is not there")
    for step in seen.steps:
        require(0 <= step.stack < stacks, "loops: a step names a stack that is not there")
        require((step.pid, step.tid) in loops, "loops: a step is of a loop that was not looked at")
        in_range = 0 <= step.ran_s <= LONGEST_S and 0 <= step.lasted_s <= LONGEST_S and step.looks >= 0
        require(in_range, "loops: a step is out of range")
    require(all(each.looks >= 0 for each in seen.loops), "loops: a count is negative")
