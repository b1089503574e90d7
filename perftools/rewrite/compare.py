"""Do two functions do the same with the same arguments? Everything that a caller could notice is compared.

Result (type, dtype, shape, order, writeability, value), exception (type and text), the arguments afterwards, what is
shared between result and arguments, how far iterators were consumed, and warnings.
"""

from __future__ import annotations

import copy
import marshal
import math
import struct
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from perftools.rewrite.recipe import Stream

C = 4
"""Of |Δ| <= C·n·eps·Σ|terms|: the bound of one summation (Higham, Accuracy and Stability, 4.2), twice for each side."""
_DEEPEST = 200
_ATOMS = frozenset({float, int, bool, str, type(None)})


class Called(NamedTuple):
    """What one call did."""

    result: Any
    error: BaseException | None
    args: tuple[Any, ...]
    """As they were left."""
    rest: tuple[int, ...]
    """What was left in each Stream."""
    warnings: tuple[str, ...]


def call(function: Callable[..., Any], args: Sequence[Any]) -> Called:
    """Call with a deep copy of the arguments. KeyboardInterrupt and SystemExit pass."""
    copied = _copied(tuple(args))
    streams = [iter(each.items) for each in copied if isinstance(each, Stream)]
    given = iter(streams)
    handed = tuple(next(given) if isinstance(each, Stream) else each for each in copied)
    result, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*handed)
            if isinstance(result, Iterator) and not hasattr(result, "__len__"):
                result = ("iterator", type(result).__name__, list(result))
        except Exception as raised:  # noqa: BLE001 (whatever it is, both must raise it)
            error = raised
    rest = tuple(sum(1 for _ in stream) for stream in streams)
    texts = tuple(f"{each.category.__name__}: {each.message}" for each in caught)
    return Called(result, error, handed, rest, texts)


def difference(before: Called, after: Called, *, bound: float = 0.0) -> str:
    """What a caller would notice, in words; "" where nothing. `bound`: by how much floats may differ."""
    if (before.error is None) != (after.error is None) or (
        before.error is not None
        and (type(before.error) is not type(after.error) or str(before.error) != str(after.error))
    ):
        return f"{_said(before)} became {_said(after)}"
    if found := _unlike(before.result, after.result, bound, "the result"):
        return found
    if found := _unlike(_plain(before.args), _plain(after.args), 0.0, "the arguments afterwards"):
        return found
    if _shape_of_sharing(before) != _shape_of_sharing(after):
        return "what the result shares with the arguments, or within itself, changed"
    if before.rest != after.rest:
        return f"an iterator was consumed to another point: {before.rest} left, then {after.rest}"
    if before.warnings != after.warnings:
        return f"warnings changed: {list(before.warnings)} became {list(after.warnings)}"
    return ""


def tolerance(n: int, total: float) -> float:
    """By how much two orders of the same sum of n floats may differ. `total` is Σ|terms|."""
    bound = C * max(n, 1) * sys.float_info.epsilon * total
    return bound if math.isfinite(bound) else 0.0


