"""What the watcher is told and what it answers."""

from __future__ import annotations

from msgspec import Struct

from perftools.collect.messages import Nonsense, Reader, write
from perftools.record import Collector, GcCharge, Missing, Pause, Process

__all__ = ["MOST_BYTES", "Nonsense", "Order", "Reader", "Report", "write"]

MOST_BYTES = 64 << 20
"""Of all answers."""


class Order(Struct, frozen=True):
    """Whom to watch."""

    zero_ns: int
    """CLOCK_MONOTONIC from which times are counted."""
    workers: tuple[Process, ...]
    family: tuple[int, ...]
    """Pids of the whole service: what is born below them is watched too."""


class Report(Struct, frozen=True, kw_only=True):
    """What is new since the report before."""

    cpu_s: float
    """Of the watcher up to now, program start and imports excluded."""
    collectors: tuple[Collector, ...]
    """As they stand now; one that is missing stands as it was last told."""
    pauses: tuple[Pause, ...]
    frames: tuple[tuple[str, str, int], ...]
    """They follow those of the reports before, as the stacks do."""
    stacks: tuple[tuple[int, ...], ...]
    charges: tuple[GcCharge, ...]
    """To be added to those of the reports before."""
    unwatched: dict[int, Missing]
    """All of them."""
    born: int
    """Processes found that began within the window."""
    lost: int
    """Events dropped by the kernel, and pauses too many to be told."""
    slowest: float
    """By how much looks were made less often than we would like to, to stay within the cost allowed; 1: not at all."""
