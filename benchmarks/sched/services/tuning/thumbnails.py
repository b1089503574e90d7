"""Scales little images, in the threads of an executor."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from perftools_benchmarks.sched.ready import ready

POOL = ThreadPoolExecutor(int(os.environ["THREADS"]))
IMAGE = [[(x * y) % 256 for x in range(200)] for y in range(200)]


def scale():
    return [
        [(IMAGE[y][x] + IMAGE[y + 1][x] + IMAGE[y][x + 1] + IMAGE[y + 1][x + 1]) // 4 for x in range(0, 200, 2)]
        for _ in range(3)
        for y in range(0, 200, 2)
    ]


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    rows = await asyncio.get_running_loop().run_in_executor(POOL, scale)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(rows)})


ready()
