"""How much of a pause its thread ran, and how much it stood ready without a CPU (/proc/PID/task/TID/schedstat)."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import NamedTuple

_TOLERATED_NS = 1_000_000
_TOLERATED_PART = 0.05
"""What was counted is given where it is certain to the larger of these two."""


class Reading(NamedTuple):
    """What the kernel's scheduler had counted for a thread at one time; nanoseconds."""

    at_ns: int
    ran_ns: int
    """Of a thread that runs, up to the last tick (1 to 10 ms)."""
    waited_ns: int
    """Up to when it last was given a CPU."""


class RunQueue:
    """One thread's counters. Raises OSError where there is no such thread."""

    def __init__(self, pid: int, tid: int) -> None:
        self.tid = tid
        self._descriptor = os.open(f"/proc/{pid}/task/{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> Reading | None:
        """None where the thread has ended, or the kernel does not count."""
        try:
            fields = os.pread(self._descriptor, 128, 0).split()
            return Reading(time.monotonic_ns(), int(fields[0]), int(fields[1]))
        except (OSError, ValueError, IndexError):
            return None

    def close(self) -> None:
        """Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass
class Readings:
    """One thread's, around a pause: taken before it, first and last within it, and after it; None where not taken."""

    before: Reading | None = None
    first: Reading | None = None
    last: Reading | None = None
    after: Reading | None = None


def waited_ns(start_ns: int, stop_ns: int, taken: Readings) -> float | None:
    """How long the thread waited for a CPU between start and stop; None where the readings leave too much open.

    Bounded from below by what was counted within the pause. From above by what was counted around it; before its first
    reading, where there is none from before the pause, the thread may have waited all the time. (A wait is counted when
    it ends: the thread ran when the pause began and when it ended, so none reaches over an edge.)
    """
    if taken.first is None or taken.last is None or taken.after is None:
        return None
    low = taken.last.waited_ns - taken.first.waited_ns
    high = taken.after.waited_ns - taken.first.waited_ns + max(0, taken.first.at_ns - start_ns)
    if taken.before is not None:
        high = min(high, taken.after.waited_ns - taken.before.waited_ns)
    return _between(low, min(high, stop_ns - start_ns), stop_ns - start_ns)


def ran_ns(start_ns: int, stop_ns: int, taken: Readings, waited: float | None) -> float | None:
    """How long the thread ran between start and stop; None where the readings leave too much open.

    From below by what was counted within the pause, from above by the time that it did not wait.
    """
    if taken.first is None or taken.last is None or waited is None:
        return None
    return _between(taken.last.ran_ns - taken.first.ran_ns, stop_ns - start_ns - waited, stop_ns - start_ns)


def _between(low: float, high: float, whole_ns: int) -> float | None:
    if low < 0 or high - low > max(_TOLERATED_NS, _TOLERATED_PART * whole_ns):
        return None
    return (low + max(low, high)) / 2
