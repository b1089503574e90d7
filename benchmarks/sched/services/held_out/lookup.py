"""Waits for a slow disk, then checks what came: most of the time nothing runs here."""

import hashlib
import select

from perftools_benchmarks.sched.ready import ready

BLOCK = bytes(6_000_000)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    select.select([], [], [], 0.015)  # as a driver does that knows nothing of asyncio
    digest = hashlib.sha256(BLOCK).hexdigest()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": digest.encode()})


ready()
