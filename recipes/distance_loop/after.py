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


def _squared_distances_fast(rows, query):
    """The fast path of `squared_distances`; NotImplemented where the original has to run."""
    if not (type(rows) is list and type(query) is list and len(rows) * len(query) >= 1500):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            rows_array = _f8x2(rows)
            query_array = _f8(query)
            if len(query) != rows_array.shape[1]:
                raise ValueError("lengths differ")
            step = rows_array - query_array
            found = ((step * step).sum(axis=1)).tolist()
    except Exception:
        return NotImplemented
    return found


def squared_distances(rows, query):
    _fast = _squared_distances_fast(rows, query)
    if _fast is NotImplemented:
        found = []
        for row in rows:
            total = 0.0
            for x, y in zip(row, query):
                total += (x - y) * (x - y)
            found.append(total)
    else:
        found = _fast
    return found
