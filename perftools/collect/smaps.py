"""A process's memory as the kernel tells it: status, statm, smaps_rollup and smaps (proc(5)). Pure; sizes in bytes.

`status` and `statm` are counters, had for nothing and by everybody. `smaps_rollup` and `smaps` walk the page tables,
and ask for the right to trace the process (proc_mem_open, fs/proc/base.c).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_KIB = 1024
_FIELD = re.compile(r"^(\w+):\s+(\d{1,15}) kB$", re.MULTILINE)
_HEAP = re.compile(
    r"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ..[x-]p \S+ \S+ \S+ *(?:\[heap\]|\[anon:[^\n]*\])?\n"
    r"((?:[A-Z][^\n]*\n)*VmFlags:)",  # the last line of each
    re.MULTILINE,
)


class Counters(NamedTuple):
    """What the kernel counts anyway."""

    rss: int
    anonymous: int
    shmem: int
    swap: int


class Rollup(NamedTuple):
    """What a walk over all of a process's pages found."""

    rss: int
    anonymous: int
    swap: int
    pss: int
    private: int
    shared: int


class Heap(NamedTuple):
    """A private, anonymous mapping, where allocators get their memory, and how much of it is resident."""

    start: int
    end: int
    anonymous: int
    private: int
    """Mapped by this process alone."""
    shared: int


def counters(status: str, statm: Callable[[], str], page_bytes: int) -> Counters | None:
    """From the text of both files, the second where it is needed; None where the process has no memory (any more).

    `status` has the parts from Linux 4.5 on; before, `statm` has two: what is resident, and of that what belongs to
    files or shared memory.
    """
    fields = _fields(status)
    if {"VmRSS", "RssAnon", "RssShmem"} <= fields.keys():
        return Counters(fields["VmRSS"], fields["RssAnon"], fields["RssShmem"], fields.get("VmSwap", 0))
    words = statm().split()
    if len(words) < 3 or not all(word.isdecimal() for word in words[:3]):
        return None
    _, resident, shared = (int(word) * page_bytes for word in words[:3])
    return Counters(resident, max(resident - shared, 0), 0, fields.get("VmSwap", 0)) if resident else None


def rollup(text: str) -> Rollup | None:
    """From the text of smaps_rollup; None where the process has no memory (any more)."""
    fields = _fields(text)
    if not {"Rss", "Pss"} <= fields.keys():
        return None
    return Rollup(
        rss=fields["Rss"],
        anonymous=fields.get("Anonymous", 0),
        swap=fields.get("Swap", 0),
        pss=fields["Pss"],
        private=_sum(fields, "Private"),
        shared=_sum(fields, "Shared"),
    )


def heaps(text: str) -> Iterator[Heap]:
    """From the text of smaps, by address, without stacks; a mapping whose text is cut short is left out."""
    for start, end, body in _HEAP.findall(text):
        fields = _fields(body)
        private, shared = _sum(fields, "Private"), _sum(fields, "Shared")
        yield Heap(int(start, 16), int(end, 16), fields.get("Anonymous", 0), private, shared)


def _fields(text: str) -> dict[str, int]:
    return {name: int(kib) * _KIB for name, kib in _FIELD.findall(text)}


def _sum(fields: Mapping[str, int], of: str) -> int:
    """Clean and dirty; huge pages of hugetlbfs are in no RSS, and so not here."""
    return fields.get(f"{of}_Clean", 0) + fields.get(f"{of}_Dirty", 0)
