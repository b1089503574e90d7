"""asyncio: each request registers a callback for a shutdown that never comes."""

import asyncio
import random
import sys

RATE = float(sys.argv[1])
PER_S = 60
on_shutdown = []


async def handle(number):
    await asyncio.sleep(random.uniform(0, 0.02))
    payload = bytearray(b"x" * (int(RATE * 2**20 / 60 / PER_S) or 1))
    if RATE:
        on_shutdown.append(lambda: payload.clear())
    return sum(hash((number, at)) & 255 for at in range(2000))


async def main():
    number = 0
    print("ready", flush=True)
    waiting = set()
    while True:
        number += 1
        task = asyncio.create_task(handle(number))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        await asyncio.sleep(random.expovariate(PER_S))


asyncio.run(main())
