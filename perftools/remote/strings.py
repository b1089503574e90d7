"""Names in another process: str objects of type, variable, attribute and file names. Values are never read this way."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from perftools.remote.interpreter import Runtime
from perftools.remote.memory import Unreadable, sane

MAX_NAME = 4096
"""Characters: a path's bound (PATH_MAX)."""
_STATE, _INTERNED, _COMPACT, _ASCII = 32, 3, 1 << 5, 1 << 6
_KINDS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
"""By PyASCIIObject.state (Include/cpython/unicodeobject.h): characters of 1, 2 and 4 bytes."""
_GUESS = 64


class Names:
    """Reads names, and remembers the interned ones by address: attribute and variable names live long."""

    def __init__(self, runtime: Runtime, limit: int = 1 << 14) -> None:
        self._runtime = runtime
        self._interned: dict[int, str] = {}
        self._limit = limit

    def read(self, addresses: Sequence[int], longest: int = MAX_NAME) -> list[str | None]:
        """The str objects at `addresses`, None for each that is none or has more than `longest` characters."""
        unknown = [address for address in addresses if address not in self._interned]
        fresh = dict(zip(unknown, read_names(self._runtime, unknown, longest, self._interned), strict=True))
        names = [self._interned.get(address, fresh.get(address)) for address in addresses]
        if len(self._interned) > self._limit:
            self._interned.clear()
        return names

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._interned.clear()


def read_names(
    runtime: Runtime, addresses: Sequence[int], longest: int = MAX_NAME, interned: dict[int, str] | None = None
) -> list[str | None]:
    """As Names.read, without a memory; those that are interned are also put into `interned`."""
    header = runtime.layout.str_data
    heads = runtime.memory.read_many([(address, header + _GUESS if sane(address) else 0) for address in addresses])
    names: list[str | None] = []
    for address, head in zip(addresses, heads, strict=True):
        name = None
        try:
            if sane(address):
                data = head or runtime.memory.read(address, header)
                name = _decode(runtime, address, data, longest)
                if name is not None and interned is not None and data[_STATE] & _INTERNED:
                    interned[address] = name
        except Unreadable as error:
            if error.code:
                raise
        names.append(name)
    return names


def read_name(runtime: Runtime, address: int) -> str:
    """The str object at `address`. Raises Unreadable."""
    name = read_names(runtime, [address])[0]
    if name is None:
        raise Unreadable(f"{address:#x} is no name")
    return name


def _decode(runtime: Runtime, address: int, head: bytes, longest: int) -> str | None:
    """The text of a str whose object begins with `head`; None where it is longer than `longest`."""
    length, state = struct.unpack_from("<q8xI", head, 16)
    kind = state >> 2 & 7
    if not state & _COMPACT or kind not in _KINDS or not 0 <= length <= MAX_NAME:
        raise Unreadable("no name")
    if length > longest:
        return None
    start = runtime.layout.str_data
    if not state & _ASCII:
        start += 24 if runtime.version < (3, 12, 0) else 16  # utf8_length, utf8; before 3.12 wstr_length (PEP 623)
    size = length * kind
    data = head[start : start + size] if start + size <= len(head) else runtime.memory.read(address + start, size)
    try:
        return data.decode(_KINDS[kind])
    except UnicodeDecodeError as error:
        raise Unreadable("no name") from error
