# Forecasts per series, used by the replenishment batch and by /forecast
from typing import Optional
import math
import random

ALPHA, BETA, GAMMA = 0.3, 0.1, 0.2
_last_fit = {}      # remembered for the debug page


def holt(series: list[float], alpha: float = ALPHA, beta: float = BETA) -> list[float]:
    """One-step-ahead forecasts by double exponential smoothing."""
    level, trend = series[0], series[1] - series[0]
    forecasts = []
    for y in series[1:]:
        forecasts.append(level + trend)
        previous = level
        level = alpha * y + (1 - alpha) * (level + trend)
        trend = beta * (level - previous) + (1 - beta) * trend
    return forecasts


def holt_winters(series, season, horizon):
    seasonals = [series[i] - sum(series[:season]) / season for i in range(season)]
    level = sum(series[:season]) / season
    trend = 0.0
    for i, y in enumerate(series):
        s = seasonals[i % season]
        before = level
        level = ALPHA * (y - s) + (1 - ALPHA) * (level + trend)
        trend = BETA * (level - before) + (1 - BETA) * trend
        seasonals[i % season] = GAMMA * (y - level) + (1 - GAMMA) * s
    return [level + (h + 1) * trend + seasonals[(len(series) + h) % season] for h in range(horizon)]


def croston(demand: list[Optional[int]]) -> float:
    """Intermittent demand: smooth sizes and gaps apart. None is a day on which the shop was closed."""
    size = gap = None
    since = 1
    for d in demand:
        if d is None:
            continue
        if d == 0:
            since += 1
            continue
        size = d if size is None else ALPHA * d + (1 - ALPHA) * size
        gap = since if gap is None else ALPHA * since + (1 - ALPHA) * gap
        since = 1
    return 0.0 if size is None else size / gap


def best_alpha(name, series, grid=(0.1, 0.2, 0.3, 0.5, 0.8)):
    """The first alpha of the grid with the smallest squared error."""
    chosen, lowest = None, math.inf
    for alpha in grid:
        err = sum((f - y) ** 2 for f, y in zip(holt(series, alpha), series[1:]))
        if err < lowest:
            chosen, lowest = alpha, err
    _last_fit[name] = chosen
    return chosen


def cap_growth(series, max_step=0.2):
    """No value more than 20 % above its (already capped) predecessor; changes the list it is given."""
    for i in range(1, len(series)):
        ceiling = series[i - 1] * (1 + max_step)
        if series[i] > ceiling:
            series[i] = ceiling
    return series


def fill_forward(series):
    out, last = [], None
    for v in series:
        if v is None or v != v:
            out.append(last)
        else:
            last = v
            out.append(v)
    return out


def _series(n, seed):
    rng = random.Random(seed)
    return [50 + 0.01 * i + 8 * math.sin(i / 7) + rng.gauss(0, 3) for i in range(n)]


def _sparse(n, seed):
    rng = random.Random(seed)
    return [rng.choice([0, 0, 0, 0, None, 3, 1, 12]) for _ in range(n)]


CALLS = [
    ("holt", lambda: (_series(4000, 1),)),
    ("holt", lambda: ([3, 3], 0.5)),
    ("holt", lambda: ([4.0],)),
    ("holt_winters", lambda: (_series(3000, 2), 7, 28)),
    ("holt_winters", lambda: ([1, 2, 3], 3, 0)),
    ("croston", lambda: (_sparse(5000, 3),)),
    ("croston", lambda: ([0, None, 0],)),
    ("best_alpha", lambda: ("sku-1", _series(1000, 4))),
    ("best_alpha", lambda: ("flat", [5.0] * 500)),
    ("best_alpha", lambda: ("nan", [1.0, math.nan, 2.0])),
    ("cap_growth", lambda: ([abs(x) for x in _series(3000, 5)][::7] + [1.0, 9.0, 81.0] * 500,)),
    ("cap_growth", lambda: ([0, 5, -2, -1],)),
    ("fill_forward", lambda: (_sparse(4000, 6),)),
    ("fill_forward", lambda: ([None, math.nan, 0, False, None, math.nan],)),
]
