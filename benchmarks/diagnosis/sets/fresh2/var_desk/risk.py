"""Parametric and historical risk of a book."""
import math


class RiskReport:
    def __init__(self, market, book):
        self.market = market
        self.book = book
        self._losses = None

    def volatility(self):
        value = self.book.value()
        positions = self.book.positions
        variance = 0.0
        for left in positions:
            row = self.market.covariance[left.ticker]
            for right in positions:
                variance += left.amount * right.amount * row[right.ticker]
        return math.sqrt(variance) / value

    def losses(self):
        if self._losses is None:
            self._losses = sorted(
                -sum(position.amount * position.returns[day] for position in self.book.positions)
                for day in range(self.market.days)
            )
        return self._losses

    def value_at_risk(self, level):
        losses = self.losses()
        return losses[min(len(losses) - 1, int(level * len(losses)))]

    def expected_shortfall(self, level):
        losses = self.losses()
        tail = losses[int(level * len(losses)):]
        return sum(tail) / len(tail)
