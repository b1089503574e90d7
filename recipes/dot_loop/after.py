import numpy as np

def _weighted_fast(values, weights):
    """The fast path of `weighted`; NotImplemented where the original has to run."""
    if not (
        type(values) is np.ndarray
        and values.dtype.char == "d"
        and values.ndim == 1
        and type(weights) is np.ndarray
        and weights.dtype.char == "d"
        and weights.ndim == 1
        and len(weights) == len(values)
        and len(values) >= 48
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            total = np.dot(values, weights)
    except Exception:
        return NotImplemented
    return total


def weighted(values, weights):
    _fast = _weighted_fast(values, weights)
    if _fast is NotImplemented:
        total = 0.0
        for i in range(len(values)):
            total += values[i] * weights[i]
    else:
        total = _fast
    return total
