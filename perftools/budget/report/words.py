"""One sentence for a verdict, the same in every output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from perftools.budget.model import Status, Verdict
from perftools.budget.units import amount, change
from perftools.finding import Estimate
from perftools.report.words import clean

WORST_FIRST: Final[tuple[Status, ...]] = ("broken", "not_measured", "inconclusive", "waived", "pass")

SAID: Final[dict[Status, str]] = {
    "broken": "BROKEN",
    "not_measured": "NOT MEASURED",
    "inconclusive": "inconclusive",
    "waived": "waived",
    "pass": "pass",
}


def ordered(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The worst first, and otherwise as they stand in the file."""
    return sorted(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.status))


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many of each: "1 BROKEN, 3 pass"."""
    counts = Counter(verdict.status for verdict in verdicts)
    return ", ".join(f"{counts[status]} {SAID[status]}" for status in WORST_FIRST if counts[status])


def heading(verdict: Verdict) -> str:
    """The budget and its verdict: "score BROKEN"."""
    return f"{clean(verdict.budget.id)} {SAID[verdict.status]}"


def evidence(verdict: Verdict) -> str:
    """What the verdict rests on.

    "+9.8 % (99 % CI +7.9 % … +12 %), budget +5 %; 24 pairs, confirmed; could detect >= 4 %; grew: features.encode
    +8.1 %"
    """
    reason = clean(verdict.reason)
    limit = f"budget {clean(verdict.limit)}"
    if verdict.measured is None:
        return "; ".join(filter(None, (reason, limit)))
    parts = [f"{measured(verdict, verdict.measured)}, {limit}", _sample(verdict)]
    if verdict.detectable is not None:
        parts.append(f"could detect >= {_points(verdict.detectable)} %")
    if verdict.grew:
        parts.append(f"grew: {', '.join(clean(each) for each in verdict.grew)}")
    return "; ".join(filter(None, (*parts, reason)))


def sentence(verdict: Verdict) -> str:
    """Heading and evidence in one line."""
    return f"{heading(verdict)}: {evidence(verdict)}"


def measured(verdict: Verdict, estimate: Estimate) -> str:
    """The change or the amount, with its 99 % interval: two one-sided bounds of 99.5 % each."""

    def said(value: float) -> str:
        return change(value) if estimate.unit == "ratio" else amount(value, verdict.budget.metric)

    value, low, high = said(estimate.value), said(estimate.low), said(estimate.high)
    if estimate.counted or low == high:
        return value
    return f"{value} (99 % CI {low} … {high})"


def target(verdict: Verdict) -> str:
    """What is measured, and where that is written."""
    budget = verdict.budget
    return f"{budget.metric} of {clean(budget.target)}, {clean(budget.path)}:{budget.line}"


def _points(ratio: float) -> str:
    """Percent, with two digits that count: 4, 0.12, 130."""
    return f"{100 * ratio:.2g}" if ratio < 0.995 else f"{100 * ratio:.0f}"


def _sample(verdict: Verdict) -> str:
    """Its size, as in "24 pairs, confirmed"."""
    processes = len(verdict.samples.alone)
    counted: Sequence[tuple[int, str]] = ((verdict.pairs, "pair"), (processes, "process"))
    parts = [f"{count} {noun if count == 1 else _plural(noun)}" for count, noun in counted if count]
    return ", ".join([*parts, *(["confirmed"] if verdict.confirmed else [])])


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"
