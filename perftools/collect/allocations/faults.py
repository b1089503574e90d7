"""How many page faults a process has, and what one costs on this machine: a hypervisor makes it far dearer."""

from __future__ import annotations

import mmap
import time
from typing import NamedTuple

from perftools.collect.child import cpu_time_s
from perftools.target.proc import HOST

_BYTES = 8 << 20


class Usage(NamedTuple):
    """What a process has used in its life."""

    at_s: float
    """CLOCK_MONOTONIC."""
    cpu_s: float
    page_faults: int
    """Minor ones: field 10 of /proc/PID/stat, proc(5)."""


def usage(pid: int) -> Usage | None:
    """None where it has ended."""
    fields = HOST.text(f"proc/{pid}/stat", 4096).rpartition(")")[2].split()
    try:
        return Usage(time.monotonic(), cpu_time_s(pid), int(fields[7]))
    except (OSError, IndexError, ValueError):
        return None


def fault_us() -> float:
    """CPU microseconds for a page that was given back to the kernel and is touched again, cleared by it in between.

    Takes about 10 ms. Huge pages are kept out of it: one of 2 MiB is one fault.
    """
    with mmap.mmap(-1, _BYTES) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        _touch(memory)
        warm_s = _touch(memory)
        memory.madvise(mmap.MADV_DONTNEED)
        return max(0.0, _touch(memory) - warm_s) * 1e6 / (_BYTES // mmap.PAGESIZE)


def _touch(memory: mmap.mmap) -> float:
    """CPU seconds to write into each page."""
    start_s = time.process_time()
    for at in range(0, _BYTES, mmap.PAGESIZE):
        memory[at] = 1
    return time.process_time() - start_s
