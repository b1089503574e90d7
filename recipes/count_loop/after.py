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


def _count(values, low, high):
    """`sum(1 for value in values if value * value > low and value < …`, by a faster way where that gives the same."""
    if type(values) is list and type(low) is float and type(high) is float and len(values) >= 150:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                values_array = _f8(values)
                result = int(np.count_nonzero((values_array * values_array > low) & (values_array < high)))
        except Exception:
            pass
        else:
            return result
    return sum(1 for value in values if value * value > low and value < high)


def count_between(values, low, high):
    return _count(values, low, high)
