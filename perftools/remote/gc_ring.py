"""CPython 3.15's own statistics of its collections: a ring of the latest ones for each generation (struct gc_stats).

A sequence number says whether they are being written (github.com/python/cpython/pull/155828): it is read before and
after them, in one call.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from perftools.remote.gc_offsets import ENTRY_SIZE, GENERATIONS, RING
from perftools.remote.memory import Range, Unreadable

_ENTRY = struct.Struct("<6q")
_SEQUENCE = 4
_BEGIN = 2 * _SEQUENCE
"""Where the rings begin in what is read: after the sequence number and the flag."""
_END = _BEGIN + RING.sequence
_HEAD, _TAIL = struct.Struct("<Ii"), struct.Struct("<I")
_LONGEST_NS = 1 << 62


class Counter(NamedTuple):
    """What one generation did since the process began (gc.get_stats)."""

    collections: int
    collected: int
    uncollectable: int


class Entry(NamedTuple):
    """One collection. The last three fields are the generation's totals right after it."""

    generation: int
    start_ns: int
    """CLOCK_MONOTONIC, as `stop_ns` (PyTime_PerfCounterRaw, Python/pytime.c)."""
    stop_ns: int
    collections: int
    collected: int
    examined: int
    """Objects that were candidates."""


def ranges(ring: int, flag: Range) -> list[Range]:
    """What to read for `parse_counters` and `parse_entries`: of the struct at `ring`, and the flag `collecting`."""
    return [(ring + RING.sequence, _SEQUENCE), flag, (ring, RING.sequence + _SEQUENCE)]


def parse_counters(data: bytes) -> tuple[bool, tuple[Counter, ...]] | None:
    """Whether it is collecting, and each generation's totals; None where they were being written. Raises Unreadable."""
    if _torn(data):
        return None
    newest = [
        _ENTRY.unpack_from(data, _position(generation, _index(data, generation))) for generation in range(GENERATIONS)
    ]
    collecting = _HEAD.unpack_from(data)[1]
    if collecting not in (0, 1) or any(min(entry) < 0 for entry in newest):
        raise Unreadable("its collector's statistics are nonsense")
    return bool(collecting), tuple(Counter(*entry[2:5]) for entry in newest)


def parse_entries(data: bytes) -> list[Entry] | None:
    """The collections of each generation, oldest first; None where they were being written. Raises Unreadable."""
    if _torn(data):
        return None
    entries: list[Entry] = []
    for generation in range(GENERATIONS):
        length = RING.lengths[generation]
        newest = _index(data, generation)
        for step in range(1, length + 1):
            position = _position(generation, (newest + step) % length)
            start_ns, stop_ns, collections, collected, _, examined = _ENTRY.unpack_from(data, position)
            if not collections:
                continue  # not written yet
            entry = Entry(generation, start_ns, stop_ns, collections, collected, examined)
            last = entries[-1] if entries and entries[-1].generation == generation else Entry(generation, 0, 0, 0, 0, 0)
            if not _follows(entry, last):
                raise Unreadable("its collector's statistics are nonsense")
            entries.append(entry)
    return entries


def _follows(entry: Entry, last: Entry) -> bool:
    """Whether an entry can be the next of its generation; the first that is left may be any."""
    return (
        last.stop_ns <= entry.start_ns <= entry.stop_ns < _LONGEST_NS
        and (entry.collections == last.collections + 1 or (not last.collections and entry.collections > 0))
        and entry.collected >= last.collected
        and entry.examined >= last.examined
    )


def _torn(data: bytes) -> bool:
    before: int = _HEAD.unpack_from(data)[0]
    return before % 2 == 1 or before != _TAIL.unpack_from(data, _END)[0]


def _index(data: bytes, generation: int) -> int:
    """Of the generation's newest entry."""
    length = RING.lengths[generation]
    index = data[_BEGIN + RING.starts[generation] + length * ENTRY_SIZE]
    if index >= length:
        raise Unreadable("its collector's statistics are nonsense")
    return index


def _position(generation: int, index: int) -> int:
    return _BEGIN + RING.starts[generation] + index * ENTRY_SIZE
