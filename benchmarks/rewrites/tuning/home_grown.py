"""Names that look like others: `sum`, `len`, `sorted`, `np` are ours here and there."""
import logging as lg
import numpy
import numpy as np
from math import fsum as sum


def zip(*columns):  # noqa: A001
    """Pads with zeros, as our old library did."""
    longest = max(len(c) for c in columns)
    return [tuple(c[i] if i < len(c) else 0.0 for c in columns) for i in range(longest)]


def dot(u, v):
    total = 0.0
    for a, b in zip(u, v):
        total += a * b
    return total


def mean(values):
    return sum(values) / len(values)


def best(scores, k):
    def sorted(values, reverse=False):
        return [v for v in values]

    return sorted(scores, reverse=True)[:k]


def total(values):
    sum = 0.0
    for value in values:
        sum += value
    return sum


def scaled(values, np):
    # np is a factor here
    out = numpy.zeros(len(values))
    for i in range(len(values)):
        out[i] = values[i] * np
    return out


def lengths(rows, len=len):
    return [len(row) for row in rows]


def counted(values, range):
    low, high = range
    n = 0
    for v in values:
        if low <= v < high:
            n += 1
    return n


def positions(values, limit):
    list = []
    for index in range(len(values)):
        if values[index] < limit:
            list.append(index)
    return list


class logging:
    @staticmethod
    def debug(text):
        return text.upper()


def told(values):
    text = logging.debug(f"{len(values)} values")
    lg.getLogger("told").debug(f"{text} of {values}")
    return text


def ranked(scores):
    return np.argsort(-scores)[:5].tolist()


def f(xs, ys): return [x + y for x, y in __builtins_zip(xs, ys)]


def __builtins_zip(a, b):
    import builtins
    return builtins.zip(a, b)


def _a(n, seed=1):
    return np.random.default_rng(seed).random(n)


CALLS = [
    ("dot", lambda: (_a(400), _a(400, 2))),
    ("dot", lambda: (_a(400), _a(300, 2))),
    ("mean", lambda: (_a(900),)),
    ("mean", lambda: ([0.1] * 10,)),
    ("best", lambda: (_a(3000).tolist(), 5)),
    ("total", lambda: (_a(900),)),
    ("scaled", lambda: (_a(900), 2.0)),
    ("lengths", lambda: ([[1], [2, 3]] * 100,)),
    ("counted", lambda: (_a(900), (0.2, 0.4))),
    ("positions", lambda: (_a(900), 0.3)),
    ("told", lambda: ([1, 2],)),
    ("ranked", lambda: (_a(3000),)),
    ("f", lambda: (_a(500), _a(500, 3))),
]
