"""A service that answers its own requests; the first argument says how: leak, steady, fills, evicts.

Requests make large temporaries in all of them. `fills` caches 40 MiB within 2 s, from SIGUSR1 on, and then stays.
"""

import random
import signal
import sys
import time
from collections import OrderedDict

KIND = sys.argv[1]
KEPT = []
ASKED = []
CACHE = OrderedDict()
BOUND = 300


def handle(now):
    rows = [{"id": at, "score": at * 0.5} for at in range(3000)]
    if KIND == "leak":
        KEPT.append([f"{now} {at}" for at in range(500)])
    if ASKED and len(CACHE) < 640:
        for _ in range(8):
            CACHE[len(CACHE)] = b"x" * random.randrange(65_000, 66_000)
    if KIND == "evicts":
        CACHE[random.random()] = b"x" * random.randrange(30_000, 90_000)
        if len(CACHE) > BOUND:
            CACHE.popitem(last=False)
    return sum(row["score"] for row in rows)


if KIND == "evicts":
    for key in range(BOUND):
        CACHE[key] = b"x" * random.randrange(30_000, 90_000)
signal.signal(signal.SIGUSR1, lambda *_: ASKED.append(True))
start = time.monotonic()
for _ in range(20):
    handle(0.0)
print("ready", flush=True)
while True:
    handle(time.monotonic() - start)
    time.sleep(0.02)
