import numpy as np

def _sum(weights):
    """`sum(weights)`, by a faster way where that gives the same."""
    if (
        type(weights) is np.ndarray
        and weights.dtype.char == "d"
        and weights.ndim == 1
        and weights.size >= 64
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = weights.sum()
        except Exception:
            pass
        else:
            return result
    return sum(weights)


def total(weights):
    return _sum(weights)
