"""What the containers and scalars of a region are taken to be, and the helpers that convert lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from perftools.record import Type
from perftools.rewrite.loops.understood import Need, Understood

Kind = Literal["list", "rows", "vector", "matrix", "float", "real", "int"]
"""list: list of float. rows: list of equally long lists of float. vector, matrix: ndarray of float64 with one and two
dimensions. float, int: Python scalars. real: a Python float or an np.float64, as what is computed from arrays is."""
RANK: Mapping[Kind, int] = {"list": 1, "rows": 2, "vector": 1, "matrix": 2, "float": 0, "real": 0, "int": 0}
LISTS: tuple[Kind, ...] = ("list", "rows")
ARRAYS: tuple[Kind, ...] = ("vector", "matrix")


def assumed(understood: Understood, containers: Literal["lists", "arrays"]) -> dict[str, Kind]:
    """Kinds for each root: all containers alike, scalars floats unless they count; what is known for certain wins."""
    return {path: _kind(understood, path, need, containers) for path, need in understood.roots.items()}


def _kind(understood: Understood, path: str, need: Need, containers: str) -> Kind:
    known = understood.place.kind(path)
    found = of_type(known, need.rank) if known is not None else None
    if found is not None:
        return found
    if need.rank == 0:
        return "int" if need.whole else "real" if containers == "arrays" else "float"
    if containers == "arrays" or need.array:
        return "vector" if need.rank == 1 else "matrix"
    return "list" if need.rank == 1 else "rows"


def of_type(known: Type, rank: int) -> Kind | None:
    """The kind that an observed type is; None where it is none of ours."""
    if rank == 0:
        scalars: dict[str, Kind] = {"float": "float", "int": "int", "float64": "real"}
        return scalars.get(known.name)
    if known.name == "ndarray" and known.dtype in ("f8", "<f8", "float64"):
        return "vector" if rank == 1 else "matrix"
    if known.name == "list" and len(known.items) == 1:
        (item,) = known.items
        if rank == 1:
            return "list" if item.name == "float" else None
        return "rows" if of_type(item, 1) == "list" else None
    return None


FLOATS = '''\
_FLOAT = np.dtype([("tag", "u1"), ("value", "<f8")])


def _f8(floats):
    """A list of exact floats as an array; raises TypeError or ValueError for anything else."""
    data = marshal.dumps(floats, 2)
    count = len(floats)
    if len(data) != 5 + 9 * count or data[5::9].count(b"g") != count:
        raise TypeError("not a list of floats")
    return np.frombuffer(data, _FLOAT, count, 5)["value"].copy()
'''
"""One pass in C checks the types and reads the values: version 2 of the marshal format (Python/marshal.c) has no
references, so a list of n is `[`, its length in 4 bytes, and for a float `g` and 8 bytes: with n tags at a distance of
9, by induction each element is a float."""

ROWS = '''\
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
'''
"""As above: each row is `[`, its length and its floats."""
