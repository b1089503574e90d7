"""Values of a recorded call, built anew: plain data only, and nothing in them chooses what code runs."""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from perftools.rewrite.capturing.hook import DEEPEST

_DTYPE = re.compile(r"[<>|=][biufcSUmM]\d{1,9}(\[\d{0,9}[a-zA-Zμ]{1,7}\])?")
_MASKED = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|boolean")
_STRINGS = re.compile(r"str|string(\[(python|pyarrow)\])?")
_LONGEST_INDEX = 100_000_000


class Opaque(NamedTuple):
    """What was recorded of a value that cannot be rebuilt."""

    type: str
    attributes: dict[str, Any]


class Values:
    """The values of one snapshot; the same number is the same object."""

    def __init__(self, objects: Sequence[Any], blobs: Sequence[bytes]) -> None:
        self.opaque = ""
        """Type of the first value that cannot be rebuilt, among those asked for."""
        self._objects = objects
        self._blobs = blobs
        self._built: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, said: Any) -> Any:
        """Build what a value of the format stands for. Raises ValueError for what is not in the format."""
        if said is None or isinstance(said, bool | int | str):
            return said
        try:
            tag, *rest = said
            return getattr(self, f"_value_{_word(tag)}")(*rest)
        except ValueError:
            raise
        except (TypeError, AttributeError, IndexError, OverflowError, MemoryError, struct.error) as error:
            raise ValueError(f"{said!r:.60} is no value: {error}") from error

    def _value_i(self, digits: str) -> int:
        return int(digits, 16)

    def _value_f(self, digits: str) -> float:
        return float(struct.unpack(">d", bytes.fromhex(digits))[0])

    def _value_c(self, digits: str) -> complex:
        return complex(*struct.unpack(">dd", bytes.fromhex(digits)))

    def _value_s(self, blob: int) -> str:
        return self._blob(blob).decode("utf-8", "surrogatepass")

    def _value_b(self, blob: int) -> bytes:
        return self._blob(blob)

    def _value_t(self, name: str) -> Opaque:
        self.opaque = self.opaque or str(name)
        return Opaque(str(name), {})

    def _value_n(self, dtype: str, digits: str) -> Any:
        return _array(bytes.fromhex(digits), dtype, ())[()]

    def _value_U(self, text: Any) -> Any:  # noqa: N802 (the dtype's letter)
        import numpy as np

        return np.str_(self.value(text))

    def _value_r(self, number: int) -> Any:
        if number in self._built:
            return self._built[number]
        if number in self._open or len(self._open) > 2 * DEEPEST or not 0 <= number < len(self._objects):
            raise ValueError(f"object {number!r} does not exist, lies too deep, or is part of itself")
        self._open.add(number)
        tag, *rest = self._objects[number]
        kind, _, packed = _word(tag).partition(".")
        build: Callable[..., Any] = getattr(self, f"_object_{kind}_{packed}" if packed else f"_object_{kind}")
        self._built[number] = found = build(number, *rest)
        self._open.discard(number)
        return found

    def _object_list(self, number: int, items: list[Any]) -> list[Any]:
        found: list[Any] = []
        self._built[number] = found  # it may be part of itself
        found += map(self.value, items)
        return found

    def _object_dict(self, number: int, items: list[Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        self._built[number] = found
        for key, item in items:
            found[self.value(key)] = self.value(item)
        return found

    def _object_tuple(self, _number: int, items: list[Any]) -> tuple[Any, ...]:
        return tuple(map(self.value, items))

    def _object_set(self, _number: int, items: list[Any]) -> set[Any]:
        return set(map(self.value, items))

    def _object_frozenset(self, _number: int, items: list[Any]) -> frozenset[Any]:
        return frozenset(map(self.value, items))

    def _object_list_d(self, _number: int, blob: int) -> list[float]:
        return _numbers("d", self._blob(blob))

    def _object_list_q(self, _number: int, blob: int) -> list[int]:
        return _numbers("q", self._blob(blob))

    def _object_tuple_d(self, _number: int, blob: int) -> tuple[float, ...]:
        return tuple(_numbers("d", self._blob(blob)))

    def _object_tuple_q(self, _number: int, blob: int) -> tuple[int, ...]:
        return tuple(_numbers("q", self._blob(blob)))

    def _object_bytearray(self, _number: int, blob: int) -> bytearray:
        return bytearray(self._blob(blob))

    def _object_ndarray(
        self, _number: int, dtype: str, shape: list[int], layout: str, writeable: bool, blob: int
    ) -> Any:
        return _laid_out(_array(self._blob(blob), dtype, _shape(shape)), layout, writeable)

    def _object_ndarray_O(  # noqa: N802 (the dtype's letter)
        self, _number: int, shape: list[int], layout: str, writeable: bool, items: list[Any]
    ) -> Any:
        import numpy as np

        flat = np.empty(len(items), dtype=object)
        for at, item in enumerate(items):
            flat[at] = self.value(item)
        return _laid_out(flat.reshape(_shape(shape)), layout, writeable)

    def _object_series(self, _number: int, index: list[Any], column: list[Any], name: Any) -> Any:
        import pandas as pd

        return pd.Series(self._column(column), index=self._labels(index), name=self.value(name), copy=False)

    def _object_frame(self, _number: int, index: list[Any], columns: list[Any], data: list[Any]) -> Any:
        import pandas as pd

        rows = self._labels(index)
        found = pd.DataFrame(
            {at: pd.Series(self._column(each), index=rows) for at, each in enumerate(data)}, index=rows
        )
        found.columns = self._labels(columns)
        return found

    def _object_opaque(self, _number: int, name: str, attributes: list[Any]) -> Opaque:
        self.opaque = self.opaque or str(name)
        return Opaque(str(name), {str(self.value(key)): self.value(item) for key, item in attributes})

    def _labels(self, said: list[Any]) -> Any:
        import pandas as pd

        if said[0] == "range":
            start, stop, step, name = said[1:]
            found = range(start, stop, step)
            if len(found) > _LONGEST_INDEX:
                raise ValueError("an index is too long")
            return pd.RangeIndex(found, name=self.value(name))
        values = self._column(said[1])
        dtype = object if said[1][0] == "object" else None
        return pd.Index(values, dtype=dtype, name=self.value(said[2]), copy=True)

    def _column(self, said: list[Any]) -> Any:
        import numpy as np
        import pandas as pd

        kind, *rest = said
        if kind == "plain":
            return np.array(self.value(rest[0]))
        if kind == "object":
            found = np.empty(len(rest[0]), dtype=object)
            for at, item in enumerate(rest[0]):
                found[at] = self.value(item)
            return pd.Series(found, dtype=object).array
        if kind == "string" and _STRINGS.fullmatch(rest[0]):
            return pd.array([self.value(item) for item in rest[1]], dtype=rest[0])
        if kind == "masked" and _MASKED.fullmatch(rest[0]):
            values, mask = self.value(rest[1]), self.value(rest[2])
            masked = pd.arrays.BooleanArray if rest[0] == "boolean" else pd.array(values, dtype=rest[0]).__class__
            return masked(np.array(values), np.array(mask))
        raise ValueError(f"{kind!r:.20} is no column")

    def _blob(self, number: int) -> bytes:
        if not 0 <= number < len(self._blobs):
            raise ValueError(f"there is no blob {number}")
        return self._blobs[number]


def _word(tag: Any) -> str:
    if not isinstance(tag, str) or not re.fullmatch(r"[a-zA-Z]{1,10}(\.[a-zA-Z])?", tag):
        raise ValueError(f"{tag!r:.20} is no tag")
    return tag


def _numbers(code: str, content: bytes) -> list[Any]:
    found = array(code, content)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tolist()


def _shape(said: list[int]) -> tuple[int, ...]:
    if not all(isinstance(length, int) and 0 <= length < 1 << 40 for length in said):
        raise ValueError("no shape")
    return tuple(said)


def _array(content: bytes, dtype: str, shape: tuple[int, ...]) -> Any:
    import numpy as np

    if not _DTYPE.fullmatch(dtype):
        raise ValueError(f"{dtype!r:.20} is no plain dtype")
    kind = np.dtype(dtype)
    count = int(np.prod(shape, dtype=object))
    if count * kind.itemsize != len(content):
        raise ValueError("an array is not as long as its shape says")
    if not content:
        return np.zeros(shape, kind)
    if kind.kind == "b":
        return (np.frombuffer(content, np.uint8) != 0).reshape(shape)
    if kind.kind == "U" and (np.frombuffer(content, kind.str[0] + "u4") > sys.maxunicode).any():
        raise ValueError("an array holds what is no character")
    return np.frombuffer(content, kind).reshape(shape).copy()


def _laid_out(values: Any, layout: str, writeable: bool) -> Any:
    """With the strides of its class: "strided" has gaps between its elements."""
    import numpy as np

    if layout == "F":
        values = np.asfortranarray(values)
    elif layout == "strided" and values.ndim:
        wide = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), values.dtype)
        wide[..., ::2] = values
        values = wide[..., ::2]
    values.flags.writeable = bool(writeable)
    return values
