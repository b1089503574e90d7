"""What watches one process's collector: the interface behind which the methods stand."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from perftools.record import GcMethod


class RawPause(NamedTuple):
    """One collection as a method saw it; CLOCK_MONOTONIC nanoseconds."""

    start_ns: int
    stop_ns: int
    tid: int | None = None
    """Kernel thread id in our pid namespace."""
    generation: int | None = None
    collected: int | None = None
    examined: int | None = None


class Observer(Protocol):
    """Watches one process. Raises Unreadable or OSError where that is not possible any more."""

    method: GcMethod
    interval_s: float
    """How often `drain` wants to be called."""

    @property
    def lost(self) -> int:
        """Events that the kernel or the target dropped."""

    @property
    def open_since_ns(self) -> int | None:
        """Start of a collection that still ran when `drain` was last called."""

    @property
    def open_tid(self) -> int | None:
        """The thread that runs it, where the method tells."""

    def drain(self) -> list[RawPause]:
        """The collections that have ended since the last call, by start."""

    def close(self) -> None:
        """Let go of everything; idempotent."""
