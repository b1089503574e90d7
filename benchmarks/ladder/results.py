"""The figures of the ladder: what the processes measured, put together."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..report import Aim
from . import plan


class Timing(NamedTuple):
    """A form at one size."""

    form: str
    n: int
    """Candidates of a request."""
    median_us: float
    """Of a request; of all values of all processes."""
    low_us: float
    """First and third quartile."""
    high_us: float
    cpu_us: float
    """Of a request: its own CPU time, all threads and processes."""


class Ladder(NamedTuple):
    """Everything that was measured."""

    timings: list[Timing]
    shares: dict[tuple[str, int], float]
    """How much of the limit a form reaches, measured beside it: 1 is the limit."""
    limit_us: dict[int, float]
    """The probe of random rows, by their number."""
    cores: dict[str, Any]
    """Of `probe.Limits`: the rest."""

    def get(self, form: str, n: int) -> Timing | None:
        return next((timing for timing in self.timings if (timing.form, timing.n) == (form, n)), None)

    def ratio(self, slow: str, fast: str, n: int) -> float | None:
        """How many times as long as `fast` the form `slow` takes."""
        one, other = self.get(slow, n), self.get(fast, n)
        return one.median_us / other.median_us if one and other else None


def collect(suites: Mapping[str, Any], cores: dict[str, Any]) -> Ladder:
    """From the pyperf suite of each form."""
    timings, shares = [], {}
    probes: dict[int, list[float]] = {}
    for form, suite in suites.items():
        benchmarks = {benchmark.get_name(): benchmark for benchmark in suite.get_benchmarks()}
        for name, benchmark in benchmarks.items():
            if name.startswith(plan.LIMIT):
                continue
            n, head, part = plan.parse(name)
            title = plan.title(form, head) + part
            values = benchmark.get_values()
            cpu_us = statistics.median(run.get_metadata()["cpu_us"] for run in benchmark.get_runs())
            timings.append(Timing(title, n, *_quartiles_us(values), cpu_us))
            if (limit := benchmarks.get(plan.LIMIT + name)) is not None:
                limits = limit.get_values()
                shares[title, n] = statistics.median(best / value for best, value in zip(limits, values, strict=True))
                if form != plan.BATCH:
                    probes.setdefault(n, []).extend(limits)
    limit_us = {n: statistics.median(values) * 1e6 for n, values in sorted(probes.items())}
    return Ladder(timings, shares, limit_us, cores)


def _quartiles_us(values: tuple[float, ...]) -> tuple[float, float, float]:
    low, median, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return median * 1e6, low * 1e6, high * 1e6


def aims(ladder: Ladder) -> list[Aim]:
    """What the reference is held to."""

    def share(form: str, n: int) -> float | None:
        found = ladder.shares.get((form, n))
        return None if found is None else 100 * found

    product, choice = (ladder.get(plan.BATCH + part, plan.BATCH_PEERS) for part in (plan.PRODUCT, plan.TOP_K))
    dominance = product and choice and 100 * choice.median_us / (product.median_us + choice.median_us)
    batch = f"{plan.BATCH_USERS} users x {plan.BATCH_PEERS} peers"
    return [
        *(Aim(f"numpy, of the probe of random rows, N = {n}", share("numpy", n), 35, " %") for n in (1_000, 10_000)),
        *(Aim(f"native, of the probe of random rows, N = {n}", share("native", n), 70, " %") for n in (1_000, 10_000)),
        Aim("numpy over lists, N = 1000", ladder.ratio("lists", "numpy", 1_000), 40, "x"),
        Aim("numpy over pandas apply, N = 1000", ladder.ratio("pandas_apply", "numpy", 1_000), 350, "x"),
        Aim("cached over no cache, N = 1000", ladder.ratio("no_cache", "cached", 1_000), 4, "x"),
        Aim(f"{batch}, of sgemm's peak before top-k", share(plan.BATCH + plan.PRODUCT, plan.BATCH_PEERS), 60, " %"),
        Aim(f"{batch}, top-k's part of product and top-k", dominance, 50, " %", at_most=True),
    ]


def document(ladder: Ladder, machine: Mapping[str, str]) -> dict[str, Any]:
    """For `--json`."""
    row_bytes = ladder.cores["row_bytes"]
    return {
        "forms": [timing._asdict() for timing in ladder.timings],
        "probe": {
            "random_rows_us": ladder.limit_us,
            "random_rows_gb_s": {n: n * row_bytes / us / 1e3 for n, us in ladder.limit_us.items()},
            **ladder.cores,
        },
        "machine": dict(machine),
    }
