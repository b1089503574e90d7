"""A background thread replaces a table of 40 MiB every 4 s; meanwhile both are there."""

import random
import threading
import time

import numpy as np


class Table:
    rows = np.ones((80_000, 64))


def refresh():
    while True:
        time.sleep(4)
        fresh = np.ones((80_000 + random.randrange(-2_000, 2_000), 64))
        fresh += 1.0
        Table.rows = fresh


threading.Thread(target=refresh, daemon=True).start()
print("ready", flush=True)
while True:
    Table.rows[random.randrange(70_000) :][:2_000].sum(axis=0)
    time.sleep(random.expovariate(50))
