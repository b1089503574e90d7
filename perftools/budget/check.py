"""Measures every budget and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from perftools.budget.limits import Outcome, Taken, bound, correct, regression
from perftools.budget.model import Budget, Budgets, Pair, Samples, Status, Unmeasurable, Verdict, Waiver
from perftools.budget.units import WORDS, limit
from perftools.errors import FileError

_WORST_FIRST: Final[tuple[Status, ...]] = ("broken", "not_measured", "inconclusive", "pass")
"""Of several limits of one budget, the first of these is its verdict."""


class Runner(Protocol):
    """One budget being measured."""

    def pair(self) -> Pair:
        """Base and head once each in a fresh process, in random, balanced order. Raises Unmeasurable."""

    def alone(self) -> tuple[float, ...]:
        """Head in a fresh process: its rounds. Raises Unmeasurable."""

    def grew(self) -> tuple[str, ...]:
        """The functions that grew, most first; nothing where it cannot be told."""

    def close(self) -> None: ...


class Measurer(Protocol):
    """Knows how to measure each kind of target."""

    def open(self, budget: Budget) -> Runner:
        """Raises Unmeasurable."""


@dataclass
class _Judged:
    """One budget: what was measured, and what came of its limits."""

    budget: Budget
    taken: Taken = field(default_factory=Taken)
    outcomes: list[Outcome] = field(default_factory=list)
    grew: tuple[str, ...] = ()


def check(budgets: Budgets, measurer: Measurer, *, progress: Callable[[str], None]) -> tuple[Verdict, ...]:
    """Measure each budget until it can be told, in the order of the file.

    `progress` gets a line of text now and then. Raises FileError for a budget whose target matches nothing; what cannot
    be measured for another reason is a verdict.
    """
    judged = [_judge(budget, measurer, progress) for budget in budgets.budgets]
    correct([outcome for each in judged for outcome in each.outcomes])
    waivers = {waiver.budget: waiver for waiver in budgets.waivers}
    return tuple(_verdict(each, waivers.get(each.budget.id)) for each in judged)


def _judge(budget: Budget, measurer: Measurer, progress: Callable[[str], None]) -> _Judged:
    judged = _Judged(budget)

    def say(text: str) -> None:
        progress(f"{budget.id}: {text}")

    say(f"measuring {WORDS[budget.metric]}")
    try:
        runner = measurer.open(budget)
    except Unmeasurable as why:
        judged.outcomes.append(_unmeasured(budget, why))
        return judged
    try:
        if budget.max_regression is not None:
            judged.outcomes.append(_attempt(budget, lambda: regression(budget, judged.taken, runner.pair, say)))
        if budget.max is not None or budget.min is not None:
            judged.outcomes.append(_attempt(budget, lambda: bound(budget, judged.taken, runner.alone, say)))
        if any(outcome.status == "broken" for outcome in judged.outcomes):
            say("over its limit; looking for what grew")
            judged.grew = runner.grew()
    finally:
        runner.close()
    return judged


def _attempt(budget: Budget, measure: Callable[[], Outcome]) -> Outcome:
    try:
        return measure()
    except Unmeasurable as why:
        return _unmeasured(budget, why)


def _unmeasured(budget: Budget, why: Unmeasurable) -> Outcome:
    if why.code == "B-TARGET":
        raise FileError(f"{budget.path}:{budget.line}: the budget {budget.id!r}: {why.reason}") from why
    return Outcome("not_measured", why.reason)


def _verdict(judged: _Judged, waiver: Waiver | None) -> Verdict:
    worst = min(judged.outcomes, key=lambda outcome: _WORST_FIRST.index(outcome.status))
    status, reason = worst.status, worst.reason
    if waiver is not None and status in ("broken", "inconclusive"):
        status = "waived"
        reason = f"{worst.status}, waived until {waiver.until}: {waiver.reason}"
    elif waiver is not None and status == "pass":
        reason = "; ".join(filter(None, (reason, "met again, so its waiver can go")))
    taken = judged.taken
    return Verdict(
        budget=judged.budget,
        status=status,
        measured=worst.measured,
        limit=limit(judged.budget),
        detectable=worst.detectable,
        pairs=len(taken.pairs) + len(taken.confirming),
        confirmed=worst.confirmed,
        grew=judged.grew if worst.status == "broken" else (),
        reason=reason,
        samples=Samples(pairs=tuple(taken.pairs), confirming=tuple(taken.confirming), alone=tuple(taken.alone)),
        waiver=waiver,
    )
