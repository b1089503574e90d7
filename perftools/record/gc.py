"""Garbage collections, and how they were watched."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import field

from perftools.record.part import LONGEST_S, Cost, Missing, Part, require

FROZEN_COUNTED: Final = 1000
"""Frozen objects form a list that has to be walked: so many are counted, and no more."""

GcMethod = Literal["watchpoint", "ring", "poll"]


class Pause(Part, frozen=True, kw_only=True):
    """One garbage collection: nothing else of its interpreter ran meanwhile."""

    pid: int
    thread_id: int | None
    """Kernel thread id; None where the method cannot tell."""
    start_s: float
    duration_ms: float
    """Wall time; `waited_ms` of it the thread stood ready without a CPU, and the collector is not to blame."""
    waited_ms: float | None = None
    """Run-queue delay within the pause; None where it was not taken (short pauses)."""
    cpu_ms: float | None = None
    """CPU time within the pause; None where it was not taken."""
    generation: int | None = None
    """0 is the youngest; None where several collections fell between two readings of the counters."""
    collected: int | None = None
    examined: int | None = None
    """Objects that were candidates; counted from 3.15 on."""
    stack: int | None = None
    """What the thread was executing, an index into Gc.stacks; None where it was not read."""


class Generation(Part, frozen=True, kw_only=True):
    """One generation of one interpreter, by its own counters (gc.get_stats, gc.get_threshold)."""

    collections: int
    """Runs within the span that was watched."""
    collected: int
    """Objects freed by them."""
    uncollectable: int
    threshold: int


class Collector(Part, frozen=True, kw_only=True):
    """The garbage collector of one process, and how it was watched."""

    pid: int
    method: GcMethod
    because: str
    """Why not a better method, or why this one."""
    start_s: float
    end_s: float
    """The span that was watched."""
    enabled: bool
    """At the span's end."""
    generations: tuple[Generation, ...]
    """Youngest first."""
    frozen: int
    """Objects in the permanent generation (gc.freeze), counted up to `FROZEN_COUNTED`."""
    long_lived: int | None
    """Objects that survived the last full collection."""
    pending: int | None
    """Objects that reached the oldest generation since then: a full collection waits for a quarter of `long_lived`."""
    unseen: int
    """Collections that the counters have and no pause stands for."""
    max_gap_ms: float
    """Longest time in which the observer did not look; for the watchpoint and the ring it hides nothing."""


class GcCharge(Part, frozen=True, kw_only=True):
    """How often a look at regular intervals found a process collecting while this stack was executing."""

    pid: int
    stack: int
    looks: int


class Gc(Part, frozen=True, kw_only=True, tag="gc"):
    """Garbage collection of all workers over the window."""

    cost: Cost
    collectors: tuple[Collector, ...]
    pauses: tuple[Pause, ...]
    """By start; all of them where `unseen` is 0."""
    frames: tuple[tuple[str, str, int], ...]
    """Function (qualified from 3.11 on), file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    charges: tuple[GcCharge, ...]
    """To which lines the time in pauses was charged: looks are spread evenly over time, so they weigh by duration."""
    unwatched: dict[int, Missing] = field(default_factory=dict)
    """Workers whose collector could not be watched, by pid."""


def check_gc(gc: Gc) -> None:
    """Raise msgspec.ValidationError where no observer could have said so."""
    frames, stacks = len(gc.frames), len(gc.stacks)
    for stack in gc.stacks:
        require(all(0 <= at < frames for at in stack), "gc: a stack names a frame that is not there")
    indices = [pause.stack for pause in gc.pauses if pause.stack is not None] + [each.stack for each in gc.charges]
    require(all(0 <= at < stacks for at in indices), "gc: a pause names a stack that is not there")
    for pause in gc.pauses:
        in_range = -LONGEST_S <= pause.start_s <= LONGEST_S and 0 <= pause.duration_ms <= 1000 * LONGEST_S
        require(in_range, "gc: a pause's times are out of range")
    require(all(each.looks >= 0 for each in gc.charges), "gc: a count is negative")
    for each in gc.collectors:
        require(-LONGEST_S <= each.start_s <= each.end_s <= LONGEST_S, "gc: a span is out of range")
