"""What a page fault costs on this machine: measured, because a hypervisor makes it several times dearer."""

from __future__ import annotations

import mmap
import time

_BYTES = 8 << 20


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
