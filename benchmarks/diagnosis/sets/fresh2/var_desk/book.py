"""Positions and the market's past."""
import random


class Position:
    __slots__ = ("ticker", "amount", "returns")

    def __init__(self, ticker, amount, returns):
        self.ticker = ticker
        self.amount = amount
        self.returns = returns


class Book:
    def __init__(self, positions):
        self.positions = positions

    def value(self):
        return sum(position.amount for position in self.positions)


class Market:
    def __init__(self, names, days, seed=19):
        rnd = random.Random(seed)
        common = [rnd.gauss(0, 0.01) for _ in range(days)]
        self.days = days
        self.returns = [[0.7 * c + rnd.gauss(0, 0.008) for c in common] for _ in range(names)]
        self.covariance = [[self._covariance(a, b) for b in self.returns] for a in self.returns]

    def _covariance(self, a, b):
        mean_a, mean_b = sum(a) / self.days, sum(b) / self.days
        return sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b)) / (self.days - 1)

    def book(self, tickers, amounts):
        return Book([Position(t, a, self.returns[t]) for t, a in zip(tickers, amounts)])
