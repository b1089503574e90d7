"""One budget being measured: fresh processes of both sides in turn, in random balanced order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Final, Literal, Protocol

from perftools.budget.measure.benchmark import Benchmark
from perftools.budget.measure.function import METRICS, FunctionMeter
from perftools.budget.measure.imports import ImportMeter
from perftools.budget.measure.served import METRICS as SERVED
from perftools.budget.measure.served import ServiceMeter
from perftools.budget.measure.service import Services
from perftools.budget.measure.sides import Sides
from perftools.budget.model import Budget, Pair, Unmeasurable

Name = Literal["base", "head"]
_BOTH: Final[tuple[Name, Name]] = ("base", "head")


class Meter(Protocol):
    """Measures one metric of one target."""

    def sample(self, name: Name, number: int) -> tuple[float, ...]:
        """The rounds of a fresh process of one side, in pair `number`. Raises Unmeasurable."""

    def grew(self) -> tuple[str, ...]:
        """The functions that grew, most first. Raises Unmeasurable."""


class MeterRunner:
    """A `check.Runner`."""

    def __init__(self, sides: Sides, budget: Budget) -> None:
        """Raises Unmeasurable where the metric and the target do not go together."""
        self._sides = sides
        self._meter = meter(sides, budget)
        self._compared = budget.max_regression is not None
        self._orders = orders(budget.id)
        self._numbers = itertools.count()

    def pair(self) -> Pair:
        """Base and head once each in a fresh process. Raises Unmeasurable."""
        self._sides.require_base()
        number = next(self._numbers)
        rounds = {name: self._meter.sample(name, number) for name in next(self._orders)}
        return Pair(base=rounds["base"], head=rounds["head"])

    def alone(self) -> tuple[float, ...]:
        """Head in a fresh process. Raises Unmeasurable."""
        return self._meter.sample("head", next(self._numbers))

    def grew(self) -> tuple[str, ...]:
        """The functions that grew, most first; nothing where that cannot be told."""
        if not self._compared:
            return ()
        try:
            return self._meter.grew()
        except Unmeasurable:
            return ()

    def close(self) -> None:
        """Nothing is held between two processes."""


def orders(seed: str) -> Iterator[tuple[Name, Name]]:
    """Who goes first in each pair: of two that follow one another each side once, in random order."""
    drawn = random.Random(seed)  # noqa: S311 (an order, no secret)
    while True:
        both = [_BOTH, _BOTH[::-1]]
        drawn.shuffle(both)
        yield from both


def meter(sides: Sides, budget: Budget) -> Meter:
    """What measures the metric of a budget on its target. Raises Unmeasurable where the two do not go together."""
    if budget.metric == "import_time":
        return ImportMeter(sides, budget)
    if budget.load is not None and budget.metric in SERVED:
        return ServiceMeter(Services(sides, budget), sides, budget)
    if budget.load is None and budget.metric in METRICS:
        return FunctionMeter(Benchmark(sides, budget.target), budget)
    kind = "a service under load" if budget.load is not None else "a function"
    raise Unmeasurable("B-METRIC", f"{budget.metric} is no metric of {kind}")
