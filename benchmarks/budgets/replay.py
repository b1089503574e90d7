"""The rule for budgets, asked again and again about process pairs drawn from those that were recorded."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from perftools.budget.decision import decide
from perftools.budget.limits import Taken, regression
from perftools.budget.model import Budget, Metric, Pair
from perftools.budget.plans import PLANS
from perftools.budget.statistics import change, log_ratio

from .recording import BASE, CHANGES, Process, Recording

TIMED: tuple[Metric, ...] = ("cpu_time", "wall_time")
OTHERS: tuple[Metric, ...] = ("import_time", "peak_memory")
"""Recorded too, but no variant changes them."""
HALVES = ("tuning", "held out")
"""The floors were chosen on the first half of each recording; the second had no part in that."""
FLOORS = (0.02, 0.03, 0.05, 0.10)
"""Limits that were tried."""

_VALUES: dict[Metric, Callable[[Process], Sequence[float]]] = {
    "cpu_time": lambda process: process.cpu_s,
    "wall_time": lambda process: process.wall_s,
    "import_time": lambda process: [process.import_s],
    "peak_memory": lambda process: [process.peak_bytes],
}


class Rate(NamedTuple):
    """What the rule said of so many comparisons."""

    program: str
    machine: str
    metric: Metric
    half: str
    limit: float
    change: int
    """Percent, of the truth."""
    trials: int
    broken: int
    inconclusive: int
    pairs: float
    """Median."""
    seconds: float | None
    """Median time that measuring these pairs took; None: not recorded."""
    detectable: float
    """Median of what the verdicts said."""


class Noise(NamedTuple):
    """How much pairs of the same code differ."""

    program: str
    machine: str
    metric: Metric
    pairs: int
    typical: float
    """Standard deviation of log(head/base), relative."""
    largest: float
    beyond: float
    """Share of sets of 8 pairs whose 99.5 % bound lies on the wrong side of the truth, which is 0; either side."""


Draw = Callable[[], Pair]
Pool = Callable[[random.Random], Draw]
"""Makes a source of pairs for one comparison."""


def pool(recording: Recording, metric: Metric, percent: int, half: str) -> Pool | None:
    """Pairs of the base and a variant; None where nothing was recorded.

    Timed pairs are processes of one cycle, as near in time as those of a real run; each cycle is drawn once as long as
    there are enough of them. Counts do not drift, so any count of one may be paired with any of the other.
    """
    if metric == "instructions":
        bases, heads = (_half(recording.counts.get(name, []), half) for name in (BASE, str(percent)))
        if not bases or not heads:
            return None
        return lambda chooser: lambda: Pair((chooser.choice(bases),), (chooser.choice(heads),))
    values = _VALUES[metric]
    cycles = _half(recording.cycles, half)
    pairs = [Pair(tuple(values(cycle[BASE])), tuple(values(cycle[str(percent)]))) for cycle in cycles]
    return (lambda chooser: _unrepeated(pairs, chooser).__next__) if pairs else None


def _half(recorded: Sequence, half: str) -> Sequence:
    middle = len(recorded) // 2
    return recorded[:middle] if half == HALVES[0] else recorded[middle:]


def _unrepeated(pairs: Sequence[Pair], chooser: random.Random) -> Iterator[Pair]:
    while True:
        yield from chooser.sample(pairs, len(pairs))


def rates(recording: Recording, *, unchanged: int, changed: int) -> Iterator[Rate]:
    """Each metric at its floor: `unchanged` comparisons of the same code, `changed` of each slow-down."""
    for metric in (*TIMED, "instructions", *OTHERS):
        for half in HALVES:
            for percent in (0,) if metric in OTHERS else CHANGES:
                if found := _rate(recording, metric, half, percent, unchanged if not percent else changed):
                    yield found


def floors(recording: Recording, *, unchanged: int, changed: int) -> Iterator[Rate]:
    """The same rule at each of `FLOORS`, whatever the metric's own is; on the half for tuning."""
    for metric in TIMED:
        for limit in FLOORS:
            for percent in (0, 10, 20):
                trials = unchanged if not percent else changed
                if found := _rate(recording, metric, HALVES[0], percent, trials, limit):
                    yield found


def _rate(
    recording: Recording, metric: Metric, half: str, percent: int, trials: int, limit: float | None = None
) -> Rate | None:
    drawn_from = pool(recording, metric, percent, half)
    if drawn_from is None:
        return None
    chooser = random.Random(f"{recording.program} {recording.machine} {metric} {half} {percent} {limit}")
    verdicts = [_verdict(metric, drawn_from(chooser), limit) for _ in range(trials)]
    statuses = [status for status, _, _ in verdicts]
    pairs = statistics.median(taken for _, taken, _ in verdicts)
    return Rate(
        program=recording.program,
        machine=recording.machine,
        metric=metric,
        half=half,
        limit=PLANS[metric].floor if limit is None else limit,
        change=percent,
        trials=trials,
        broken=statuses.count("broken"),
        inconclusive=statuses.count("inconclusive"),
        pairs=pairs,
        seconds=None if metric == "instructions" else 2 * pairs * process_s(recording),
        detectable=statistics.median(seen for _, _, seen in verdicts),
    )


def process_s(recording: Recording) -> float:
    """Mean time of one process."""
    return recording.seconds / sum(len(cycle) for cycle in recording.cycles)


def _verdict(metric: Metric, draw: Draw, limit: float | None) -> tuple[str, int, float]:
    """Status, pairs, and the change said to be detectable."""
    if limit is None:
        budget = Budget(
            id="it", target="it", metric=metric, max_regression=PLANS[metric].floor, path="recorded", line=1
        )
        taken = Taken()
        outcome = regression(budget, taken, draw, _silently)
        return outcome.status, len(taken.pairs) + len(taken.confirming), outcome.detectable or 0.0
    first, fresh = list[Pair](), list[Pair]()
    decision = decide(PLANS[metric], math.log1p(limit), draw, change, _silently, first=first, fresh=fresh)
    status = {"over": "broken", "under": "pass", "unclear": "inconclusive"}[decision.side]
    return status, len(first) + len(fresh), 0.0


def _silently(text: str) -> None:
    pass


def noise(recording: Recording, metric: Metric, *, sets: int) -> Noise | None:
    """Of pairs of the same code, and how often the bounds of eight of them leave out the truth."""
    chooser = random.Random(f"{recording.program} {recording.machine} {metric}")
    found = [
        log_ratio(Pair(tuple(_VALUES[metric](cycle[BASE])), tuple(_VALUES[metric](cycle["0"]))))
        for cycle in recording.cycles
    ]
    if len(found) < 2:
        return None
    beyond = 0
    for _ in range(sets):
        draw = (pool(recording, metric, 0, chooser.choice(HALVES)) or _nothing)(chooser)
        bounds = change([draw() for _ in range(8)])
        beyond += bounds.low > 0 or bounds.high < 0
    return Noise(
        program=recording.program,
        machine=recording.machine,
        metric=metric,
        pairs=len(found),
        typical=statistics.stdev(found),
        largest=math.expm1(max(map(abs, found))),
        beyond=beyond / sets,
    )


def _nothing(_: random.Random) -> Draw:
    raise ValueError("nothing was recorded")


def spread_of_counts(recording: Recording) -> float | None:
    """Largest relative difference between counts of the same variant; None where nothing was counted."""
    spreads = [max(counts) / min(counts) - 1 for counts in recording.counts.values()]
    same = recording.counts.get(BASE, []) + recording.counts.get("0", [])
    return max([*spreads, max(same) / min(same) - 1]) if same else None
