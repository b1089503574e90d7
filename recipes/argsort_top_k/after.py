import numpy as np


def _top_k(scores, k):
    """`np.argsort(-scores)[:k]`, by a faster way where that gives the same."""
    if (
        type(scores) is np.ndarray
        and scores.ndim == 1
        and type(k) is int
        and 0 < k < scores.size
        and scores.size >= 768
    ):
        lowest = np.argpartition(-scores, k)[: k + 1]
        lowest = lowest[np.argsort(-scores[lowest])]
        found = scores[lowest]
        result = lowest[:k]
        if bool((found[1:] < found[:-1]).all()):
            return result
    return np.argsort(-scores)[:k]


def best(scores, k):
    return _top_k(scores, k).tolist()
