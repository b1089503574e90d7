"""What the keeper and the reader are told, and what they answer."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from perftools.record import AllocationSite

Stage = Literal["attaching", "tracking", "detaching", "ended"]
Cut = Literal["", "asked", "large", "gone"]


class Order(Struct, frozen=True, kw_only=True):
    """Whom the keeper lets memray into, and for how long."""

    pid: int
    start_ticks: int
    base: str
    """The folder in which the one for the capture file is made."""
    uid: int
    gid: int
    span_s: float
    most_bytes: int


class Halt(Struct, frozen=True, kw_only=True):
    """How long the process stood still for one of the keeper's two errands."""

    stopped_s: float = 0.0
    """In all; right to half of the gap between two looks for each stop and each start."""
    longest_s: float = 0.0
    """At a time."""
    max_gap_s: float = 0.0
    """Between two looks."""
    duration_s: float = 0.0
    """Of the errand."""


class Report(Struct, frozen=True, kw_only=True):
    """How far the keeper is; each report stands for all before it."""

    stage: Stage
    attach: Halt | None = None
    detach: Halt | None = None
    span_s: float = 0.0
    """From the end of the one errand to the start of the other."""
    cpu_s: float = 0.0
    """Of the process, over that span."""
    capture_bytes: int = 0
    cut: Cut = ""
    """Why tracking ended before its time."""
    failed: str = ""
    """What memray said when an errand failed."""
    spent_s: float = 0.0
    """CPU of the keeper and of the debuggers, once it has ended."""
    left: str = ""
    """What is wrong with the process afterwards; "" where it runs, untraced and untracked."""


class Summary(Struct, frozen=True, kw_only=True):
    """A capture file, added up."""

    records: int
    """In the file, those of memory given back among them."""
    read: int
    span_s: float
    """From the start to the end of tracking, by the target's clock."""
    allocations: int
    size_bytes: int
    temporaries: int
    temporary_bytes: int
    peak_bytes: int
    frames: tuple[tuple[str, str, int], ...]
    stacks: tuple[tuple[int, ...], ...]
    churn: tuple[AllocationSite, ...]
    peak: tuple[AllocationSite, ...]
    kept: tuple[AllocationSite, ...]


class Answer(Struct, frozen=True, kw_only=True):
    """The reader's."""

    summary: Summary | None = None
    failed: str = ""
    """Why there is none."""
