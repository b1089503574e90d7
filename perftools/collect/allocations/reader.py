"""The program that adds up a capture file: memray's reader, with the rights of the process that wrote it.

    python -P -m perftools.collect.allocations.reader CAPTURE OUTPUT UID GID MOST

CAPTURE and OUTPUT are numbers of inherited descriptors. The file comes from the target, and memray reads it in C++: so
it is read under limits of memory and time, and as the target's user where we are root. Whatever it could do to its
reader, its writer could do before.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from perftools.collect.allocations.orders import Answer, Summary
from perftools.collect.child import die_with
from perftools.collect.messages import write
from perftools.record import AllocationSite

if TYPE_CHECKING:
    from memray import AllocationRecord

MOST_MEMORY = 2 << 30
"""Address space of this program, in bytes."""
LARGE_BYTES = 128 << 10
"""From here on malloc(3) asks the kernel for pages of their own, unless it has learned better: M_MMAP_THRESHOLD,
mallopt(3). What is smaller comes from memory that is warm already."""
MOST_SITES = 1000
"""Stacks of each kind that are told; the others are in the sums."""
DEEPEST = 128
_LONGEST_NAME = 500

_FREE, _REALLOC, _MUNMAP = 5, 7, 15
"""AllocatorType (memray 1.20, hooks.h)."""


class Tally:
    """What one stack allocated."""

    __slots__ = ("allocations", "grown_bytes", "record", "size_bytes", "temporaries", "temporary_bytes")

    def __init__(self, record: AllocationRecord) -> None:
        self.record = record
        self.allocations = self.size_bytes = self.temporaries = self.temporary_bytes = self.grown_bytes = 0


class Stacks:
    """Numbers frames and stacks as the record has them."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, str, int], int] = {}
        self.stacks: dict[tuple[int, ...], int] = {}

    def add(self, record: AllocationRecord) -> int:
        """The number of the stack, leaf first."""
        trace = record.stack_trace(DEEPEST)
        at = tuple(
            self.frames.setdefault((_bounded(function), _bounded(file), max(line, 0)), len(self.frames))
            for function, file, line in trace
        )
        return self.stacks.setdefault(at, len(self.stacks))


def summarize(path: str, most: int) -> Summary:
    """Add up a capture file of which at most `most` records are read one by one.

    Raises OSError where memray cannot read it.
    """
    from memray import FileReader

    reader = FileReader(path)
    try:
        about = reader.metadata
        tallies, read = _churn(reader.get_allocation_records(), most)
        stacks = Stacks()
        largest = sorted(tallies.values(), key=lambda tally: -tally.size_bytes)
        return Summary(
            records=about.total_allocations,
            read=read,
            span_s=(about.end_time - about.start_time).total_seconds(),
            allocations=sum(tally.allocations for tally in largest),
            size_bytes=sum(tally.size_bytes for tally in largest),
            temporaries=sum(tally.temporaries for tally in largest),
            temporary_bytes=sum(tally.temporary_bytes for tally in largest),
            peak_bytes=about.peak_memory,
            churn=tuple(_merged((_churned(tally), stacks.add(tally.record)) for tally in largest[:MOST_SITES])),
            peak=_alive(reader.get_high_watermark_allocation_records(merge_threads=True), stacks),
            kept=_alive(reader.get_leaked_allocation_records(merge_threads=True), stacks),
            frames=tuple(stacks.frames),
            stacks=tuple(stacks.stacks),
        )
    finally:
        reader.close()


def _churn(records: Iterable[AllocationRecord], most: int) -> tuple[dict[int, Tally], int]:
    """Sums by stack. A large allocation that is freed within the file is a temporary."""
    tallies: dict[int, Tally] = {}
    alive: dict[int, tuple[Tally, int]] = {}
    read = 0
    for record in records:
        if read >= most:
            break
        read += 1
        allocator = record.allocator
        if allocator in (_FREE, _MUNMAP):
            if (freed := alive.pop(record.address, None)) is not None:
                tally, size = freed
                tally.temporaries += 1
                tally.temporary_bytes += size
            continue
        stack, size = record.stack_id, record.size
        tally = tallies.get(stack) or tallies.setdefault(stack, Tally(record))
        tally.allocations += 1
        tally.size_bytes += size
        if allocator == _REALLOC:
            tally.grown_bytes += size
        if size >= LARGE_BYTES:
            alive[record.address] = tally, size
    return tallies, read


def _churned(tally: Tally) -> AllocationSite:
    return AllocationSite(
        stack=0,
        allocations=tally.allocations,
        size_bytes=tally.size_bytes,
        temporaries=tally.temporaries,
        temporary_bytes=tally.temporary_bytes,
        grown_bytes=tally.grown_bytes,
    )


def _alive(records: Iterable[AllocationRecord], stacks: Stacks) -> tuple[AllocationSite, ...]:
    largest = sorted(records, key=lambda record: -record.size)[:MOST_SITES]
    sites = (AllocationSite(stack=0, allocations=each.n_allocations, size_bytes=each.size) for each in largest)
    return tuple(_merged(zip(sites, map(stacks.add, largest), strict=True)))


def _merged(sites: Iterable[tuple[AllocationSite, int]]) -> list[AllocationSite]:
    """One for each stack: memray tells apart what differs by the instruction, or by the allocator, alone."""
    found: dict[int, AllocationSite] = {}
    for site, stack in sites:
        before = found.get(stack)
        found[stack] = AllocationSite(
            stack=stack,
            **{
                name: getattr(site, name) + (getattr(before, name) if before is not None else 0)
                for name in AllocationSite.__struct_fields__
                if name != "stack"
            },
        )
    return sorted(found.values(), key=lambda site: -site.size_bytes)


def _bounded(text: str) -> str:
    return text[:_LONGEST_NAME]


def become(uid: int, gid: int, parent: int) -> None:
    """Give up root for good, where we have it and the target has not."""
    if os.geteuid() == 0 and uid != 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        die_with(parent)


def main(arguments: list[str]) -> int:
    """Write one Answer."""
    import memray  # noqa: F401 (loaded while we may still read it)

    capture, output, uid, gid, most = map(int, arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    become(uid, gid, os.getppid())
    try:
        write(output, Answer(summary=summarize(f"/proc/self/fd/{capture}", most)))
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        write(output, Answer(failed=_bounded(f"{type(error).__name__}: {error}")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
