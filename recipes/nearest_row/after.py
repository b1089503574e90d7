import math
import marshal
import numpy as np


_FLOAT = np.dtype([("tag", "u1"), ("value", "<f8")])


def _f8(floats):
    """A list of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(floats, 2)
    count = len(floats)
    if len(data) != 5 + 9 * count or data[5::9].count(b"g") != count:
        raise TypeError("not a list of floats")
    return np.frombuffer(data, _FLOAT, count, 5)["value"].copy()


def _nearest_fast(xs, x, ys, y):
    """The fast path of `nearest`; NotImplemented where the original has to run."""
    if not (
        type(xs) is list
        and type(x) is float
        and type(ys) is list
        and type(y) is float
        and len(ys) == len(xs)
        and len(xs) >= 150
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            xs_array = _f8(xs)
            ys_array = _f8(ys)
            keys = np.sqrt((xs_array - x) * (xs_array - x) + (ys_array - y) * (ys_array - y))
            best_at = int(keys.argmin())
            if keys[best_at] != keys[best_at]:
                raise ValueError("NaN")
            at = best_at if keys[best_at] < np.inf else -1
    except Exception:
        return NotImplemented
    return at


def nearest(xs, ys, x, y):
    _fast = _nearest_fast(xs, x, ys, y)
    if _fast is NotImplemented:
        best = math.inf
        at = -1
        for i in range(len(xs)):
            dx = xs[i] - x
            dy = ys[i] - y
            distance = math.sqrt(dx * dx + dy * dy)
            if distance < best:
                best = distance
                at = i
    else:
        at = _fast
    return at
