"""A quote of many small parts; it gives the event loop back after each."""

import asyncio

from perftools_benchmarks.sched.ready import ready


def part(number):
    return sum(step * number % 17 for step in range(2000))


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    total = 0
    for number in range(20):
        total += part(number)
        await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % total})


ready()
