"""Risk figures of a portfolio. Prices are arrays, one row for each day."""
import numpy as np


class Portfolio:
    fee = 0.001

    def __init__(self, weights, prices):
        self.weights = weights
        self.prices = prices
        self.log = []

    def value(self, day):
        total = 0.0
        for i in range(len(self.weights)):
            total += self.weights[i] * self.prices[day, i]
        return total

    def values(self):
        """The value on each day."""
        result = []
        for row in self.prices:
            v = 0.0
            for w, p in zip(self.weights, row):
                v += w * p
            result.append(v)
        return result

    def returns(self):
        values = self.values()
        return [(values[i] - values[i - 1]) / values[i - 1] for i in range(1, len(values))]

    def drawdown(self):
        peak, worst = float("-inf"), 0.0
        for v in self.values():
            peak = max(peak, v)
            worst = max(worst, (peak - v) / peak)
        return worst

    def rebalance(self, targets):
        cost = 0.0
        for i, t in enumerate(targets):
            cost += abs(t - self.weights[i]) * self.fee
            self.weights[i] = t  # in place: others hold this array
        self.log.append(cost)
        return cost

    @property
    def size(self):
        return len(self.weights)


def exposure(weights, prices, limit):
    """Stops at the first position above the limit."""
    total = 0.0
    for w, p in zip(weights, prices):
        if w * p > limit:
            raise ValueError("too large: %r" % (w * p))
        total += w * p
    return total


def compound(rates, start):
    value = start
    for rate in rates:
        value = value * (1 + rate)
    return value


def balance(flows, start, floor):
    level = start
    for flow in flows:
        level += flow
        if level < floor:
            level = floor
    return level


def variance(xs):
    n = len(xs)
    mean = sum(xs) / n
    return sum((x - mean) ** 2 for x in xs) / (n - 1)


def covariance(xs, ys):
    mx = my = 0.0
    for x in xs: mx += x
    for y in ys: my += y
    mx, my = mx / len(xs), my / len(ys)
    c = 0.0
    k = 0
    while k < len(xs):
        c += (xs[k] - mx) * (ys[k] - my)
        k += 1
    return c / len(xs)


def _a(n, seed=1, d=None):
    return np.random.default_rng(seed).random((n, d) if d else n) + 0.5


def _portfolio(days=200, d=32):
    return Portfolio(_a(d), _a(days, 2, d))


CALLS = [
    ("Portfolio.value", lambda: (_portfolio(), 17)),
    ("Portfolio.values", lambda: (_portfolio(),)),
    ("Portfolio.returns", lambda: (_portfolio(),)),
    ("Portfolio.drawdown", lambda: (_portfolio(),)),
    ("Portfolio.rebalance", lambda: (_portfolio(), _a(32, 5))),
    ("exposure", lambda: (_a(500), _a(500, 3), 9.0)),
    ("exposure", lambda: (_a(500), _a(500, 3), 2.0)),
    ("compound", lambda: (_a(500) / 1000, 100.0)),
    ("balance", lambda: (_a(500) - 1.0, 5.0, 0.0)),
    ("variance", lambda: (_a(2000),)),
    ("variance", lambda: (_a(2000).tolist(),)),
    ("covariance", lambda: (_a(2000), _a(2000, 4))),
]
