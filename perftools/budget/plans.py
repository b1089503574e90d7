"""How much is measured for each metric, and the smallest change that it can tell."""

from __future__ import annotations

from typing import Final, NamedTuple

from perftools.budget.model import Metric


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


_TIMED: Final = Plan(floor=0.10, least=8, step=8, most=32)
_SERVED: Final = Plan(floor=0.20, least=5, step=5, most=20)
"""A service is started and loaded for every value: fewer of them, each of many requests."""

PLANS: Final[dict[Metric, Plan]] = {
    "instructions": Plan(floor=0.01, least=2, step=1, most=4, known_spread=0.001),
    "cpu_time": _TIMED._replace(floor=0.05),
    "wall_time": _TIMED,
    "import_time": _TIMED,
    "peak_memory": _TIMED._replace(floor=0.02),
    "throughput": _SERVED._replace(floor=0.10),
    "latency_p99": _SERVED,
    "gc_pause": _SERVED,
    "findings": Plan(floor=0.0, least=1, step=1, most=1, known_spread=0.0),
}
"""`python -m perftools_benchmarks budgets` resamples the rule on recorded processes of the same code, on two cores with
neighbours; its page has the tables. Instructions of the same code were equal, peak memory differed by 1.7 % at most and
gave no alarm at 2 %. CPU and wall time gave none at 2 % either; 5 and 10 % leave room for what a change of other code
does to the speed of this (its place in memory and in the caches), and are what 32 pairs settle where it is not too
noisy. Import time is wall time. The floors of a service are set by judgement and not measured."""
