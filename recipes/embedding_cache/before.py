import numpy as np

_random = np.random.default_rng(7)
TABLE = _random.standard_normal((1_000, 128))
LAYER = _random.standard_normal((128, 128)) / 12


def encode(item):
    vector = np.tanh(np.tanh(TABLE[item % 1_000] @ LAYER) @ LAYER)
    return vector / np.linalg.norm(vector)


def scores(user, items):
    query = encode(user)
    return [float(query @ encode(item)) for item in items]
