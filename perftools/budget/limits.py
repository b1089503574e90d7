"""One limit of a budget: measured until it can be told, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from perftools.budget import statistics
from perftools.budget.decision import Bounds, Decision, Known, Side, decide
from perftools.budget.model import HIGHER_IS_BETTER, UNITS, Budget, Pair, Status, Unmeasurable
from perftools.budget.plans import PLANS
from perftools.budget.units import WORDS, change
from perftools.finding import Estimate

_STATUS: Final[dict[Side, Status]] = {"over": "broken", "under": "pass", "unclear": "inconclusive"}


@dataclass
class Taken:
    """What was measured of a budget so far; stays where a measurement ends in an error."""

    pairs: list[Pair] = field(default_factory=list)
    confirming: list[Pair] = field(default_factory=list)
    alone: list[tuple[float, ...]] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of one limit."""

    status: Status
    reason: str
    chance: float | None = None
    """p-value of its being broken; None where nothing was measured."""
    confirmed: bool = False
    measured: Estimate | None = None
    detectable: float | None = None


def regression(budget: Budget, taken: Taken, take: Callable[[], Pair], say: Callable[[str], None]) -> Outcome:
    """Of head against base, in logarithms turned so that more is worse.

    Raises Unmeasurable where `take` does, and for values that have no ratio.
    """
    assert budget.max_regression is not None
    plan = PLANS[budget.metric]
    allowed = max(budget.max_regression, plan.floor)
    worse = -1 if budget.metric in HIGHER_IS_BETTER else 1
    threshold = worse * math.log1p(worse * allowed)

    def bounds(pairs: Sequence[Pair]) -> Bounds:
        turned = pairs if worse > 0 else [Pair(base=pair.head, head=pair.base) for pair in pairs]
        if plan.known_spread is None:
            return statistics.change(turned)
        return Known.of([statistics.log_ratio(pair) for pair in turned], plan.known_spread)

    decision = _decide(lambda: decide(plan, threshold, take, bounds, say, first=taken.pairs, fresh=taken.confirming))
    found = decision.bounds
    low, value, high = sorted(math.expm1(worse * each) for each in (found.low, found.centre, found.high))
    reason = _reason(decision, len(taken.pairs), len(taken.confirming), "pairs")
    if allowed > budget.max_regression:
        floor = f"{WORDS[budget.metric]} cannot tell {change(worse * budget.max_regression)} from noise here"
        reason = "; ".join(filter(None, (f"{floor} and is judged at {change(worse * allowed)}", reason)))
    return Outcome(
        status=_STATUS[decision.side],
        reason=reason,
        chance=decision.chance,
        confirmed=decision.confirmed,
        measured=_estimate(value, low, high, "ratio", found.n, counted=plan.known_spread is not None),
        detectable=abs(math.expm1(worse * found.seen_from(threshold, plan.most))),
    )


def bound(budget: Budget, taken: Taken, take: Callable[[], tuple[float, ...]], say: Callable[[str], None]) -> Outcome:
    """Of head alone against `max` or `min`; the heads of pairs count too.

    Raises Unmeasurable where `take` does, and for values that are none.
    """
    plan = PLANS[budget.metric]
    allowed = budget.max if budget.max is not None else budget.min
    assert allowed is not None
    worse = 1 if budget.max is not None else -1

    def bounds(processes: Sequence[tuple[float, ...]]) -> Bounds:
        turned = [tuple(worse * value for value in rounds) for rounds in processes]
        if plan.known_spread is None:
            return statistics.level(turned)
        centres = [statistics.centre(rounds) for rounds in turned]
        return Known.of(centres, plan.known_spread * max(map(abs, centres)))

    heads = [pair.head for pair in taken.pairs]
    first, fresh = list(heads), list[tuple[float, ...]]()
    try:
        decision = _decide(lambda: decide(plan, worse * allowed, take, bounds, say, first=first, fresh=fresh))
    finally:
        taken.alone += [*first[len(heads) :], *fresh]
    found = decision.bounds
    low, value, high = sorted(worse * each for each in (found.low, found.centre, found.high))
    seen = worse * found.seen_from(worse * allowed, plan.most)
    return Outcome(
        status=_STATUS[decision.side],
        reason=_reason(decision, len(first), len(fresh), "processes"),
        chance=decision.chance,
        confirmed=decision.confirmed,
        measured=_estimate(value, low, high, UNITS[budget.metric], found.n, counted=plan.known_spread is not None),
        detectable=abs(seen / allowed - 1) if allowed else None,
    )


def correct(outcomes: Sequence[Outcome]) -> None:
    """Take back what may be chance among so many limits (Holm)."""
    measured = [(outcome, outcome.chance) for outcome in outcomes if outcome.chance is not None]
    sure = statistics.holm([chance for _, chance in measured])
    for (outcome, _), falls in zip(measured, sure, strict=True):
        if outcome.status == "broken" and not falls:
            outcome.status = "inconclusive"
            outcome.reason = f"over the limit twice, which among {len(measured)} limits may be chance"


def _decide(deciding: Callable[[], Decision]) -> Decision:
    try:
        return deciding()
    except ValueError as error:
        raise Unmeasurable("B-VALUES", f"its values cannot be judged: {error}") from error


def _estimate(value: float, low: float, high: float, unit: str, n: int, *, counted: bool) -> Estimate:
    return Estimate(value=value, low=low, high=high, unit=unit, n=n, counted=counted)


def _reason(decision: Decision, first: int, fresh: int, what: str) -> str:
    if decision.side != "unclear":
        return ""
    if fresh:
        return f"{first} {what} were over the limit, and {fresh} fresh ones did not confirm it"
    return f"after {first} {what} the truth may lie on either side of the limit"
