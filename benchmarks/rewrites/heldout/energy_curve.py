"""Load curves of smart meters.

Rewritten in 2023 after the quarter-hour roll-out; everything that sees a whole
portfolio works on arrays of shape (meters, 96).
"""
from __future__ import annotations

import bisect
import heapq
from collections import Counter, deque

import numpy as np

SLOTS = 96
TARIFF_STEPS = (0, 28, 76, 88)          # night, day, evening, night
TARIFF_NAMES = ("night", "day", "evening", "night")


def portfolio_curve(readings: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Sum curve of the active meters, in kW."""
    return readings[active].sum(axis=0) * 4.0


def peaks(readings: np.ndarray) -> list[tuple[int, float]]:
    slot = readings.argmax(axis=1)
    value = readings.max(axis=1)
    return list(zip(slot.tolist(), value.tolist()))


def tariff(slot: int) -> str:
    return TARIFF_NAMES[bisect.bisect_right(TARIFF_STEPS, slot) - 1]


def tariff_counts(slots: list[int]) -> dict[str, int]:
    return dict(Counter(map(tariff, slots)))


def largest_meters(totals: dict[str, float], k: int = 10) -> list[str]:
    return heapq.nlargest(k, totals, key=totals.__getitem__)


def longest_gap(present: list[bool]) -> int:
    """Longest run of missing slots."""
    longest = run = 0
    for p in present:
        run = 0 if p else run + 1
        if run > longest:
            longest = run
    return longest


def rolling_max(values: list[float], width: int) -> list[float]:
    """Maximum of the last `width` values, by a monotonic queue."""
    queue: deque[int] = deque()
    out = []
    for i, v in enumerate(values):
        while queue and values[queue[-1]] <= v:
            queue.pop()
        queue.append(i)
        if queue[0] <= i - width:
            queue.popleft()
        out.append(values[queue[0]])
    return out


def battery(curve: np.ndarray, capacity: float, limit: float) -> list[float]:
    """State of charge after each slot; charging below `limit`, discharging above it."""
    soc, states = 0.0, []
    for kw in curve.tolist():
        soc = min(capacity, max(0.0, soc + (limit - kw) / 4.0))
        states.append(soc)
    return states


def _readings(meters, seed):
    return np.random.default_rng(seed).gamma(2.0, 0.2, (meters, SLOTS))


def _active(meters, seed):
    return np.random.default_rng(seed).random(meters) < 0.7


def _totals(meters, seed):
    return {f"m{i}": float(v) for i, v in enumerate(np.random.default_rng(seed).random(meters).round(2))}


CALLS = [
    ("portfolio_curve", lambda: (_readings(2000, 1), _active(2000, 2))),
    ("portfolio_curve", lambda: (_readings(3, 3), np.zeros(3, dtype=bool))),
    ("peaks", lambda: (_readings(2500, 4),)),
    ("peaks", lambda: (_readings(0, 5),)),
    ("tariff_counts", lambda: (np.random.default_rng(6).integers(0, SLOTS, 3000).tolist(),)),
    ("largest_meters", lambda: (_totals(4000, 7),)),
    ("largest_meters", lambda: ({}, 3)),
    ("longest_gap", lambda: ((np.random.default_rng(8).random(5000) < 0.6).tolist(),)),
    ("rolling_max", lambda: (np.random.default_rng(9).random(4000).round(2).tolist(), 96)),
    ("rolling_max", lambda: ([], 4)),
    ("battery", lambda: (_readings(40, 10).ravel() * 4, 6.0, 1.7)),
    ("battery", lambda: (np.empty(0), 6.0, 1.7)),
]
