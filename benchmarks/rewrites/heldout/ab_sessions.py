"""Experiment read-outs: conversion, revenue per session, bootstrap intervals."""
import itertools as it
import random
import statistics as st
from operator import itemgetter


def by_variant(sessions):
    ordered = sorted(sessions, key=itemgetter("variant"))
    return {v: list(g) for v, g in it.groupby(ordered, key=itemgetter("variant"))}


def summary(sessions):
    """Per variant: n, conversion rate, mean/median/stdev of revenue."""
    out = {}
    for variant, group in by_variant(sessions).items():
        revenue = [s["revenue"] for s in group]
        converted = [s for s in group if s["revenue"] > 0]
        out[variant] = {
            "n": len(group),
            "conversion": len(converted) / len(group),
            "mean": st.mean(revenue),
            "median": st.median(revenue),
            "stdev": st.stdev(revenue) if len(revenue) > 1 else 0.0,
        }
    return out


def bootstrap(values, rounds=200, seed=13, level=0.95):
    # percentile bootstrap of the mean
    rng = random.Random(seed)
    means = []
    for _ in range(rounds):
        resample = [values[rng.randrange(len(values))] for _ in range(len(values))]
        means.append(sum(resample) / len(resample))
    means.sort()
    lo = int((1 - level) / 2 * rounds)
    return means[lo], means[rounds - 1 - lo]


def mann_whitney_u(a, b):
    """U statistic of a over b, a tie counts a half."""
    u = 0.0
    for x in a:
        for y in b:
            if x > y:
                u += 1
            elif x == y:
                u += 0.5
    return u


def daily_lift(sessions, control="A", treatment="B"):
    """[(day, lift)] for the days on which both variants have sessions."""
    days = sorted(set(s["day"] for s in sessions))
    lifts = []
    for day in days:
        c = [s["revenue"] for s in sessions if s["day"] == day and s["variant"] == control]
        t = [s["revenue"] for s in sessions if s["day"] == day and s["variant"] == treatment]
        if not c or not t:
            continue
        base = sum(c) / len(c)
        if base == 0:
            continue
        lifts.append((day, sum(t) / len(t) / base - 1))
    return lifts


def running_conversion(flags):
    return [sum(flags[: i + 1]) / (i + 1) for i in range(len(flags))]


def _sessions(n, seed, variants="AB", days=45):
    r = random.Random(seed)
    return [
        {
            "variant": r.choice(variants),
            "day": r.randrange(days),
            "revenue": round(r.expovariate(0.05), 2) if r.random() < 0.2 else 0.0,
        }
        for _ in range(n)
    ]


def _revenues(n, seed):
    return [s["revenue"] for s in _sessions(n, seed)]


CALLS = [
    ("summary", lambda: (_sessions(3000, 1),)),
    ("summary", lambda: (_sessions(4, 2, "ABCDE"),)),
    ("summary", lambda: ([],)),
    ("bootstrap", lambda: (_revenues(500, 3), 150)),
    ("bootstrap", lambda: (_revenues(20, 4), 50, 5, 0.8)),
    ("bootstrap", lambda: ([], 50)),
    ("mann_whitney_u", lambda: (_revenues(900, 5), _revenues(1100, 6))),
    ("mann_whitney_u", lambda: ([], _revenues(10, 6))),
    ("daily_lift", lambda: (_sessions(4000, 7, "AB", 60),)),
    ("daily_lift", lambda: (_sessions(30, 8, "ABC"), "A", "C")),
    ("running_conversion", lambda: ([s["revenue"] > 0 for s in _sessions(1500, 9)],)),
    ("running_conversion", lambda: ([],)),
]
