"""What containers in another process hold: their lengths, and a spread of their elements' addresses."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from perftools.remote.dicts import open_dict
from perftools.remote.heap import Heap, Object, checked_size
from perftools.remote.memory import Unreadable, sane

_WHOLE = 512
"""Pointers that are read in one piece rather than one by one."""
_DEQUE_BLOCK = 64
"""BLOCKLEN in Modules/_collectionsmodule.c."""


def spread(length: int, sample: int) -> list[int]:
    """At most `sample` indices over a length: the first, the last, and evenly between."""
    if length <= sample:
        return list(range(length))
    return sorted({round(step * (length - 1) / max(sample - 1, 1)) for step in range(sample)})


def sequence_items(heap: Heap, sequence: Object, sample: int) -> tuple[int, list[int]]:
    """The length of a list or tuple, and the addresses of a spread of its items. Raises Unreadable."""
    size = sequence.size()
    if sequence.type.kind == "tuple":
        start = sequence.address + heap.layout.tuple_items
    else:
        start = sequence.field(24)
        if size > sequence.field(32, "q"):
            raise Unreadable(f"a list of {size} items with room for {sequence.field(32, 'q')}")
    return size, _pointers(heap, start, size, sample)


def set_items(heap: Heap, set_: Object, sample: int) -> tuple[int, list[int]]:
    """The length of a set, and the addresses of some of its items. Raises Unreadable."""
    used, mask, table = checked_size(set_.field(24, "q")), set_.field(32, "q"), set_.field(40)
    checked_size(mask)
    if used > mask + 1:
        raise Unreadable(f"a set of {used} items in a table of {mask + 1}")
    if not used:
        return 0, []
    count = min(mask + 1, 256)
    entries = heap.memory.u64s(table, 2 * count)  # setentry: key, hash
    items = [key for key in entries[::2] if sane(key)]
    return used, [items[index] for index in spread(len(items), sample)]


def deque_items(heap: Heap, deque: Object, sample: int) -> tuple[int, list[int]]:
    """The length of a collections.deque, and the addresses of some items of its first and last block."""
    size, left, right = deque.size(), deque.field(24), deque.field(32)
    first, last = deque.field(40, "q"), deque.field(48, "q")
    if not 0 <= first <= _DEQUE_BLOCK or not -1 <= last < _DEQUE_BLOCK:
        raise Unreadable("a deque whose indices cannot be")
    if not size:
        return 0, []
    head = heap.memory.u64s(left + 8 + 8 * first, min(size, _DEQUE_BLOCK - first) or 1)  # struct BLOCK: left, data
    items = list(head)
    if right != left:
        items += heap.memory.u64s(right + 8, last + 1) if last >= 0 else ()
    return size, [items[index] for index in spread(len(items), sample)]


def dict_items(heap: Heap, dict_: Object, sample: int) -> list[tuple[int, int]]:
    """The addresses of keys and values: all of a dict that may be a record, else of a spread. Raises Unreadable."""
    table = open_dict(heap, dict_)
    if table.length <= _WHOLE:
        return table.read(heap, 0, table.length) if table.used else []
    pairs = []
    for index in spread(table.length - 4, sample):
        pairs += table.read(heap, index, 4)[:1]  # deleted entries leave holes
    return pairs


def _pointers(heap: Heap, start: int, length: int, sample: int) -> list[int]:
    if not length or not sample:
        return []
    indices: Sequence[int] = spread(length, sample)
    if length <= _WHOLE:
        pointers = heap.memory.u64s(start, length)
        return [pointers[index] for index in indices]
    pieces = heap.memory.read_many([(start + 8 * index, 8) for index in indices])
    return [struct.unpack("<Q", piece)[0] for piece in pieces if piece is not None]
