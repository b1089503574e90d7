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


def _powers_fast(values, mean, scale):
    """The fast path of `powers`; NotImplemented where the original has to run."""
    if not (type(values) is list and type(mean) is float and type(scale) is float and len(values) >= 450):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            values_array = _f8(values)
            out = ((values_array * values_array - mean) / scale + 0.5).tolist()
    except Exception:
        return NotImplemented
    return out


def powers(values, mean, scale):
    _fast = _powers_fast(values, mean, scale)
    if _fast is NotImplemented:
        out = []
        for value in values:
            out.append((value * value - mean) / scale + 0.5)
    else:
        out = _fast
    return out