def _copied(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A deep copy. deepcopy makes arrays contiguous and writeable, so those that are not are copied here."""
    memo: dict[int, Any] = {}
    for array in _arrays(args):
        if not (array.flags.forc and array.flags.writeable) and array.dtype.kind != "O":
            memo[id(array)] = _laid_out_like(array)
    return copy.deepcopy(args, memo)


def _arrays(args: tuple[Any, ...]) -> Iterator[Any]:
    """The arrays among the arguments and directly in their containers."""
    if "numpy" in sys.modules:
        for value in args:
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            yield from filter(_is_plain_array, (value, *inside))


def _laid_out_like(array: Any) -> Any:
    """A copy with gaps where the array has some, and read-only if it is."""
    import numpy as np

    if array.flags.forc:
        found = array.copy(order="K")
    else:
        wide = np.empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        found = wide[..., ::2]
        found[...] = array
    found.flags.writeable = array.flags.writeable
    return found


def _said(called: Called) -> str:
    if called.error is not None:
        return f"{type(called.error).__name__}({str(called.error)[:80]!r})"
    return f"a result of type {type(called.result).__name__}"


def _unlike(a: Any, b: Any, bound: float, where: str, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return f"{where} is nested too deep to compare"
    if type(a) is not type(b):
        return f"{where}: {_name(a)} became {_name(b)}"
    if isinstance(a, float):
        return "" if _same_float(a, b, bound) else f"{where}: {a!r} became {b!r}"
    if isinstance(a, complex):
        same = _same_float(a.real, b.real, bound) and _same_float(a.imag, b.imag, bound)
        return "" if same else f"{where}: {a!r} became {b!r}"
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return f"{where}: length {len(a)} became {len(b)}"
        plain = type(a) in (list, tuple) and set(map(type, a)) == {float} == set(map(type, b))
        if plain and marshal.dumps(a, 2) == marshal.dumps(b, 2):
            return ""  # bit for bit; else say which
        parts = (_unlike(x, y, bound, f"{where}[{at}]", depth + 1) for at, (x, y) in enumerate(zip(a, b, strict=True)))
        return next((part for part in parts if part), "")
    if isinstance(a, dict):
        return _unlike(list(a.items()), list(b.items()), bound, where, depth + 1)
    kind: Any = type(a)
    module = kind.__module__.partition(".")[0]
    if module == "numpy":
        return _unlike_arrays(a, b, bound, where)
    if module == "pandas":
        return _unlike_frames(a, b, bound, where)
    if hasattr(a, "__dict__") and kind.__eq__ is object.__eq__:
        return _unlike(vars(a), vars(b), bound, f"{where}'s attributes", depth + 1)
    try:
        return "" if a is b or bool(a == b) else f"{where}: {a!r:.80} became {b!r:.80}"
    except Exception as error:  # noqa: BLE001 (a type of the user's)
        return f"{where} cannot be compared: {error}"


def _same_float(a: float, b: float, bound: float) -> bool:
    """Bit for bit (NaNs are alike), or within the bound."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return struct.pack("d", a) == struct.pack("d", b) or 0.0 < bound >= abs(a - b)


def _unlike_arrays(a: Any, b: Any, bound: float, where: str) -> str:
    import numpy as np

    a_, b_ = np.asarray(a), np.asarray(b)
    if a_.dtype != b_.dtype or a_.shape != b_.shape:
        return f"{where}: {a_.dtype}{list(a_.shape)} became {b_.dtype}{list(b_.shape)}"
    if isinstance(a, np.ndarray) and a.flags.writeable != b.flags.writeable:
        return f"{where}: writeable {a.flags.writeable} became {b.flags.writeable}"
    if isinstance(a, np.ndarray) and a.ndim > 1 and a.flags.c_contiguous != b.flags.c_contiguous:
        return f"{where}: the memory order changed"
    if a_.dtype.kind == "O":
        return _unlike(a_.tolist(), b_.tolist(), bound, where)
    if a_.dtype.kind not in "fc":
        same = (a_ == b_) | (np.isnat(a_) & np.isnat(b_)) if a_.dtype.kind in "mM" else a_ == b_
        return "" if bool(same.all()) else f"{where}: elements changed"
    with np.errstate(all="ignore"):
        alike = (a_ == b_) & (np.signbit(a_.real) == np.signbit(b_.real)) | (np.isnan(a_) & np.isnan(b_))
        if bound:
            alike |= np.abs(a_ - b_) <= bound
    return "" if bool(alike.all()) else f"{where}: {int((~alike).sum())} of {alike.size} elements changed"


def _unlike_frames(a: Any, b: Any, bound: float, where: str) -> str:
    import pandas as pd

    if isinstance(a, pd.DataFrame | pd.Series) and (
        found := _unlike(dict(a.attrs), dict(b.attrs), 0.0, f"{where}'s attrs")
    ):
        return found
    if isinstance(a, pd.DataFrame):
        if not (_same_index(a.columns, b.columns) and list(a.dtypes) == list(b.dtypes)):
            return f"{where}: columns {dict(a.dtypes)} became {dict(b.dtypes)}"
        if not _same_index(a.index, b.index):
            return f"{where}: the index changed"
        pairs = ((a.iloc[:, at], b.iloc[:, at]) for at in range(a.shape[1]))
        return next((found for x, y in pairs if (found := _unlike_frames(x, y, bound, where))), "")
    if isinstance(a, pd.Series):
        if a.dtype != b.dtype or a.name != b.name or not _same_index(a.index, b.index):
            return f"{where}: dtype {a.dtype}, name or index became dtype {b.dtype}"
        return _unlike_arrays(a.to_numpy().copy(), b.to_numpy().copy(), bound, where)
    if isinstance(a, pd.Index):
        return "" if _same_index(a, b) else f"{where}: the index changed"
    same = a is b or (pd.isna(a) is True and pd.isna(b) is True) or bool(a == b)
    return "" if same else f"{where}: {a!r:.80} became {b!r:.80}"


def _same_index(a: Any, b: Any) -> bool:
    if type(a) is not type(b) or getattr(a, "freq", None) != getattr(b, "freq", None):
        return False
    return a.dtype == b.dtype and bool(a.equals(b)) and list(a.names) == list(b.names)


def _name(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.40}"


def _plain(args: Sequence[Any]) -> list[Any]:
    """Arguments without iterators, whose rest is counted instead, and functions."""
    return [each for each in args if not isinstance(each, Iterator) and not callable(each)]


def _shape_of_sharing(called: Called) -> list[int]:
    """Which mutable containers of the arguments and the result are one object: equal lists mean equal sharing."""
    numbers: dict[int, int] = {}
    seen: list[int] = []
    pending: list[Any] = [called.result, *reversed(called.args)]
    keep: list[Any] = []
    while pending:
        value = pending.pop()
        if isinstance(value, list | dict | set | bytearray) or _is_array(value):
            anchor = _anchor(value)
            keep.append(anchor)
            known = id(anchor) in numbers
            seen.append(numbers.setdefault(id(anchor), len(numbers)))
            if known:
                continue
        if isinstance(value, list | tuple):
            pending.extend(each for each in reversed(value) if type(each) not in _ATOMS)
        elif isinstance(value, dict):
            pending.extend(reversed(list(value.values())))
    return seen


def _anchor(value: Any) -> Any:
    """Of an array the one that owns the memory: views share it."""
    while getattr(value, "base", None) is not None:
        value = value.base
    return value


def _is_plain_array(value: Any) -> bool:
    return type(value) is sys.modules["numpy"].ndarray


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
