import numpy as np


def _clipped(score, low, high):
    """`float(np.clip(score, low, high))`, by a faster way where that gives the same."""
    if type(score) is float and type(low) is float and type(high) is float and low <= high:
        result = low if score < low else high if score > high else score
        return result
    return float(np.clip(score, low, high))


def probability(score, low, high):
    return _clipped(score, low, high)
