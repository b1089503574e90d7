"""What looking costs: a walk over the page tables of a process, and how long the process's own mmap waits for it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from perftools.collect.memory import WALKING_CORES

_TARGET = """
import mmap, sys, time
mib, huge, seconds = int(sys.argv[1]), sys.argv[2] == "huge", float(sys.argv[3])
held = mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
held.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
for at in range(0, mib << 20, 4096):
    held[at] = 1
print("ready", flush=True)
for line in sys.stdin:
    waits, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        mmap.mmap(-1, 1 << 16, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        waits.append(time.perf_counter() - began)
    waits.sort()
    print(1e6 * waits[len(waits) // 2], 1e3 * waits[-max(len(waits) // 10_000, 1)], flush=True)
"""
MEASURED_S = 2.0


class Cost(NamedTuple):
    """Of one size of process."""

    mib: int
    pages: str
    counters_ms: float
    """A read of /proc/PID/status."""
    walk_ms: float
    """A read of /proc/PID/smaps_rollup, the median of 20."""
    mappings_ms: float
    """The same of /proc/PID/smaps."""
    alone_ms: float
    """An mmap and munmap of the process: the slowest of 10,000, while nobody looks."""
    watched_ms: float
    """The same while its page tables are walked as often as an audit does."""
    walked_on_end_ms: float
    """The same while they are walked without a pause."""


def measure(mib: int, *, huge: bool) -> Cost:
    """Start a process of that size, look at it, and end it."""
    arguments = [sys.executable, "-c", _TARGET, str(mib), "huge" if huge else "small", str(MEASURED_S)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            folder = Path(f"/proc/{process.pid}")
            walk_ms = _median_ms(folder / "smaps_rollup")
            return Cost(
                mib,
                "2 MiB" if huge else "4 KiB",
                _median_ms(folder / "status"),
                walk_ms,
                _median_ms(folder / "smaps"),
                _waits_ms(process, folder, None),
                _waits_ms(process, folder, max(0.5, walk_ms / 1000 / WALKING_CORES)),
                _waits_ms(process, folder, 0.0),
            )
        finally:
            process.kill()


def _median_ms(file: Path) -> float:
    took = []
    for _ in range(20):
        began = time.perf_counter()
        file.read_bytes()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def _waits_ms(process: subprocess.Popen[str], folder: Path, pause_s: float | None) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    end_s = time.monotonic() + MEASURED_S
    while pause_s is not None and time.monotonic() < end_s:
        (folder / "smaps_rollup").read_bytes()
        time.sleep(min(pause_s, max(end_s - time.monotonic(), 0)))
    return float(process.stdout.readline().split()[1])
