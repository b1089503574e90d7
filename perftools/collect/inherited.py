"""How much of the memory that a fork handed down is still shared, from the mappings of both processes. Pure.

fork(2) copies no page: both processes map the same ones, until one of them writes to a page and gets a copy of its own
(copy on write). Python writes to what it only reads: reference counts and the collector's marks stand in the objects.

The kernel does not tell of a page whether it was inherited. Here a page counts as such where the parent has resident
pages in the same range of addresses: of `P` of them, the child still shares what it maps shared there, and what it has
private was copied, up to the rest of `P`; what goes beyond was allocated after the fork. Where parent and child have
both allocated anew in a range of the parent's, that is taken for copies too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from perftools.collect.smaps import Heap


class Inherited(NamedTuple):
    """Bytes."""

    resident: int
    copied: int
    """Of these."""


def inherited(parent: Sequence[Heap], child: Sequence[Heap]) -> Inherited:
    """Both by address, as smaps lists them."""
    heaps = [each for each in parent if each.anonymous]
    shared = copied = at = 0
    for mapping in child:
        while at < len(heaps) and heaps[at].end <= mapping.start:
            at += 1
        common = _resident_in(heaps, at, mapping)
        still = min(mapping.shared, common)
        shared += still
        copied += min(mapping.private, common - still)
    return Inherited(shared + copied, copied)


def _resident_in(heaps: Sequence[Heap], first: int, range_: Heap) -> int:
    """Of the parent's resident pages, those in the range; in a mapping that lies partly in it, in proportion."""
    total = 0
    for heap in islice(heaps, first, None):
        if heap.start >= range_.end:
            break
        overlap = min(heap.end, range_.end) - max(heap.start, range_.start)
        total += heap.anonymous * overlap // (heap.end - heap.start)
    return total
