"""Keeps Holt-Winters forecasts of demand per product; a few products are refitted each tick."""
import math
import random
import sched
import time

SEASON = 24
PARAMETERS = [(a / 10, b / 10, g / 10) for a in (2, 4, 6) for b in (1, 2) for g in (1, 3)]


class Series:
    def __init__(self, product, history):
        self.product = product
        self.history = history
        self.best = PARAMETERS[0]
        self.error = math.inf

    def run(self, alpha, beta, gamma):
        level = self.history[0]
        trend = 0.0
        season = [1.0] * SEASON
        error = 0.0
        for t, y in enumerate(self.history):
            s = season[t % SEASON]
            guess = (level + trend) * s
            error += abs(y - guess)
            before = level
            level = alpha * (y / s) + (1 - alpha) * (level + trend)
            trend = beta * (level - before) + (1 - beta) * trend
            season[t % SEASON] = gamma * (y / level) + (1 - gamma) * s
        return error / len(self.history)

    def refit(self):
        for parameters in PARAMETERS:
            error = self.run(*parameters)
            if error < self.error:
                self.best, self.error = parameters, error


def history(rnd, hours):
    base = rnd.uniform(20, 90)
    return [
        base * (1 + 0.3 * math.sin(2 * math.pi * t / SEASON)) + rnd.uniform(0.1, 9) for t in range(hours)
    ]


def main():
    rnd = random.Random(64)
    fleet = [Series("p%03d" % i, history(rnd, 1400)) for i in range(60)]
    scheduler = sched.scheduler(time.monotonic, time.sleep)
    turn = 0

    def tick():
        nonlocal turn
        for _ in range(8):
            series = fleet[turn % len(fleet)]
            series.error = math.inf
            series.refit()
            turn += 1
        scheduler.enter(0.03, 1, tick)

    print("forecasting %d products" % len(fleet), flush=True)
    scheduler.enter(0, 1, tick)
    scheduler.run()


if __name__ == "__main__":
    main()
