import numpy as np

_random = np.random.default_rng(7)
HIDDEN = _random.standard_normal((128, 128)) / 16
OUT = _random.standard_normal(128) / 16


def predict(features):
    return np.maximum(features @ HIDDEN, 0.0) @ OUT


def predicted(items):
    return [float(predict(features)) for features in items]
