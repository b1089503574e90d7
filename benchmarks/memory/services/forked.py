"""A parent that loads a table and forks workers, which then look things up in it.

What is loaded ("dicts", "arrays"), whether it is frozen before the fork ("frozen", "plain"), how many workers, and
MiB, as arguments.
"""

import gc
import os
import random
import signal
import sys
import time

import numpy as np

loads, freezing, workers, mib = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if loads == "dicts":
    table = [{"id": at, "vector": [float(at), float(at + 1)]} for at in range(mib * 2**20 // 350)]
else:
    table = np.ones((mib * 2**20 // 16, 2))


def look_up(places):
    for _ in range(400):
        row = table[random.randrange(places)]
        _ = row["vector"][0] + row["id"] if loads == "dicts" else row[0]


def worker():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.enable()
    places = len(table) // 5  # requests read a fifth of it
    for turn in range(10**9):
        look_up(places)
        if turn % 50 == 10:
            gc.collect()  # as often as a busy service would
        time.sleep(0.02)


gc.disable()
if freezing == "frozen":
    gc.freeze()
for _ in range(workers):
    if os.fork() == 0:
        worker()
print("ready", flush=True)
signal.pause()
