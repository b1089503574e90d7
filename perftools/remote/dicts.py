"""Dicts in another process (Objects/dictobject.c, Include/internal/pycore_dict.h)."""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import NamedTuple

from perftools.remote.heap import Heap, Object, checked_size
from perftools.remote.memory import MAX_READ, Unreadable, sane

_MAX_LOG2_SIZE = 34
MAX_ENTRIES = 20_000
"""Entries searched for a name: more than any module or record has."""


class Table(NamedTuple):
    """A dict's entries, in the order of insertion; deleted ones leave holes."""

    used: int
    length: int
    """Entries, holes included."""
    entries: int
    entry_size: int
    key_offset: int
    values: int
    """Address of the first value of a split table (instances of one class share the keys), else 0."""

    def keys(self, heap: Heap) -> list[int]:
        """The addresses of all keys, 0 for a hole. Raises Unreadable."""
        if not 0 < self.length <= MAX_ENTRIES:
            return []
        words = heap.memory.u64s(self.entries, self.length * self.entry_size // 8)
        return list(words[self.key_offset // 8 :: self.entry_size // 8])

    def read(self, heap: Heap, start: int, count: int) -> list[tuple[int, int]]:
        """The addresses of key and value of the entries from `start` on, without holes. Raises Unreadable."""
        count = min(count, self.length - start, MAX_READ // self.entry_size)
        if count <= 0:
            return []
        words = heap.memory.u64s(self.entries + start * self.entry_size, count * self.entry_size // 8)
        step, first = self.entry_size // 8, self.key_offset // 8
        keys = words[first::step]
        values = heap.memory.u64s(self.values + 8 * start, count) if self.values else words[first + 1 :: step]
        return [(key, value) for key, value in zip(keys, values, strict=True) if key and value]


def open_dict(heap: Heap, dict_: Object) -> Table:
    """The entries of a dict. Raises Unreadable."""
    used = checked_size(dict_.field(16, "q"))
    return open_keys(heap, dict_.field(32), dict_.field(40), used)


def open_keys(heap: Heap, keys: int, values: int, used: int | None = None) -> Table:
    """The entries of a keys object, with the values of one instance if `values` is not 0. Raises Unreadable."""
    if not sane(keys) or (values and not sane(values)):
        raise Unreadable("a dict without keys")
    head = heap.memory.read(keys, 40)
    if heap.runtime.version >= (3, 11, 0):
        log2_size, log2_bytes, kind = head[8], head[9], head[10]
        count = struct.unpack_from("<q", head, 24)[0]
        if log2_size > _MAX_LOG2_SIZE or log2_bytes > log2_size + 3 or kind > 2:
            raise Unreadable("a dict whose sizes cannot be")
        entries, size = keys + 32 + (1 << log2_bytes), 1 << log2_size
        entry_size, key_offset = (24, 8) if kind == 0 else (16, 0)
        values += 8 if values and heap.runtime.version >= (3, 13, 0) else 0  # PyDictValues got a header
    else:
        size, count = (struct.unpack_from("<q", head, offset)[0] for offset in (8, 32))
        if not 0 < size <= 1 << _MAX_LOG2_SIZE or size & (size - 1):
            raise Unreadable("a dict whose sizes cannot be")
        index_bytes = 1 if size <= 0xFF else 2 if size <= 0xFFFF else 4 if size <= 0xFFFFFFFF else 8
        entries = keys + 40 + size * index_bytes
        entry_size, key_offset = 24, 8
    if not 0 <= count <= size or (used is not None and used > count):
        raise Unreadable("a dict whose sizes cannot be")
    return Table(count if used is None else used, count, entries, entry_size, key_offset, values)


def find(heap: Heap, table: Table, names: Collection[str]) -> dict[str, int]:
    """The values of those `names` that are keys: addresses by name. Raises Unreadable."""
    return select(heap, table.read(heap, 0, table.length), names) if table.length <= MAX_ENTRIES else {}


def select(heap: Heap, pairs: Sequence[tuple[int, int]], names: Collection[str]) -> dict[str, int]:
    """Of the addresses of keys and values, the values of those `names` that are keys."""
    if not names:
        return {}
    wanted = frozenset(names)
    keys = heap.names.read([key for key, _ in pairs], max(map(len, wanted)))
    found = {key: value for key, (_, value) in zip(keys, pairs, strict=True) if key in wanted}
    return {name: found[name] for name in names if name in found}
