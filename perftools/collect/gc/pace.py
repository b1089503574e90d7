"""How fast the watcher goes: woken in time, and within what it may cost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import time
from collections.abc import Iterator

MOST_CORES = 0.08
"""What all looks together may use of a core: beyond it, every process is looked at less often."""
_ADAPT_NS = 500_000_000
_MOST_STRETCH = 32.0
_RUNAWAY_US = 300_000
"""CPU time without one sleep after which the kernel ends a real-time program: see RLIMIT_RTTIME, getrlimit(2)."""
_PR_SET_TIMERSLACK = 29  # <linux/prctl.h>


class Pace:
    """By how much the intervals are stretched so that the watcher stays within `MOST_CORES`."""

    def __init__(self) -> None:
        self._start_s = time.process_time()
        self.stretch = self.slowest = 1.0
        self._adapted_ns, self._used_s = time.monotonic_ns(), 0.0

    def used_s(self) -> float:
        """CPU time up to now, program start and imports excluded."""
        return time.process_time() - self._start_s

    def adapt(self, now_ns: int) -> bool:
        """Stretch or shorten the intervals, about twice a second; whether they have changed."""
        span_ns = now_ns - self._adapted_ns
        if span_ns < _ADAPT_NS:
            return False
        used_s = self.used_s()
        cores = (used_s - self._used_s) / (1e-9 * span_ns)
        self._adapted_ns, self._used_s = now_ns, used_s
        before = self.stretch
        if cores > MOST_CORES or self.stretch > 1:
            # the cost is about proportional to the rate; aim somewhat below, so that it does not go to and fro
            self.stretch = min(max(1.0, self.stretch * cores / (0.85 * MOST_CORES)), _MOST_STRETCH)
        self.slowest = max(self.slowest, self.stretch)
        return self.stretch != before


def sleep_until(wake_ns: int) -> None:
    """Sleep until then on CLOCK_MONOTONIC, or not at all."""
    left_ns = wake_ns - time.monotonic_ns()
    if left_ns > 0:
        time.sleep(1e-9 * left_ns)


def run_first() -> None:
    """Be woken in time where that is allowed, without starving anyone: a few ten µs a ms are all that we use.

    As a real-time program of the lowest priority, where we may: on a machine whose CPUs were all busy the longest time
    between two looks was 3 to 5 ms with it, and 27 to 47 ms without.
    """
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RTTIME, (_RUNAWAY_US, _RUNAWAY_US))
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


@contextlib.contextmanager
def as_any_other() -> Iterator[None]:
    """What takes longer than a look is no reason to be preferred."""
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_RR:
        yield
        return
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(1))
