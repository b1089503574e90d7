"""A cache over a finite number of keys, which fills while it is being looked at."""

import random
import time

CACHE: dict = {}


def lookup(key):
    if key not in CACHE:
        CACHE[key] = b"x" * 16_384
    return CACHE[key]


print("ready", flush=True)
time.sleep(63)  # the others have warmed up by then
while True:
    for _ in range(60):
        lookup(random.randrange(4000))
    time.sleep(0.05)
