"""Feeder readings; here from a model of a day instead of the bus."""
import math
import random


class FeederSource(object):
    def __init__(self, key, seed):
        self.key = key
        self._random = random.Random(seed)
        self._tick = 0
        self._base = 80.0 + 10.0 * seed

    def read(self):
        self._tick += 1
        daily = math.sin(self._tick / 1440.0 * 2.0 * math.pi)
        value = self._base * (1.0 + 0.3 * daily) + self._random.gauss(0.0, 4.0)
        if self._random.random() < 0.002:
            value *= 1.8
        return round(value, 2)
