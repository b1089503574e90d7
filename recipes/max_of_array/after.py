import numpy as np

def _max(scores):
    """`max(scores)`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.dtype.char in "dl" and scores.ndim == 1 and scores.size >= 12:
        result = scores[scores.argmax()]
        if result == result:
            return result
    return max(scores)


def peak(scores):
    return _max(scores)
