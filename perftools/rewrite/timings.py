"""How much faster a recipe's fast form was, at which size, on which machine; and whether it is worth offering."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from perftools.record import Part

SCHEMA: Final = "perftools.timings/1"
FASTER: Final = 1.10
"""The least speed-up worth an edit; its interval's lower bound must pass 1 as well."""


class Timing(Part, frozen=True, kw_only=True):
    """Before and after at one size, under pyperf, alternating in one run."""

    variant: str
    n: int
    before_us: float
    """Median time of a call, in microseconds."""
    after_us: float
    speedup: float
    """Median of the pairs' ratios; above 1 is faster."""
    low: float
    high: float
    """95 % interval of it."""
    pairs: int

    @property
    def faster(self) -> bool:
        """Is it fast enough to be offered?"""
        return _faster(self.speedup, self.low)


class Machine(Part, frozen=True, kw_only=True):
    """Where timings come from."""

    cpu: str
    cpus: int
    python: str
    packages: dict[str, str]
    """Name to version: numpy, pandas, orjson, …"""


class Timings(Part, frozen=True, kw_only=True):
    """The timings.json of a recipe."""

    schema: Literal["perftools.timings/1"]
    recipe: str
    machine: Machine
    date: str
    """ISO date on which they were taken."""
    clock: Literal["cpu", "wall"] = "cpu"
    """What was measured: CPU time of the process, or the time that passed, where other processes do the work."""
    rows: tuple[Timing, ...]


class Speedup(Part, frozen=True, kw_only=True):
    """What is known of the speed-up at a size."""

    value: float
    low: float
    high: float
    n: int
    """The measured size that it was taken from."""
    machine: Machine

    @property
    def faster(self) -> bool:
        """Is it fast enough to be offered?"""
        return _faster(self.value, self.low)


def decode(text: bytes) -> Timings:
    """Read a timings.json. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Timings)


def encode(timings: Timings) -> bytes:
    return msgspec.json.format(msgspec.json.encode(timings), indent=1) + b"\n"


def rows_of(timings: Timings, variant: str) -> list[Timing]:
    """The timings of a variant ("" for the first one), by size."""
    wanted = variant or next((row.variant for row in timings.rows), "")
    return sorted((row for row in timings.rows if row.variant == wanted), key=lambda row: row.n)


def at_size(timings: Timings, variant: str, size: int) -> Speedup | None:
    """The speed-up at the measured size nearest to `size` (by ratio); of two that enclose it, the slower one.

    None where the variant was not timed, or never within a factor of 8 of that size and it is smaller than all.
    """
    rows = rows_of(timings, variant)
    if not rows or (size < rows[0].n / 8):
        return None
    below = [row for row in rows if row.n <= size]
    above = [row for row in rows if row.n >= size]
    near = [*below[-1:], *above[:1]]
    close = [row for row in near if abs(math.log(row.n / max(size, 1))) <= math.log(2)]
    row = min(close or near, key=lambda each: each.speedup)
    return Speedup(value=row.speedup, low=row.low, high=row.high, n=row.n, machine=timings.machine)


def _faster(value: float, low: float) -> bool:
    return value >= FASTER and low > 1.0
