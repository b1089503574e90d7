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


def _best(scores, k):
    """`sorted(range(len(scores)), key=lambda i: scores[i], reverse= …`, by a faster way where that gives the same."""
    if type(scores) is list and type(k) is int and abs(k) < 2**40 and len(scores) >= 768:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                scores_array = _f8(scores)
                order = -scores_array
                if not 0 < k < len(order) // 8:
                    raise ValueError("no short head")
                if np.isnan(order).any():
                    raise ValueError("NaN has no place in an order")
                bound = np.partition(order, k - 1)[k - 1]
                head = np.flatnonzero(order <= bound)
                result = head[np.argsort(order[head], kind="stable")][:k].tolist()
        except Exception:
            pass
        else:
            return result
    return sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:k]


def best(scores, k):
    return _best(scores, k)
