"""When enough was measured, and what follows: over the limit, under it, or not to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from perftools.budget.plans import Plan

Observed = TypeVar("Observed")
"""A process pair, or one process."""

Side = Literal["over", "under", "unclear"]


class Bounds(Protocol):
    """Where the centre of a quantity lies: `statistics.Spread`, or `Known`."""

    @property
    def centre(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def n(self) -> int: ...
    def chance(self, threshold: float) -> float:
        """p-value: of such observations where the truth is `threshold`."""

    def seen_from(self, threshold: float, most: int) -> float:
        """The least truth that up to `most` such observations show to be over `threshold`."""


class Known(NamedTuple):
    """Of a metric that repeats: the values themselves, as far as they are known to differ between runs."""

    centre: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float], spread: float) -> Known:
        ordered = sorted(values)
        return cls(ordered[len(ordered) // 2], ordered[0] - spread, ordered[-1] + spread, len(ordered))

    def chance(self, threshold: float) -> float:
        return float(self.low <= threshold)

    def seen_from(self, threshold: float, most: int) -> float:  # noqa: ARG002, more of the same would tell no more
        return threshold + (self.high - self.low)


class Decision(NamedTuple):
    """What was decided, on which evidence."""

    side: Side
    bounds: Bounds
    """Of the fresh observations where they confirmed, since the first were chosen for being over; else of all."""
    confirmed: bool
    chance: float
    """p-value of `over`; 1 where that was not claimed."""


def decide(
    plan: Plan,
    threshold: float,
    take: Callable[[], Observed],
    bounds: Callable[[Sequence[Observed]], Bounds],
    say: Callable[[str], None],
    *,
    first: list[Observed],
    fresh: list[Observed],
) -> Decision:
    """Take observations into `first` until their bounds lie on one side of `threshold`; if over it, again into `fresh`.

    What is found once among many looks at many budgets is often chance, so it must repeat on observations that had no
    part in finding it. Both are independent: the chance that both p-values are as small as the larger one is its
    square. `bounds` takes what is larger for worse. What `take` and `bounds` raise goes through, and what was taken
    stays in the lists.
    """
    side, found, chance = _look(plan, threshold, take, bounds, say, first)
    if side != "over":
        return Decision(side, found, confirmed=False, chance=1.0)
    again, refound, repeated = _look(plan, threshold, take, bounds, lambda text: say(f"confirming, {text}"), fresh)
    if again != "over":
        return Decision("unclear", bounds([*first, *fresh]), confirmed=False, chance=1.0)
    return Decision("over", refound, confirmed=True, chance=max(chance, repeated) ** 2)


def _look(
    plan: Plan,
    threshold: float,
    take: Callable[[], Observed],
    bounds: Callable[[Sequence[Observed]], Bounds],
    say: Callable[[str], None],
    taken: list[Observed],
) -> tuple[Side, Bounds, float]:
    """The side, the bounds that show it, and the chance of being over at any of so many looks."""
    for looks, enough in enumerate(range(plan.least, plan.most + 1, plan.step), 1):
        while len(taken) < enough:
            taken.append(take())
        found = bounds(taken)
        if found.low > threshold:
            return "over", found, min(1.0, looks * found.chance(threshold))
        if found.high <= threshold:
            return "under", found, 1.0
        say(f"{len(taken)} of up to {plan.most} processes of each side")
    return "unclear", found, 1.0
