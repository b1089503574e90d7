"""How far another order of a sum may move the results of a function that we know nothing about.

Σ|terms| of |Δ| <= c·n·eps·Σ|terms| cannot be had for code of the user's. A reordered sum is the exact sum of terms that
are each changed by a relative (n-1)·eps at most (Higham, Accuracy and Stability of Numerical Algorithms, 4.2), so the
bound is measured instead: the original runs again with every float of its arguments changed by ±c·n·eps, signs drawn
at random, and a result may differ by the most that it moved in any of these runs. n is the longest dimension of the
arguments. With random signs that is about c·n·eps·√(Σ terms²), which is at least c·√n·eps·Σ|terms|.
"""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from perftools.rewrite.compare import C, Called, call, difference

_RUNS = 8


def unlike(
    function: Callable[..., Any], args: Sequence[Any], before: Called, after: Called, *, ties: bool = False
) -> tuple[str, bool]:
    """What a caller would notice beyond rounding, in words, "" where nothing; and whether a near tie excuses it.

    `before` and `after` are what the original, which is `function`, and its rewrite did with the arguments. With
    `ties`, another answer passes if a change of the arguments within rounding gives the original that very answer.
    """
    exactly = difference(before, after)
    if not exactly or before.error is not None or after.error is not None:
        return exactly, False
    otherwise = difference(before, after, bound=math.inf)
    if otherwise and not ties:
        return otherwise, False
    moved = [run for run in (call(function, _moved(args, seed)) for seed in range(_RUNS)) if run.error is None]
    if otherwise:
        excused = any(not difference(run._replace(args=after.args), after, bound=math.inf) for run in moved)
        return ("", True) if excused else (otherwise, False)
    there, here = list(_floats(before.result)), list(_floats(after.result))
    spread = [0.0] * len(there)
    for run in moved:
        found = list(_floats(run.result))
        if len(found) == len(there):
            spread = [max(most, abs(a - b)) for most, a, b in zip(spread, there, found, strict=True)]
    fits = all(
        a == b or abs(a - b) <= most or (math.isnan(a) and math.isnan(b))
        for a, b, most in zip(there, here, spread, strict=True)
    )
    return ("" if fits else exactly), False


def _moved(args: Sequence[Any], seed: int) -> tuple[Any, ...]:
    """The arguments with every float changed by the bound of a sum over their longest dimension."""
    drawn = random.Random(seed)  # noqa: S311 (signs)
    step = C * max(map(_longest, args), default=1) * sys.float_info.epsilon
    return tuple(_changed(each, step, drawn) for each in args)


def _longest(value: Any, *, inside: bool = False) -> int:
    if isinstance(value, list | tuple):
        return max(len(value), max((_longest(each, inside=inside) for each in value[:3]), default=1))
    if isinstance(value, dict):
        return max(len(value), max((_longest(each, inside=inside) for each in list(value.values())[:8]), default=1))
    if _is_instance(value):
        return 1 if inside else max((_longest(each, inside=True) for each in vars(value).values()), default=1)
    return max(getattr(value, "shape", None) or (1,))


def _changed(value: Any, step: float, drawn: random.Random, *, inside: bool = False) -> Any:
    """The value with every float in it changed; of objects within objects (`inside`), which may refer back, none."""
    if type(value) is float:
        return value * (1.0 + drawn.choice((-step, step)))
    if type(value) in (list, tuple):
        return type(value)(_changed(each, step, drawn, inside=inside) for each in value)
    if type(value) is dict:
        return {key: _changed(each, step, drawn, inside=inside) for key, each in value.items()}
    kind: Any = type(value)
    if kind.__module__.partition(".")[0] == "numpy" and getattr(value, "dtype", None) is not None:
        return value * _factors(value, step, drawn) if value.dtype.kind == "f" else value
    if kind.__module__.startswith("pandas.") and hasattr(value, "iloc"):
        return _changed_table(value, step, drawn)
    if _is_instance(value) and not inside:
        found = copy.copy(value)
        found.__dict__.update({key: _changed(each, step, drawn, inside=True) for key, each in vars(value).items()})
        return found
    return value


def _is_instance(value: Any) -> bool:
    """An object of a class in Python: what it computes with is in its attributes."""
    kind: Any = type(value)
    return type(getattr(value, "__dict__", None)) is dict and kind.__module__.partition(".")[0] not in (
        "numpy",
        "pandas",
    )


def _factors(value: Any, step: float, drawn: random.Random) -> Any:
    import numpy as np

    signs = np.random.default_rng(drawn.randrange(1 << 30)).choice((-step, step), value.shape)
    return (1.0 + signs).astype(value.dtype)


def _changed_table(value: Any, step: float, drawn: random.Random) -> Any:
    found = value.copy()
    if not hasattr(found, "columns"):
        return found * _factors(found, step, drawn) if getattr(found.dtype, "kind", "") == "f" else found
    for at, dtype in enumerate(found.dtypes):
        if getattr(dtype, "kind", "") == "f" and dtype.__class__.__module__.startswith("numpy"):
            column = found.iloc[:, at]
            found.isetitem(at, column * _factors(column, step, drawn))
    return found


def _floats(value: Any) -> Iterator[float]:
    """All floats of a result, in order."""
    if isinstance(value, float):
        yield float(value)
    elif isinstance(value, complex):
        yield from (value.real, value.imag)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _floats(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _floats(each)
    elif hasattr(value, "columns") and hasattr(value, "iloc"):
        for at in range(value.shape[1]):
            yield from _floats(value.iloc[:, at])
    elif hasattr(value, "to_numpy"):
        yield from _floats(value.to_numpy())
    elif hasattr(value, "dtype") and hasattr(value, "ravel"):
        if value.dtype.kind == "c":
            yield from _floats(value.view(value.real.dtype) if value.flags.c_contiguous else value.ravel().tolist())
        elif value.dtype.kind in "fO":
            yield from _floats(value.ravel().tolist() if value.dtype.itemsize <= 8 else list(map(float, value.ravel())))
    elif hasattr(value, "__dict__") and _compared_by_attributes(type(value)):
        yield from _floats(list(vars(value).values()))


def _compared_by_attributes(kind: Any) -> bool:
    """As perftools.rewrite.compare does."""
    return bool(kind.__eq__ is object.__eq__)
