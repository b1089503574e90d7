"""How much is measured for each metric, and the smallest change that it can tell."""

from __future__ import annotations

from typing import Final, NamedTuple

from perftools.budget.model import Metric

MOST_PAIRS: Final = 32


class Plan(NamedTuple):
    """How one metric is measured and judged."""

    floor: float
    """Relative change under which no limit is judged, because noise alone may be as large."""
    least: int
    """Process pairs before the first look."""
    step: int
    """More of them before each further look."""
    most: int
    known_spread: float | None = None
    """Of metrics that repeat: how much runs of the same code differ, relative. None: estimated from the run itself."""


_TIMED: Final = Plan(floor=0.10, least=8, step=8, most=MOST_PAIRS)
_SERVED: Final = Plan(floor=0.20, least=5, step=5, most=20)
"""A service is started and loaded for every value: fewer of them, each of many requests."""

PLANS: Final[dict[Metric, Plan]] = {
    "instructions": Plan(floor=0.01, least=2, step=1, most=4, known_spread=0.001),
    "cpu_time": _TIMED._replace(floor=0.05),
    "wall_time": _TIMED,
    "import_time": _TIMED,
    "peak_memory": _TIMED._replace(floor=0.05),
    "throughput": _SERVED._replace(floor=0.10),
    "latency_p99": _SERVED,
    "gc_pause": _SERVED,
    "findings": Plan(floor=0.0, least=1, step=1, most=1, known_spread=0.0),
}
"""Floors of instructions, CPU and wall time come from recorded processes of the same code on two noisy cores
(`python -m perftools_benchmarks budgets`, whose page has the tables); those of a service are set, not measured."""
