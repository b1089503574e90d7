"""Bedside monitor feed -> early-warning scores and lead averages."""
import itertools
import math
import random
from statistics import fmean, median
from typing import Iterable, Optional, Sequence

Number = Optional[float]

BANDS = {
    "hr": [(40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (math.inf, 3)],
    "rr": [(8, 3), (11, 1), (20, 0), (24, 2), (math.inf, 3)],
    "spo2": [(91, 3), (93, 2), (95, 1), (math.inf, 0)],
}


def points(kind: str, value: Number) -> int:
    if value is None:
        return 0
    for upper, pts in BANDS[kind]:
        if value <= upper:
            return pts
    return -1  # artefact: NaN falls through all the bands


def warning_scores(readings: Sequence[dict]) -> list:
    """Score per reading; None if nothing was measured, negative parts flag artefacts."""
    scores = []
    for reading in readings:
        if all(reading.get(kind) is None for kind in BANDS):
            scores.append(None)
            continue
        s = 0
        for kind in BANDS:
            s += points(kind, reading.get(kind))
        scores.append(s)
    return scores


def map_pressure(systolic: Iterable, diastolic: Iterable) -> list:
    """Mean arterial pressure; the cuff reports False instead of a number while it inflates."""
    out = []
    for s, d in zip(systolic, diastolic):
        if s is None or d is None or s is False or d is False:
            out.append(None)
        elif s < d:
            out.append(-1)
        else:
            out.append((s + 2 * d) / 3)
    return out


def lead_average(leads):
    """Average over the leads, sample by sample. Leads may stop early when an electrode comes off."""
    result = []
    for column in itertools.zip_longest(*leads):
        present = [x for x in column if x is not None]
        result.append(sum(present) / len(present) if present else None)
    return result


def peak_reading(values: Sequence[Number]) -> Number:
    peak = None
    for v in values:
        if v is None: continue
        if peak is None or v > peak:
            peak = v
    return peak


def total_output(events: Sequence) -> object:
    """Fluid output in ml. A bare True is a nurse's tick for 'one cup'."""
    total = 0
    ticks = 0
    for e in events:
        if e is None:
            continue
        if isinstance(e, bool):
            ticks += e
        else:
            total += e
    return {"ml": total, "ticks": ticks}


def baseline(values, window=15):
    clean = [v for v in values if v is not None and not math.isnan(v)]
    return [median(clean[max(0, i - window + 1) : i + 1]) for i in range(len(clean))]


def _feed(n, seed, lo, hi, none=0.05, nan=0.03):
    r = random.Random(seed)
    out = []
    for _ in range(n):
        q = r.random()
        out.append(None if q < none else math.nan if q < none + nan else r.randint(lo, hi))
    return out


def _readings(n, seed):
    rows = zip(_feed(n, seed, 30, 150, 0.2), _feed(n, seed + 1, 5, 30, 0.2), _feed(n, seed + 2, 85, 100, 0.2))
    return [{k: v for k, v in zip(("hr", "rr", "spo2"), row) if v is not None or row[0]} for row in rows]


CALLS = [
    ("warning_scores", lambda: (_readings(2000, 1),)),
    ("warning_scores", lambda: ([{}, {"hr": True}, {"hr": None, "rr": math.nan}],)),
    ("map_pressure", lambda: (_feed(3000, 2, 60, 180), _feed(2900, 3, 40, 110))),
    ("map_pressure", lambda: ((120, False, 0, True, 2**64, 90.0), [80, 70, 0, False, 2**64 - 1])),
    ("map_pressure", lambda: ([120, False, 0, True, 10**400], [80, 70, 0, False, 2])),
    ("lead_average", lambda: ([_feed(1000, 4, -90, 90, 0.05, 0), _feed(800, 5, -90, 90, 0.0, 0.01), _feed(990, 6, -9, 9)],)),
    ("lead_average", lambda: ([[1, None], [None], []],)),
    ("lead_average", lambda: ([],)),
    ("peak_reading", lambda: (_feed(4000, 7, 30, 200),)),
    ("peak_reading", lambda: ([math.nan, 200, 3],)),
    ("peak_reading", lambda: ([None, 1, True, 1.0, None],)),
    ("total_output", lambda: ([r if r is None or r == r and r % 7 else True for r in _feed(3000, 8, 10, 400)],)),
    ("total_output", lambda: ([2**62, 2**62, True, 0.0, None],)),
    ("baseline", lambda: (_feed(1200, 9, 50, 100),)),
    ("baseline", lambda: ([None, math.nan],)),
]
