"""Timing one function in this process: calibrated rounds of CPU and wall time.

Part of the pytest plugin: it runs in the environment of the benchmarks, so it imports the standard library alone and
works on Python 3.9.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import repeat
from time import perf_counter, process_time
from typing import Any, NamedTuple

ROUNDS = 10
LEAST_ROUND_S = 0.005
"""The clocks' resolution and the cost of reading them stay below 0.1 % of a round."""
MOST_LOOPS = 1 << 24
"""So many calls of the emptiest function take longer than a round."""

Call = Callable[[], Any]
Prepare = Callable[[], Call]
"""Makes the call for one run, untimed: for a benchmark that uses up what it works on."""


class Rounds(NamedTuple):
    """What a function takes, a round at a time."""

    loops: int
    """Calls in a round."""
    cpu_s: list[float]
    """CPU time of one call, all threads of this process together: the round's divided by `loops`."""
    wall_s: list[float]
    result: Any
    """What the last call returned."""


def measure(call: Call | None, *, prepare: Prepare | None = None, loops: int | None = None) -> Rounds:
    """Time `call`, or what `prepare` makes for each run, in `ROUNDS` rounds of `loops` calls.

    Without `loops`, a round is made to take at least `LEAST_ROUND_S` of wall time. Rounds before those that count warm
    the caches and let the interpreter specialise.
    """
    timed = _Timed(call, prepare)
    if loops is None:
        loops = _calibrated(timed)
    else:
        timed.round(loops)
    gc.collect()  # every process starts its rounds with the same collections due
    rounds = [timed.round(loops) for _ in range(ROUNDS)]
    return Rounds(loops, [cpu_s / loops for cpu_s, _ in rounds], [wall_s / loops for _, wall_s in rounds], timed.result)


def peak_rss_bytes() -> int:
    """The largest resident set of this process so far; 0 where the kernel does not tell.

    VmHWM (proc(5)) is the running program's own. ru_maxrss is not: execve(2) keeps the peak of the process that forked
    this one (Linux 6.1, setmax_mm_hiwater_rss in fs/exec.c).
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class _Timed:
    def __init__(self, call: Call | None, prepare: Prepare | None) -> None:
        self._call = call
        self._prepare = prepare
        self.result: Any = None

    def round(self, loops: int) -> tuple[float, float]:
        """CPU and wall seconds of `loops` calls."""
        if self._prepare is not None:
            return self._prepared_round(self._prepare, loops)
        call = self._call
        assert call is not None
        result = None
        began_wall_s, began_cpu_s = perf_counter(), process_time()
        for _ in repeat(None, loops):
            result = call()
        cpu_s, wall_s = process_time() - began_cpu_s, perf_counter() - began_wall_s
        self.result = result
        return cpu_s, wall_s

    def _prepared_round(self, prepare: Prepare, loops: int) -> tuple[float, float]:
        cpu_s = wall_s = 0.0
        for _ in repeat(None, loops):
            call = prepare()
            began_wall_s, began_cpu_s = perf_counter(), process_time()
            self.result = call()
            cpu_s += process_time() - began_cpu_s
            wall_s += perf_counter() - began_wall_s
        return cpu_s, wall_s


def _calibrated(timed: _Timed) -> int:
    """Calls that take long enough twice: a process that has to wait for a CPU looks slow once."""
    loops = 1
    while loops < MOST_LOOPS:
        if timed.round(loops)[1] >= LEAST_ROUND_S and timed.round(loops)[1] >= LEAST_ROUND_S:
            break
        loops *= 2
    return loops
