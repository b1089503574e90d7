"""A cache of blobs of all sizes, bounded by their sum: full before it is looked at, it evicts all the time."""

import random
import time
from collections import OrderedDict

BOUND = 60 * 2**20


class Blobs:
    def __init__(self):
        self.kept, self.size = OrderedDict(), 0

    def get(self, key):
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key]
        blob = b"\xff" * random.randrange(1_000, 2_000_000)
        self.kept[key] = blob
        self.size += len(blob)
        while self.size > BOUND:
            _, old = self.kept.popitem(last=False)
            self.size -= len(old)
        return blob


blobs = Blobs()
while blobs.size < 0.9 * BOUND:
    blobs.get(random.randrange(10_000))
print("ready", flush=True)
while True:
    blobs.get(int(random.paretovariate(0.6)) % 10_000)
    sum(range(20_000))
    time.sleep(random.expovariate(25))
