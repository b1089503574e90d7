import marshal
import numpy as np

def dot(left, right):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


_FLOAT = np.dtype([("tag", "u1"), ("value", "<f8")])


def _f8(floats):
    """A list of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(floats, 2)
    count = len(floats)
    if len(data) != 5 + 9 * count or data[5::9].count(b"g") != count:
        raise TypeError("not a list of floats")
    return np.frombuffer(data, _FLOAT, count, 5)["value"].copy()


def _f8x2(rows):
    """A list of equally long lists of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(rows, 2)
    count, width = len(rows), len(rows[0])
    record = np.dtype([("tag", "u1"), ("length", "<i4"), ("floats", [("tag", "u1"), ("value", "<f8")], (width,))])
    if width == 0 or len(data) != 5 + record.itemsize * count:
        raise TypeError("not a list of equally long lists of floats")
    found = np.frombuffer(data, record, count, 5)
    listed = (found["tag"] == 91).all() and (found["length"] == width).all()
    if not listed or not (found["floats"]["tag"] == 103).all():
        raise TypeError("not a list of equally long lists of floats")
    return np.ascontiguousarray(found["floats"]["value"])


def _scores(user, rows):
    """`[dot(user, row) for row in rows]`, by a faster way where that gives the same."""
    if type(user) is list and type(rows) is list and len(rows) * len(user) >= 1500:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                user_array = _f8(user)
                rows_array = _f8x2(rows)
                if rows_array.shape[1] != len(user):
                    raise ValueError("lengths differ")
                result = (rows_array @ user_array).tolist()
        except Exception:
            pass
        else:
            return result
    return [dot(user, row) for row in rows]


def scores(rows, user):
    return _scores(user, rows)
