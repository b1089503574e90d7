"""numpy: each request makes arrays of a few MiB; vectors of the users that were seen stay in a list."""

import random
import sys
import time

import numpy as np

RATE = float(sys.argv[1])
PER_S = 15


class Scorer:
    def __init__(self):
        self.items = np.random.default_rng(0).standard_normal((20_000, 32), dtype=np.float32)
        self.seen = []

    def score(self, user):
        scores = (self.items * user).sum(axis=1)
        best = np.argpartition(-scores, 10)[:10]
        size = int(random.expovariate(1) * RATE * 2**20 / 60 / PER_S / 4)
        if size:
            self.seen.append(np.ones(size, dtype=np.float32))
        return best


scorer = Scorer()
print("ready", flush=True)
while True:
    scorer.score(np.random.default_rng().standard_normal(32, dtype=np.float32))
    time.sleep(random.expovariate(PER_S))
