"""Reserves for open claims under stress scenarios; a pool of processes works through the portfolios."""
import collections
import functools
import itertools
import multiprocessing
import random
import time

Claim = collections.namedtuple("Claim", "number lag paid incurred")
LAGS = 12
SCENARIOS = 24
PERIOD_S = 0.006


def portfolio(seed, count=900):
    source = random.Random(seed)
    claims = []
    for number in range(count):
        incurred = source.lognormvariate(8, 1)
        claims.append(Claim(number, source.randrange(LAGS), incurred * source.random(), incurred))
    return claims


def scenarios(seed=99):
    source = random.Random(seed)
    for _ in range(SCENARIOS):
        factors = [1.0]
        for lag in range(1, LAGS):
            factors.append(factors[-1] + source.uniform(0.01, 0.4) / lag)
        yield factors


PORTFOLIOS = [portfolio(seed) for seed in range(8)]
FACTORS = list(scenarios())


def reserve(claims, factors):
    return functools.reduce(lambda acc, claim: acc + claim.incurred * factors[claim.lag] - claim.paid, claims, 0.0)


def stress(index):
    claims = PORTFOLIOS[index]
    outcomes = sorted(map(lambda factors: reserve(claims, factors), FACTORS))
    return {
        "portfolio": index,
        "median": round(outcomes[len(outcomes) // 2], 2),
        "worst": round(outcomes[-1], 2),
    }


def main():
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        print("pool is up")
        due = time.monotonic()
        highest = 0.0
        for turn in itertools.count():
            result = pool.apply(stress, (turn % len(PORTFOLIOS),))
            highest = max(highest, result["worst"])
            if turn % 500 == 499:
                print("%d runs, highest reserve %.0f" % (turn + 1, highest))
            due = max(due + PERIOD_S, time.monotonic() - 1.0)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
