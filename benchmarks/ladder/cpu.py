"""CPU time of this process and of the workers that it started."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path


def spent_s() -> float:
    """Of all threads here, ended ones included, and of the living children's."""
    return time.process_time() + sum(map(of_process_s, _children()))


def of_process_s(pid: int) -> float:
    """Of all living threads of a process; 0 for one that is gone. Nanoseconds from schedstat (proc(5))."""
    total_ns = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total_ns += int((task / "schedstat").read_bytes().split()[0])
    return total_ns / 1e9


def _children() -> list[int]:
    return [
        int(child)
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text(encoding="ascii").split()
    ]
