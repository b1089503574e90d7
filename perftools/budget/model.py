"""What is written down (Budgets), what is measured (Samples), and what follows from both (Verdict)."""

from __future__ import annotations

import datetime
from typing import Final, Literal

from perftools.finding import Estimate
from perftools.record import Part

Metric = Literal[
    "instructions",
    "cpu_time",
    "wall_time",
    "latency_p99",
    "throughput",
    "peak_memory",
    "import_time",
    "gc_pause",
    "findings",
]

UNITS: Final[dict[Metric, str]] = {
    "instructions": "instructions",
    "cpu_time": "s",
    "wall_time": "s",
    "latency_p99": "s",
    "throughput": "1/s",
    "peak_memory": "bytes",
    "import_time": "s",
    "gc_pause": "s",
    "findings": "findings",
}
"""What the numbers of a metric count, in files after conversion, in samples and in verdicts."""

HIGHER_IS_BETTER: Final[frozenset[Metric]] = frozenset({"throughput"})

Status = Literal["pass", "broken", "inconclusive", "not_measured", "waived"]


class Budget(Part, frozen=True, kw_only=True):
    """One promise: a metric of a target, and how far it may go."""

    id: str
    target: str
    """A test ("tests/test_speed.py::test_score"), a pyperf script, or a service to start."""
    metric: Metric
    max_regression: float | None = None
    """Largest accepted relative change for the worse of head against base; 0.1 is 10 %."""
    max: float | None = None
    """In `UNITS`, like `min`."""
    min: float | None = None
    severity: str = "medium"
    """Of a finding, at or above which it counts."""
    load: str | None = None
    """The command of the load generator; for metrics of a service."""
    ready: str | None = None
    """The URL that answers 200 once the service takes requests."""
    path: str
    """The file it is written in."""
    line: int


class Waiver(Part, frozen=True, kw_only=True):
    """A budget that may be broken until a day, and why."""

    budget: str
    until: datetime.date
    """The last day on which it holds."""
    reason: str
    path: str
    line: int


class Budgets(Part, frozen=True, kw_only=True):
    """A budget file."""

    path: str
    baseline: str = "merge-base"
    """What head is compared with: "merge-base", or a revision."""
    fail_on_inconclusive: bool = False
    budgets: tuple[Budget, ...]
    waivers: tuple[Waiver, ...]


class Pair(Part, frozen=True):
    """The rounds of one fresh process each, in `UNITS`; deterministic metrics have one round."""

    base: tuple[float, ...]
    head: tuple[float, ...]


class Samples(Part, frozen=True, kw_only=True):
    """Everything that was measured for one budget."""

    pairs: tuple[Pair, ...]
    confirming: tuple[Pair, ...] = ()
    """The fresh set that a break had to repeat on."""
    alone: tuple[tuple[float, ...], ...] = ()
    """Head only, process by process; for `max` and `min`."""


class Verdict(Part, frozen=True, kw_only=True):
    """What became of one budget."""

    budget: Budget
    status: Status
    measured: Estimate | None
    """The change head/base - 1 (unit "ratio"), or the metric itself for `max` and `min`; None: not measured. Its ends
    are one-sided 99.5 % bounds."""
    limit: str
    """As a person writes it: "+10 %", "3 ms"."""
    detectable: float | None
    """Smallest relative change that this run could have seen."""
    pairs: int
    """Process pairs measured, those of the confirmation included."""
    confirmed: bool
    """A break repeated on fresh pairs."""
    grew: tuple[str, ...]
    """Functions that grew, most first: "features.encode +8.1 %"."""
    reason: str
    """One sentence: why it was not measured, until when and why it is waived, what is missing for a conclusion."""
    samples: Samples
    waiver: Waiver | None


class Unmeasurable(Exception):
    """A metric of a target cannot be measured here; a result, and never a green one."""

    def __init__(self, code: str, reason: str) -> None:
        """`code`: of the handbook, such as "B-TARGET" where nothing matches the target; `reason`: one sentence."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
