"""Pauses in numbers, worker by worker: what both rules about the garbage collector weigh."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from perftools.causes import Code, Trigger, where_of
from perftools.finding import Estimate, Measure, Severity, Where
from perftools.hot import Frame, blamed_ms
from perftools.record import Collector, Gc, Missing, Pause

SEVERITIES = {
    "info_ms": 10, "medium_ms": 50, "high_ms": 200,
    "medium_share": 0.05, "high_share": 0.20,
}  # fmt: skip
"""Worst pause, and share of the wall time, from which a finding has each severity; info alone is no alarm."""


@dataclass(frozen=True)
class Worker:
    """One process: its collector, and those of its pauses that are judged."""

    collector: Collector
    pauses: tuple[Pause, ...]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.collector.pid

    @property
    def span_s(self) -> float:
        """How long it was watched."""
        return self.collector.end_s - self.collector.start_s

    @cached_property
    def own_ms(self) -> list[float]:
        """Pauses without the time that they waited for a CPU, shortest first."""
        return sorted(blamed_ms(pause) for pause in self.pauses)

    @property
    def worst_ms(self) -> float:
        """The longest of them."""
        return self.own_ms[-1] if self.own_ms else 0.0

    @property
    def share(self) -> float:
        """Part of the watched time in which the process stood still."""
        return min(1.0, sum(self.own_ms) / 1000 / self.span_s) if self.span_s > 0 else 0.0

    @property
    def collections(self) -> int:
        """By the collector's own counters, which miss none."""
        return sum(generation.collections for generation in self.collector.generations)

    def severity(self, limits: Mapping[str, float]) -> Severity | None:
        """By its worst pause or by its share of the wall time; None below all limits."""
        for name in ("high", "medium"):
            if self.worst_ms >= limits[f"{name}_ms"] or self.share >= limits[f"{name}_share"]:
                return "high" if name == "high" else "medium"
        return "info" if self.worst_ms >= limits["info_ms"] else None

    def estimate(self) -> Estimate:
        """The share of the wall time: counted where every pause was seen, else of those that were."""
        return Estimate(
            value=self.share, low=self.share, high=self.share, unit="share", n=len(self.pauses), of="wall",
            counted=complete(self.collector),
        )  # fmt: skip


def workers(gc: Gc, without: frozenset[int] = frozenset()) -> list[Worker]:
    """Every watched process, without the pauses whose indices are given."""
    pauses: dict[int, list[Pause]] = defaultdict(list)
    for index, pause in enumerate(gc.pauses):
        if index not in without:
            pauses[pause.pid].append(pause)
    return [Worker(collector, tuple(pauses[collector.pid])) for collector in gc.collectors]


def worst(found: Iterable[Worker], limits: Mapping[str, float]) -> Worker:
    """The worker to report: highest severity first, then the longest pause or largest share, as measured by limits."""
    order: Mapping[Severity | None, int] = {None: 0, "info": 1, "medium": 2, "high": 3}
    return max(
        found,
        key=lambda one: (
            order[one.severity(limits)],
            max(one.worst_ms / limits["high_ms"], one.share / limits["high_share"]),
        ),
    )


def complete(collector: Collector) -> bool:
    """Was every pause of the process seen, with its length?"""
    return collector.method != "poll" and not collector.unseen


def completeness(collector: Collector, total: int) -> str:
    """How the process was watched, and what was missed."""
    method = {"watchpoint": "hardware watchpoint", "ring": "the interpreter's statistics", "poll": "polling"}
    said = f"watched by {method[collector.method]}"
    if not collector.unseen:
        return f"{said}: {collections(total)}, all seen"
    short = f", shorter than {ms(collector.max_gap_ms)}" if collector.method == "poll" else ""
    return f"{said}: {collector.unseen} of {collections(total)} not seen{short}; the share is of those seen"


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """By nearest rank: a value that was measured."""
    return ordered[max(math.ceil(fraction * len(ordered)), 1) - 1]


def seconds_by_line(pauses: Iterable[Pause], triggers: Sequence[Trigger]) -> dict[Frame, float]:
    """Seconds of the pauses by the user's line in which they began; those whose stack was not read are left out."""
    found: dict[Frame, float] = defaultdict(float)
    for pause in pauses:
        frame = triggers[pause.stack].frame if pause.stack is not None else None
        if frame is not None:
            found[frame] += blamed_ms(pause) / 1000
    return found


def heat(seconds: Mapping[Frame, float], where: Where, code: Code) -> tuple[tuple[int, float], ...]:
    """(line, part of the time) in the place's function, hottest first."""
    total = sum(seconds.values()) or 1.0
    lines: dict[int, float] = defaultdict(float)
    for frame, own_s in seconds.items():
        if (frame.file, where_of(frame, code).function) == (where.file, where.function):
            lines[frame.line] += own_s / total
    return tuple(sorted(lines.items(), key=lambda pair: -pair[1])[:5])


def measure(label: str, value: float, unit: str, n: int) -> Measure:
    """A counted or measured number of the evidence."""
    return Measure(label=label, estimate=Estimate(value=value, low=value, high=value, unit=unit, n=n, counted=True))


def not_checked(missing: Missing, who: str = "GC") -> Missing:
    """The observer's reason, as the rules give it."""
    reason = f"it {missing.reason}" if missing.code == "E-ABSENT" else missing.reason
    return Missing(code=missing.code, reason=f"{who} not checked, because {reason}", remedy=missing.remedy)


def ms(value: float) -> str:
    """83 ms, 3.1 ms."""
    return f"{value:.0f} ms" if value >= 9.95 else f"{value:.1f} ms"


def per_s(count: int, span_s: float) -> str:
    """As in "3.2 times a second" or "12 times in 20 s"."""
    rate = count / span_s if span_s > 0 else 0.0
    if rate >= 1:
        return f"{rate:.0f} times a second" if rate >= 10 else f"{rate:.1f} times a second"
    times = {1: "once", 2: "twice"}.get(count, f"{count} times")
    return f"{times} in {span_s:.0f} s"


def collections(count: int) -> str:
    """As in "1 collection" or "210 collections"."""
    return "1 collection" if count == 1 else f"{count} collections"
