"""Small sums on single numbers: numpy where Python would do."""
import math as m

import numpy as np
from numpy import clip, sqrt


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def bounded(score):
    return float(np.clip(score, 0.0, 1.0))


def bounded_all(scores):
    return [clip(s, 0.0, 1.0) for s in scores]


def mean_rating(ratings):
    if not ratings:
        return 0.0
    return np.mean(ratings)


def spread(ratings):
    mu = np.mean(ratings)
    return float(sqrt(np.sum([(r - mu) ** 2 for r in ratings]) / len(ratings)))


def hypotenuse(a, b):
    return np.sqrt(a * a + b * b)


def score(price, rating, age_days):
    # a missing rating counts as three
    rating = 3.0 if rating is None else rating
    value = np.log(price + 1.0) + 0.5 * rating
    value *= np.exp(-age_days / 30.0)
    return np.round(value, 3)


def distance(lat1, lon1, lat2, lon2):
    """Kilometres on a sphere."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    d = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(d))


def distances(points, lat, lon):
    return [distance(p[0], p[1], lat, lon) for p in points]


def largest(values):
    return np.max(values)


def total(values):
    return int(np.sum(values))


def is_finite(value):
    return not np.isnan(value) and not m.isinf(value)


def decayed(values, half_life):
    out = []
    for age, value in enumerate(values):
        out.append(value * np.power(0.5, age / half_life))
    return out


CALLS = [
    ("sigmoid", lambda: (0.3,)),
    ("sigmoid", lambda: (np.linspace(-4, 4, 50),)),
    ("bounded", lambda: (1.7,)),
    ("bounded_all", lambda: ([-0.5, 0.2, 1.7] * 30,)),
    ("mean_rating", lambda: ([4.0, 3.5, 5.0],)),
    ("mean_rating", lambda: ([],)),
    ("spread", lambda: ([4.0, 3.5, 5.0, 1.0],)),
    ("hypotenuse", lambda: (3.0, 4.0)),
    ("score", lambda: (19.9, None, 12.0)),
    ("score", lambda: (19.9, 4.5, 400.0)),
    ("distance", lambda: (52.5, 13.4, 48.1, 11.6)),
    ("distances", lambda: ([(50.0 + i / 10, 8.0 + i / 7) for i in range(60)], 52.5, 13.4)),
    ("largest", lambda: ([3, 9, 2],)),
    ("total", lambda: ([1, 2, 3],)),
    ("is_finite", lambda: (float("nan"),)),
    ("decayed", lambda: ([1.0] * 100, 7.0)),
]
