"""Stops near a place."""
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np


class Stop(NamedTuple):
    id: int
    x: float
    y: float


def squared(a, b):
    return sum((p - q) ** 2 for p, q in zip(a, b))


def distance(a, b):
    return sqrt(squared(a, b))


def nearest(points, place):
    """Index of the nearest point; the first of those that are as near."""
    best, best_d = -1, float("inf")
    for i, point in enumerate(points):
        d = squared(point, place)
        if d < best_d:
            best, best_d = i, d
    return best


def all_distances(points, place):
    out = np.zeros(len(points))
    for i in range(points.shape[0]):
        d = 0.0
        for j in range(points.shape[1]):
            d += (points[i, j] - place[j]) ** 2
        out[i] = sqrt(d)  # metres
    return out


def table(a, b):
    return [[distance(p, q) for q in b] for p in a]


def within(points, place, radius):
    found = []
    for i, point in enumerate(points):
        if distance(point, place) <= radius:
            found.append(i)
    return found


def nearest_stop(stops, x, y):
    return min(stops, key=lambda s: hypot(s.x - x, s.y - y))


def manhattan(points, place):
    return [np.abs(point - place).sum() for point in points]


def norms(points):
    return [float(np.linalg.norm(p)) for p in points]


def route_length(points):
    total = 0.0
    for i in range(1, len(points)):
        total += distance(points[i - 1], points[i])
    return total


def _points(n, d=3, seed=2, places=None):
    found = np.random.default_rng(seed).random((n, d))
    return found if places is None else found.round(places)


CALLS = [
    ("squared", lambda: (_points(1, 500)[0], _points(1, 500, 3)[0])),
    ("nearest", lambda: (_points(900), _points(1, 3, 9)[0])),
    ("nearest", lambda: (_points(900, 3, 4, 1), np.array([0.5, 0.5, 0.5]))),
    ("nearest", lambda: ([tuple(p) for p in _points(300).tolist()], (0.5, 0.5, 0.5))),
    ("all_distances", lambda: (_points(900), _points(1, 3, 9)[0])),
    ("table", lambda: (_points(40), _points(50, 3, 5))),
    ("within", lambda: (_points(900), _points(1, 3, 9)[0], 0.5)),
    ("within", lambda: (_points(900, 3, 4, 1), np.array([0.5, 0.5, 0.5]), 0.5)),
    ("nearest_stop", lambda: ([Stop(i, *p) for i, p in enumerate(_points(300, 2).tolist())], 0.4, 0.6)),
    ("manhattan", lambda: (_points(600), _points(1, 3, 9)[0])),
    ("norms", lambda: (_points(600, 16),)),
    ("route_length", lambda: (_points(600, 2),)),
]
