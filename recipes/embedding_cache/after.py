from functools import lru_cache

import numpy as np

_random = np.random.default_rng(7)
TABLE = _random.standard_normal((1_000, 128))
LAYER = _random.standard_normal((128, 128)) / 12
VERSION = "2024-05-01"  # of the model: another one has other vectors


@lru_cache(maxsize=50_000)
def encoded(version, item):
    vector = np.tanh(np.tanh(TABLE[item % 1_000] @ LAYER) @ LAYER)
    vector /= np.linalg.norm(vector)
    vector.flags.writeable = False  # everyone gets the same one
    return vector


def scores(user, items):
    query = encoded(VERSION, user)
    return [float(query @ encoded(VERSION, item)) for item in items]
