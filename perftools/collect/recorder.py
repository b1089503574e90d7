"""What the window runs: whatever observes is a Recorder, whatever shows the user how it goes on is a Progress."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from perftools.record import Missing, Part

Kind = Literal["active", "gil"]


class Recorder(Protocol):
    """Observes in rounds; one that raises is dropped with its reason, the others go on."""

    id: str
    """A field of Observations ("samples", "threads", "values", "gc", "sched", "loops", …), or a key of `extra`."""

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:
        """Start to observe; `number` counts from 0. A gil round is one in which only GIL holders are sampled."""

    def step(self) -> None:
        """Called about 50 times a second while the round runs; may take a few milliseconds."""

    def end_round(self) -> None:
        """End it: at its time, or early when the user asks or the target has gone."""

    def result(self) -> Part | Missing:
        """All that was seen up to now; callable at any time, also repeatedly."""

    def close(self) -> None:
        """Leave nothing behind. Called on every way out; idempotent."""


@runtime_checkable
class Warns(Protocol):
    """A Recorder that has something to tell the user."""

    warnings: list[str]


@runtime_checkable
class RunsOn(Protocol):
    """A Recorder with a child that runs through the whole window, and is reaped by `close`."""

    @property
    def living_cpu_s(self) -> float:
        """What that child has used up to now, program start and imports excluded; 0 once it has been reaped."""


class Progress(Protocol):
    """Shows the user how the window goes on; called with each step."""

    def __call__(
        self, *, elapsed_s: float, planned_s: float, stacks: int, cpu_percent: float | None, note: str
    ) -> None:
        """`stacks` had up to now; `cpu_percent` of the service in the last round, 100 is one core, None before it."""
