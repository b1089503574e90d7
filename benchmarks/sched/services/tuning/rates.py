"""Asks another service (which takes its time) for rates; some requests compute besides."""

import time

from perftools_benchmarks.sched.ready import ready


def fetch(seconds):
    time.sleep(seconds)
    return 1.25


def convert(rate):
    total = 0
    for cents in range(60_000):
        total += cents * rate
    return total


def app(environ, start_response):
    if environ["PATH_INFO"] == "/wait":
        body = b"%d" % (100 * fetch(0.1))
    else:
        body = b"%d" % convert(fetch(0.012))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


ready()
