"""A class that counts by label; labels are made of request ids, so there are ever more of them."""

import collections
import queue
import random
import sys
import threading
import time

RATE = float(sys.argv[1])
PER_S = 25


class Registry:
    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.lock = threading.Lock()

    def observe(self, request, values):
        labels = int(RATE * 2**20 / 60 / PER_S / 420)  # what a Counter with one key takes
        with self.lock:
            self.counts["requests"]["all"] += 1
            for at in range(labels):
                self.counts[f"{request}/{at}"]["hits"] += len(values)


registry, work = Registry(), queue.Queue()


def worker():
    while True:
        request = work.get()
        registry.observe(request, sorted(random.random() for _ in range(3000)))


for _ in range(3):
    threading.Thread(target=worker, daemon=True).start()
print("ready", flush=True)
for request in range(10**9):
    work.put(request)
    time.sleep(random.expovariate(PER_S))
