"""A cache with a bound: it fills within some seconds of the start, and then stays."""

import functools
import random
import time


@functools.lru_cache(maxsize=20_000)
def describe(item):
    return {"id": item, "words": [f"word {item} {at}" for at in range(12)]}


def handle():
    return sum(len(describe(random.randrange(15_000))["words"]) for _ in range(100))


print("ready", flush=True)
while True:
    handle()
    time.sleep(0.01)
