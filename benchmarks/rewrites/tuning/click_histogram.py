"""Where and when users click: counts by hour, by cell, by name."""
from collections import defaultdict

import numpy as np

CELLS = 32


def by_hour(hours):
    counts = [0] * 24
    for hour in hours:
        counts[hour] += 1
    return counts


def by_cell(xs, weights):
    """Weight of the clicks in each cell of a strip of width 1."""
    grid = np.zeros(CELLS)
    for x, w in zip(xs, weights):
        grid[int(x * CELLS)] += w
    return grid


def by_bin(values, low, width):
    bins = np.zeros(10, dtype=int)
    for v in values:
        index = int((v - low) // width)
        if index < 0 or index >= 10:
            continue  # outside of the picture
        bins[index] += 1
    return bins


def by_name(names):
    counts = {}
    for name in names:
        if name not in counts:
            counts[name] = 0
        counts[name] += 1
    return counts


def weight_by_user(users, weights):
    totals = defaultdict(float)
    for user, weight in zip(users, weights):
        totals[user] += weight
    return dict(totals)


def offsets(deltas, size):
    # a negative delta counts from the end: on purpose
    seen = [0] * size
    for d in deltas:
        seen[d] += 1
    return seen


def matrix(rows, columns, n):
    counts = np.zeros((n, n), dtype=np.int64)
    for i in range(len(rows)):
        counts[rows[i], columns[i]] += 1
    return counts


def last_seen(cells, times, n):
    latest = np.zeros(n)
    for c, t in zip(cells, times):
        latest[c] = t
    return latest


def most_clicked(hours):
    counts = by_hour(hours)
    best = 0
    for hour in range(len(counts)):
        if counts[hour] > counts[best]:
            best = hour
    return best


def _r(seed):
    return np.random.default_rng(seed)


CALLS = [
    ("by_hour", lambda: (_r(1).integers(0, 24, 4000),)),
    ("by_hour", lambda: (_r(1).integers(0, 24, 4000).tolist(),)),
    ("by_cell", lambda: (_r(2).random(3000), _r(3).random(3000))),
    ("by_bin", lambda: (_r(4).normal(size=3000), -2.0, 0.4)),
    ("by_name", lambda: ([f"n{i * i % 37}" for i in range(3000)],)),
    ("weight_by_user", lambda: (_r(5).integers(0, 50, 2000).tolist(), _r(6).random(2000).tolist())),
    ("offsets", lambda: (_r(7).integers(-10, 10, 2000), 10)),
    ("matrix", lambda: (_r(8).integers(0, 20, 2000), _r(9).integers(0, 20, 2000), 20)),
    ("last_seen", lambda: (_r(10).integers(0, 20, 2000), _r(11).random(2000), 20)),
    ("most_clicked", lambda: (_r(1).integers(0, 24, 4000),)),
]
