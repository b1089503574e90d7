"""Which settings are harmful, by measurement; which of them were flagged; and what the advice is worth."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from .measuring import Measured, Seen
from .scenarios import Service, Setting

HARM = 1.4
"""From how many times fewer requests than in the best setting a setting is harmful: less is noise on two CPUs."""
ADVICE = 0.80
"""Of the best median, what the advised setting has to reach."""
RESAMPLES = 2000


class Ratio(NamedTuple):
    """Of two medians, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


class Outcome(NamedTuple):
    """One scenario."""

    set: str
    service: str
    setting: Setting
    rate: float | None
    """Requests a second, median over the runs; None where nothing was compared."""
    of_best: Ratio | None
    """Its rate against the best setting's."""
    harmful: bool
    seen: Seen
    flagged: bool
    """By an alarm of a rule that is right about this service."""
    advised: Setting | None
    advised_of_best: Ratio | None

    @property
    def false_alarm(self) -> bool:
        return not self.harmful and bool(self.seen.alarms)

    @property
    def wrong(self) -> bool:
        """An alarm where none belongs, no alarm where one does, or advice that is worth too little."""
        missed = self.harmful and not self.flagged
        return missed or self.false_alarm or (self.advised_of_best is not None and self.advised_of_best.value < ADVICE)


class Totals(NamedTuple):
    """Of several scenarios."""

    harmful: int
    flagged: int
    healthy: int
    false_alarms: int
    advised: int
    advised_well: int
    """Whose median reaches ADVICE of the best one."""
    worst_advice: float | None


def judge(of: str, service: Service, measured: Measured, seed: int = 1) -> list[Outcome]:
    """Every setting that was audited."""
    rates = measured.rates
    medians = {setting: statistics.median(each) for setting, each in rates.items() if each}
    best = max(medians, key=lambda setting: medians[setting], default=None)

    def of_best(setting: Setting | None) -> Ratio | None:
        if best is None or setting not in medians:
            return None
        return ratio(rates[setting], rates[best], seed)

    outcomes = []
    for setting, seen in measured.audits.items():
        compared = of_best(setting)
        harmful = compared is not None and compared.value < 1 / HARM
        right = [alarm for alarm in seen.alarms if alarm.rule in service.rules]
        advised = next((alarm.advised for alarm in right if alarm.advised is not None), None)
        worth = of_best(advised) if harmful else None
        outcomes.append(
            Outcome(
                of, service.name, setting, medians.get(setting), compared, harmful, seen, bool(right),
                advised, worth,
            )
        )  # fmt: skip
    return outcomes


def ratio(ours: Sequence[float], best: Sequence[float], seed: int) -> Ratio:
    """Of the medians; the interval by the percentile bootstrap over the interleaved runs."""
    choose = random.Random(seed)
    value = _over(statistics.median(ours), statistics.median(best))
    runs = range(len(ours))
    drawn = [choose.choices(runs, k=len(ours)) for _ in range(RESAMPLES)]
    ratios = sorted(
        _over(statistics.median(ours[at] for at in each), statistics.median(best[at] for at in each)) for each in drawn
    )
    return Ratio(value, ratios[round(0.025 * RESAMPLES)], ratios[round(0.975 * RESAMPLES) - 1])


def total(outcomes: Sequence[Outcome]) -> Totals:
    """What the figures are."""
    worth = [outcome.advised_of_best.value for outcome in outcomes if outcome.advised_of_best is not None]
    return Totals(
        harmful=sum(outcome.harmful for outcome in outcomes),
        flagged=sum(outcome.harmful and outcome.flagged for outcome in outcomes),
        healthy=sum(not outcome.harmful for outcome in outcomes),
        false_alarms=sum(outcome.false_alarm for outcome in outcomes),
        advised=len(worth),
        advised_well=sum(value >= ADVICE for value in worth),
        worst_advice=min(worth, default=None),
    )


def _over(ours: float, best: float) -> float:
    return ours / best if best else 1.0
