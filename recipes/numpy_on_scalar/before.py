import numpy as np


def probability(score, low, high):
    return float(np.clip(score, low, high))
