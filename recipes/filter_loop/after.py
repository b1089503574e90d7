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


def _within_fast(low, scores, high):
    """The fast path of `within`; NotImplemented where the original has to run."""
    if not (type(low) is float and type(scores) is list and type(high) is float and len(scores) >= 450):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            scores_array = _f8(scores)
            kept = np.flatnonzero((low <= scores_array * scores_array) & (scores_array * scores_array < high)).tolist()
    except Exception:
        return NotImplemented
    return kept


def within(scores, low, high):
    _fast = _within_fast(low, scores, high)
    if _fast is NotImplemented:
        kept = []
        for i, score in enumerate(scores):
            square = score * score
            if low <= square and square < high:
                kept.append(i)
    else:
        kept = _fast
    return kept
