import numpy as np


def _vectorized(values):
    """`np.vectorize(lambda x: x * 1.5 if x > 0.0 else x * 0.01)(val …`, by a faster way where that gives the same."""
    if type(values) is np.ndarray and values.dtype.char == "d" and values.size > 0:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = np.where(values > 0.0, values * 1.5, values * 0.01)
        except Exception:
            pass
        else:
            if not np.isnan(values).any():
                return result
    return np.vectorize(lambda x: x * 1.5 if x > 0.0 else x * 0.01)(values)


def activated(values):
    return _vectorized(values)
