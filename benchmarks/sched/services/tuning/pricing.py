"""Prices a basket in pure Python."""

import os

from perftools_benchmarks.sched.ready import ready

if os.environ["VARIANT"] == "pools":
    import numpy as np

    WEIGHTS = np.ones((600, 600)) @ np.ones((600, 600))  # the pool's threads are there from here on

RATES = [1 + (item * 37 % 101) / 1000 for item in range(400)]


def price(basket):
    total = 0.0
    for day in range(180):
        for item in basket:
            total += RATES[item] * (day % 7 + 1)
    return total


def app(environ, start_response):
    body = b"%d" % price(range(0, 400, 2))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


ready()
