"""One observer on one target, and how well it saw what the target knows."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .compare import Accuracy, Comparison, accuracy, compare
from .pythons import Python
from .running import hogs as run_hogs
from .running import target
from .watching import CannotWatch, watching

if TYPE_CHECKING:
    from perftools.record import GcMethod

FLOORS_MS = (1.0, 5.0)


class Run(NamedTuple):
    """What came of it. Where the observer could not watch, why."""

    python: str
    method: GcMethod
    machine: str
    """"quiet", "hog" (programs that want every CPU), or "stripped"."""
    why_not: str = ""
    collections: int = 0
    miscounted: int = 0
    """Largest difference of a generation's count from the truth."""
    found: int = 0
    """Pauses of any length."""
    invented: int = 0
    at_least: tuple[Accuracy, ...] = ()
    """By FLOORS_MS."""
    cpu_percent: float = 0.0
    max_gap_ms: float = 0.0
    compared: tuple[Comparison, int] | None = None

    @property
    def wrong(self) -> bool:
        """Whether it breaks its promise: the exact observers miss no pause of 1 ms, polling none of 5 ms."""
        held = self.at_least[1:] if self.method == "poll" else self.at_least
        return self.miscounted > 1 or any(each.found < each.pauses or each.invented for each in held)


def observe(python: Python, method: GcMethod, machine: str, *, seconds: float, seed: int, hogs: int) -> Run:
    """Start the target, watch it from before its first collection until after its last, and compare."""
    nothing = Run(str(python), method, machine)
    with tempfile.TemporaryDirectory(prefix="gc-") as name, run_hogs(hogs):
        folder = Path(name)
        with target(python, folder, "pauses", folder, seconds, seed) as started:
            try:
                with watching(method, started.pid) as watch:
                    started.say("go")
                    started.hear()
                    seen = watch.seen()
            except CannotWatch as error:
                return nothing._replace(why_not=str(error))
            truth = started.truth()
    counted = Counter(pause.generation for pause in truth.pauses)
    comparison = compare(truth.pauses, seen.pauses)
    compared = (comparison, truth.unseen_ns)
    return nothing._replace(
        collections=len(truth.pauses),
        miscounted=max(abs(counted[generation] - count) for generation, count in enumerate(seen.collections)),
        found=len(comparison.matches),
        invented=len(comparison.invented),
        at_least=tuple(accuracy([compared], floor_ms) for floor_ms in FLOORS_MS),
        cpu_percent=seen.cpu_percent,
        max_gap_ms=seen.max_gap_ms,
        compared=compared,
    )
