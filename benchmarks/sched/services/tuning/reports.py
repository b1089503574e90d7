"""Quick answers, and a report that takes about 150 ms to compute, or twice as long."""

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from perftools_benchmarks import prctl
from perftools_benchmarks.sched.ready import ready

POOL = None
MONTHS = 56 if os.environ["VARIANT"] == "long" else 28


def report():
    total = 0
    for month in range(MONTHS):
        for row in range(120_000):
            total += row * month % 7
    return total


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b"1"
    if scope["path"] == "/report":
        if POOL is None:
            body = b"%d" % report()
        else:
            body = b"%d" % await asyncio.get_running_loop().run_in_executor(POOL, report)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


if os.environ["VARIANT"] == "apart":
    fork = multiprocessing.get_context("fork")
    POOL = ProcessPoolExecutor(1, mp_context=fork, initializer=prctl.end_with, initargs=(os.getpid(),))
    POOL.submit(int).result()  # begins its process before there are connections to inherit
ready()
