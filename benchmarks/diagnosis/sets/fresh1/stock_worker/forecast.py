import random


class Demand:
    """Seasonal demand: recent days and the same weekday count more."""

    def __init__(self, skus, days):
        rnd = random.Random(21)
        self.history = {sku: [max(0.0, rnd.gauss(4, 2)) for _ in range(days)] for sku in skus}
        self.decay = [0.5 ** ((days - n) / 60) for n in range(days)]
        self.season = [1.4 if n % 7 == days % 7 else 0.9 for n in range(days)]

    def expect(self, sku, horizon=7):
        weight = 0.0
        weighted = 0.0
        for sold, decay, season in zip(self.history[sku], self.decay, self.season):
            factor = decay * season
            weight += factor
            weighted += factor * sold
        return horizon * weighted / weight
