"""How fast the watcher goes: woken in time, and within what it may cost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import time
from collections.abc import Iterator

MOST_CORES_EACH = 0.022
MOST_CORES = 0.08
"""What the looks at one process, and all looks together, may use of a core. Beyond it all are looked at less often.

A quarter more than that may be used until it is noticed; what is promised is 3 % of a core for each.
"""
_ADAPT_NS = 250_000_000
_MOST_STRETCH = 32.0
_STILL_EXACT = 3.0
"""Polling every 3 ms still finds each pause of 5 ms: for the sake of the smaller bound it does not become coarser."""
_STILL_TELLING = 6.0
"""Where the kernel times the pauses and keeps them, a look every 30 ms only names the lines of fewer of them."""
_AIM = 0.85
"""Between so much of what is allowed and all of it, the rate stays as it is."""
_SLOWER, _FASTER = 1.15, 0.85
_RUNAWAY_US = 300_000
"""CPU time without one sleep after which the kernel ends a real-time program: see RLIMIT_RTTIME, getrlimit(2)."""
_PR_SET_TIMERSLACK = 29  # <linux/prctl.h>


class Pace:
    """By how much the intervals are stretched so that the watcher stays within what it may use."""

    def __init__(self) -> None:
        self._start_s = time.process_time()
        self.stretch = self.slowest = 1.0
        self._adapted_ns, self._used_s = time.monotonic_ns(), 0.0

    def used_s(self) -> float:
        """CPU time up to now, program start and imports excluded."""
        return time.process_time() - self._start_s

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """What is done once, for a process that is new: not a part of the looks' cost, nor urgent."""
        before_s = self.used_s()
        try:
            with _as_any_other():
                yield
        finally:
            self._used_s += self.used_s() - before_s

    def adapt(self, now_ns: int, processes: int, *, polled: bool) -> bool:
        """Stretch or shorten the intervals, about four times a second; whether they have changed.

        `polled`: whether pauses of one of the processes are lost to rare looks.
        """
        span_ns = now_ns - self._adapted_ns
        if span_ns < _ADAPT_NS:
            return False
        used_s = self.used_s()
        cores = (used_s - self._used_s) / (1e-9 * span_ns)
        self._adapted_ns, self._used_s = now_ns, used_s
        before, most = self.stretch, min(MOST_CORES, MOST_CORES_EACH * processes)
        if cores > most:
            enough = _STILL_EXACT if polled else _STILL_TELLING
            coarse = cores > MOST_CORES and self.stretch >= enough
            limit = _MOST_STRETCH if coarse else max(enough, self.stretch)
            self.stretch = min(self.stretch * max(_SLOWER, cores / most), limit)
        elif cores < _AIM * most:
            self.stretch = max(self.stretch * _FASTER, 1.0)
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
def _as_any_other() -> Iterator[None]:
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_RR:
        yield
        return
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(1))
