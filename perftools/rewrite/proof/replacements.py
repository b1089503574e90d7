"""What may stand in the place of a recorded value: odd numbers, other containers, other dtypes and layouts."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

from perftools.rewrite.recipe import Stream

_ODD = (1, True, None, math.nan, math.inf, -math.inf, "1.5", 10**20, -0.0, 1e200, 1e-310, 1j)
"""What may stand where a number stood."""


class Rows(list[Any]):
    """A subclass that adds nothing."""


class Table(dict[Any, Any]):
    """A subclass that adds nothing."""


def replacements(value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What to call each change, and the change; the most telling ones first."""
    if isinstance(value, bool | int | float | complex):
        yield from _numbers(value)
    elif type(value) is str:
        yield from ((repr(each), _constantly(each)) for each in ("", "1.5", None, 5))
    elif type(value) in (list, tuple):
        yield from _sequences(value)
    elif type(value) is dict:
        yield from _dicts()
    elif is_array(value):
        yield from _arrays(value)
    elif is_pandas(value, "DataFrame") or is_pandas(value, "Series"):
        yield from _tables(value)


def _numbers(value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    for odd in _ODD:
        if type(odd) is not type(value) or odd != value:
            yield f"{odd!r}", _constantly(odd)
    if isinstance(value, int):
        yield from ((f"{each}", _constantly(each)) for each in (0, -1))
        yield "float", float
    numpy = sys.modules.get("numpy")
    if numpy is not None and not isinstance(value, complex):
        for name in ("float64", "float32", "int64"):
            yield f"np.{name}", _converted(getattr(numpy, name))


def _sequences(value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    kind = type(value)
    yield "other numbers", lambda old: kind(_others(old))
    yield "one shorter", lambda old: old[:-1]
    yield "empty", lambda old: old[:0]
    yield "one element", lambda old: old[:1]
    yield "all equal", lambda old: kind([old[0]] * len(old)) if old else old
    yield "each twice", lambda old: kind([old[at - at % 2] for at in range(len(old))])
    yield "reversed", lambda old: old[::-1]
    yield "shuffled", lambda old: kind(random.Random(1).sample(list(old), len(old)))  # noqa: S311 (an order)
    yield "one longer", lambda old: old + old[-1:]
    yield "a tuple" if kind is list else "a list", tuple if kind is list else list
    yield "an iterator", Stream
    yield "a subclass of list", Rows
    numpy = sys.modules.get("numpy")
    if numpy is not None and value and all(isinstance(each, float | int) for each in value):
        yield "an array", numpy.array


def _dicts() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    yield "without its middle key", lambda old: {key: old[key] for at, key in enumerate(old) if at != len(old) // 2}
    yield "empty", lambda old: {}
    yield "in reverse order", lambda old: dict(reversed(old.items()))
    yield "a subclass of dict", Table


def _arrays(value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    import numpy as np

    if value.dtype.kind in "iuf" and value.size:
        for odd in (math.nan, math.inf, -math.inf, -0.0, 1e200, 1e-310) if value.dtype.kind == "f" else (0, 100):
            yield f"{odd} in the middle", _middle(odd)
        yield "other numbers", _other_array
        yield "all equal", lambda old: np.full_like(old, old.flat[0])
        yield "each twice", lambda old: np.repeat(old[::2], 2, axis=0)[: len(old)] if old.ndim else old
        for dtype in ("f4", "i8", "f8", "O", "c16", "?"):
            if np.dtype(dtype) != value.dtype:
                yield dtype, _cast(dtype)
        yield (
            "masked",
            lambda old: np.ma.masked_array(old, mask=np.arange(old.size).reshape(old.shape) == old.size // 2),
        )
    if value.ndim:
        yield "strided", lambda old: np.repeat(old, 2, axis=-1)[..., ::2]
        yield "read-only", _read_only
        yield "empty", lambda old: old[:0]
        yield "one element", lambda old: old[:1]
        yield "one shorter", lambda old: old[:-1]
        yield "reversed", lambda old: old[::-1]
        yield "one more axis", lambda old: old[..., None]
        yield "a list", lambda old: old.tolist()
        yield "one column", lambda old: old[..., :1]
    if value.ndim > 1:
        yield "in Fortran order", np.asfortranarray


def _tables(value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    yield "no rows", lambda old: old.iloc[:0].copy()
    yield "one row", lambda old: old.iloc[:1].copy()
    yield "rows in reverse order", lambda old: old.iloc[::-1].copy()
    yield "a repeated index", lambda old: old.set_axis([0] * len(old), axis=0)
    yield "an index of strings", lambda old: old.set_axis([f"r{at}" for at in range(len(old))], axis=0)
    if is_pandas(value, "Series"):
        columns: list[Any] = [None]
    else:
        columns = list(range(value.shape[1]))[:8]
        yield "without its last column", lambda old: old.iloc[:, :-1].copy()
    for at in columns:
        dtype = value.dtype if at is None else value.dtypes.iloc[at]
        where = "" if at is None else f"column {at + 1}: "
        if getattr(dtype, "kind", "O") in "iuf":
            yield f"{where}NaN in the middle", _column(at, _nan_column)
            yield f"{where}nullable", _column(at, _nullable_column)
            yield f"{where}object", _column(at, _cast(object))
            yield f"{where}float32", _column(at, _cast("f4"))
        else:
            yield f"{where}missing in the middle", _column(at, _none_column)


def _nan_column(column: Any) -> Any:
    found = column.astype("f8").copy()
    found.iloc[len(found) // 2 : len(found) // 2 + 1] = math.nan
    return found


def _nullable_column(column: Any) -> Any:
    found = column.astype("Float64" if column.dtype.kind == "f" else "Int64").copy()
    found.iloc[len(found) // 2 : len(found) // 2 + 1] = None
    return found


def _none_column(column: Any) -> Any:
    found = column.astype(object) if column.dtype.kind == "b" else column.copy()  # no bool is missing
    found.iloc[len(found) // 2 : len(found) // 2 + 1] = None
    return found


def _with_column(table: Any, at: int | None, change: Callable[[Any], Any]) -> Any:
    if at is None:
        return change(table)
    import pandas as pd

    columns = [change(table.iloc[:, each]) if each == at else table.iloc[:, each] for each in range(table.shape[1])]
    found = pd.concat([column.rename(each) for each, column in enumerate(columns)], axis=1)
    return found.set_axis(table.columns, axis=1)


def _middle(value: Any) -> Callable[[Any], Any]:
    def changed(array: Any) -> Any:
        found = array.copy()
        found.flat[found.size // 2] = value
        return found

    return changed


def _cast(dtype: Any) -> Callable[[Any], Any]:
    return lambda old: old.astype(dtype)


def _column(at: int | None, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda old: _with_column(old, at, change)


def _converted(kind: Any) -> Callable[[Any], Any]:
    return lambda old: kind(old if math.isfinite(old) and abs(old) < 1e9 else 0)


def _read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


def _other_array(array: Any) -> Any:
    import numpy as np

    drawn = np.random.default_rng(1)
    if array.dtype.kind == "f":
        return drawn.standard_normal(array.shape).astype(array.dtype)
    return drawn.permuted(array)


def _others(values: Any) -> list[Any]:
    """Floats of the same number and other values; anything else in another order."""
    drawn = random.Random(2)  # noqa: S311 (numbers to compute with)
    if values and all(type(each) is float for each in values):
        return [drawn.gauss(0.0, 1.0) for _ in values]
    return drawn.sample(list(values), len(values))


def _constantly(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def is_pandas(value: Any, name: str) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) is getattr(pandas, name)
