"""Quantities as a person writes them ("10%", "3ms", "500/s", "64 MiB"), and back."""

from __future__ import annotations

import math
import re
from typing import Final

from perftools.budget.model import UNITS, Budget, Metric

WORDS: Final[dict[Metric, str]] = {
    "instructions": "instructions",
    "cpu_time": "CPU time",
    "wall_time": "wall time",
    "latency_p99": "p99 latency",
    "throughput": "throughput",
    "peak_memory": "peak memory",
    "import_time": "import time",
    "gc_pause": "GC pause",
    "findings": "findings",
}
"""What a person calls them."""

_TIMES: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_BYTES: Final = {
    "B": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
}
_RATES: Final = {"/s": 1.0, "/min": 1 / 60}
_COUNTS: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}

_KNOWN: Final[dict[str, dict[str, float]]] = {
    "s": _TIMES,
    "bytes": _BYTES,
    "1/s": _RATES,
    "instructions": _COUNTS,
    "findings": {"": 1.0},
}
"""What may be written for each unit of `UNITS`, and how much of it that is."""

_EXAMPLE: Final = {
    "s": '"3ms"',
    "bytes": '"64MiB"',
    "1/s": '"500/s"',
    "instructions": '"1.5M" or 1500000',
    "findings": "0",
}

_NUMBER: Final = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s?(\S{0,5})", re.ASCII)


def ratio(written: object) -> float:
    """A relative change: 0.1 of "10%". Raises ValueError, which says how to write it."""
    match = _NUMBER.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None or match[2] != "%":
        raise ValueError('is to be a percentage in quotes, such as "10%"')
    return float(match[1]) / 100


def quantity(written: object, metric: Metric) -> float:
    """A limit of `metric` in its unit: 0.003 of "3ms". Raises ValueError, which says how to write it."""
    unit = UNITS[metric]
    known = _KNOWN[unit]
    if isinstance(written, int) and not isinstance(written, bool) and "" in known:
        if 0 <= written < 10**15:
            return float(written)
    elif isinstance(written, str) and (match := _NUMBER.fullmatch(written.strip())) and match[2] in known:
        return float(match[1]) * known[match[2]]
    units = ", ".join(filter(None, known))
    raise ValueError(f"of {metric} is to be like {_EXAMPLE[unit]}" + (f"; units: {units}" if units else ""))


def change(relative: float) -> str:
    """A relative change with two digits that count, and its sign: "+9.8 %", "−12 %"."""
    points = 100 * relative
    digits = 0 if abs(points) >= 9.95 else 1 if abs(points) >= 0.095 or not points else 2
    return f"{points:+.{digits}f} %".replace("-", "−")


def amount(value: float, metric: Metric) -> str:
    """A value of `metric` in the unit that suits it: "3.2 ms", "64 MiB", "500/s"."""
    unit = UNITS[metric]
    if unit == "findings":
        return f"{value:.0f} finding{'s' * (value != 1)}"
    if unit == "1/s":
        return f"{_digits(value)}/s"
    if unit == "instructions":
        return f"{value:.0f}" if value < 1e4 else _scaled(value, {"k": 1e3, "M": 1e6, "G": 1e9})
    scale = (
        {"B": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}
        if unit == "bytes"
        else {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
    )
    return _scaled(value, scale)


def limit(budget: Budget) -> str:
    """What a budget allows: "+10 %", "3 ms", "+10 %, 3 ms"."""
    parts = []
    if budget.max_regression is not None:
        worse = f"{100 * budget.max_regression:.3g} %"
        parts.append(f"−{worse}" if budget.metric == "throughput" else f"+{worse}")
    parts += [amount(bound, budget.metric) for bound in (budget.max, budget.min) if bound is not None]
    return ", ".join(parts)


def _scaled(value: float, scale: dict[str, float]) -> str:
    fitting = [name for name, size in scale.items() if abs(value) >= 0.9995 * size]
    name = fitting[-1] if fitting else next(iter(scale))
    return f"{_digits(value / scale[name])} {name}"


def _digits(value: float) -> str:
    """Three digits that count, without an exponent."""
    if not value or not math.isfinite(value):
        return f"{value:.0f}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    said = f"{value:.{min(places, 6)}f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
