"""The memory of the service's processes, and what one of them allocated."""

from __future__ import annotations

from perftools.record.part import LARGEST_BYTES, LONGEST_S, Cost, Missing, Part, require


class MemoryReading(Part, frozen=True, kw_only=True):
    """The memory of one process at one time."""

    pid: int
    at_s: float
    rss_bytes: int
    """Resident: anonymous and shared memory, and the pages of files that are mapped."""
    anonymous_bytes: int
    """Heaps, stacks and whatever was written in a private mapping: the kernel can take it back by swapping alone."""
    shmem_bytes: int
    """Shared memory that is mapped: tmpfs, memfd, multiprocessing.shared_memory."""
    swap_bytes: int
    pss_bytes: int | None = None
    """Each page divided by the number of processes that map it: sums over processes count nothing twice.

    None, and so the next two, where the page tables were not walked at this time."""
    private_bytes: int | None = None
    """Mapped by this process alone: what ending it would free (USS)."""
    shared_bytes: int | None = None


class ForkedMemory(Part, frozen=True, kw_only=True):
    """What a process still shares of the anonymous memory that it got from the process that forked it."""

    pid: int
    parent: int
    at_s: float
    inherited_bytes: int
    """Resident pages in ranges that are resident in the parent too."""
    copied_bytes: int
    """Of these, what is private by now: copied because one of both wrote to it."""


class Memory(Part, frozen=True, kw_only=True, tag="memory"):
    """Memory of all processes of the service over the window, by the kernel's accounts alone."""

    cost: Cost
    readings: tuple[MemoryReading, ...]
    """By time."""
    started_s: dict[int, float]
    """When each process was started, by pid: negative before the window."""
    slack_bytes: int
    """By how much the kernel's counters may be off, and with them every reading without `pss_bytes`; 0: exact."""
    forked: tuple[ForkedMemory, ...]
    """First and last look at each process that was forked from one that is still there."""
    unwalked: Missing | None
    """Why the page tables of some process were not walked; None where all were."""
    limit_bytes: int | None
    """The tightest memory limit of its control groups that is below what the machine has; None where there is none."""
    limit_source: str
    used_bytes: int | None
    """Of that limit, at the end, without the page cache that gives way first; None where it is not told."""
    oom_kills: int | None
    """Processes of the service's own control group that the kernel killed for memory, within the window."""


class AllocationSite(Part, frozen=True, kw_only=True):
    """What one stack allocated."""

    stack: int
    allocations: int
    size_bytes: int
    temporaries: int = 0
    """Of these, how many were large (128 KiB or more each) and were given back within the span."""
    temporary_bytes: int = 0
    grown_bytes: int = 0
    """Of `size_bytes`, what something that grows was moved into (realloc): a list, a bytearray, a string."""


class Allocations(Part, frozen=True, kw_only=True, tag="allocations"):
    """Every allocation of one worker for some seconds after the window, by memray, which ran inside it.

    Small objects (up to 512 bytes) come from the interpreter's own pools and are not among them.
    """

    cost: Cost
    pid: int
    tool: str
    """"memray 1.20.0"."""
    span_s: float
    attach_stall_ms: float
    """How long the worker stood still to let memray in, by looks from outside about 1,000 times a second."""
    detach_stall_ms: float
    """The same, to let it out."""
    cpus: float
    """CPU that the worker used meanwhile, memray's part in it included; 1 is one core."""
    undisturbed_cpus: float
    """CPU that it used in the window, before memray was in it; 0, and so the next, where that is not known."""
    page_faults_per_s: float
    """Minor faults of the worker in the window: pages that the kernel gave it, and cleared, on first touch. Not counted
    while memray is in: its own memory changes what malloc gives back."""
    fault_us: float
    """CPU time that one costs on this machine, measured beside the worker."""
    allocations: int
    size_bytes: int
    """Allocated over the span, whether freed or not."""
    temporaries: int
    temporary_bytes: int
    peak_bytes: int
    """Most that was alive at a time of what was allocated in the span."""
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    churn: tuple[AllocationSite, ...]
    """What was allocated, by the stacks that allocated most; the sums above have the others too."""
    peak: tuple[AllocationSite, ...]
    """What was alive when most was."""
    kept: tuple[AllocationSite, ...]
    """What was alive at the end of the span."""
    left: str = ""
    """What was wrong with the worker afterwards; "" where it ran, untraced and untracked."""


def check_memory(memory: Memory) -> None:
    """Raise msgspec.ValidationError where no kernel could have said so."""
    sizes = [memory.slack_bytes, memory.limit_bytes or 0, memory.used_bytes or 0]
    for each in memory.readings:
        sizes += [each.rss_bytes, each.anonymous_bytes, each.shmem_bytes, each.swap_bytes]
        sizes += [each.pss_bytes or 0, each.private_bytes or 0, each.shared_bytes or 0]
    for fork in memory.forked:
        sizes += [fork.inherited_bytes, fork.copied_bytes]
        require(fork.copied_bytes <= fork.inherited_bytes, "memory: more was copied than inherited")
    require(all(0 <= size <= LARGEST_BYTES for size in sizes), "memory: a size is out of range")
    times = [each.at_s for each in memory.readings] + [each.at_s for each in memory.forked]
    times += memory.started_s.values()
    require(all(-LONGEST_S <= each <= LONGEST_S for each in times), "memory: a time is out of range")


def check_allocations(seen: Allocations) -> None:
    """Raise msgspec.ValidationError where no memray could have said so."""
    frames, stacks = len(seen.frames), len(seen.stacks)
    for stack in seen.stacks:
        require(all(0 <= at < frames for at in stack), "allocations: a stack names a frame that is not there")
    for site in (*seen.churn, *seen.peak, *seen.kept):
        require(0 <= site.stack < stacks, "allocations: a site names a stack that is not there")
        numbers = (site.allocations, site.size_bytes, site.temporaries, site.temporary_bytes, site.grown_bytes)
        require(min(numbers) >= 0, "allocations: a count is negative")
    numbers = (seen.allocations, seen.size_bytes, seen.temporaries, seen.temporary_bytes, seen.peak_bytes)
    require(min(numbers) >= 0, "allocations: a count is negative")
    stalls_s = (seen.attach_stall_ms / 1000, seen.detach_stall_ms / 1000)
    rates = (seen.cpus, seen.undisturbed_cpus, seen.page_faults_per_s, seen.fault_us)
    in_range = all(0 <= each <= LONGEST_S for each in (*stalls_s, *rates))
    require(in_range and 0 < seen.span_s <= LONGEST_S, "allocations: a time or rate is out of range")
