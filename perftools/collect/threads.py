"""On-CPU and run-queue time of every thread, round by round, as the kernel's scheduler counted them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from perftools.collect.child import cpu_time_s
from perftools.collect.recorder import Kind
from perftools.record import Cost, Missing, Process, RoundTime, Target, Threads, ThreadTime
from perftools.target.proc import HOST

_NS = 1e-9


@dataclass(frozen=True)
class _Edge:
    """What the counters of one process said at one edge of a round."""

    at_s: float
    cpu_s: float
    threads: dict[int, tuple[int, int]]
    """tid -> (nanoseconds on a CPU, nanoseconds runnable and waiting for one)."""


class ThreadsRecorder:
    """Reads /proc/PID/task/TID/schedstat of the whole service at both edges of each round."""

    id = "threads"

    def __init__(self, target: Target) -> None:
        self._processes = target.processes
        self._round = 0
        self._window_start_s: float | None = None
        self._before: dict[int, _Edge] = {}
        self._rounds: list[RoundTime] = []
        self._times: list[ThreadTime] = []
        self._cpu_s = 0.0

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Take the counters at the round's start."""
        started_s = time.thread_time()
        if self._window_start_s is None:
            self._window_start_s = time.monotonic()
        self._round = number
        self._before = {process.pid: edge for process in self._processes if (edge := _edge(process))}
        self._cpu_s += time.thread_time() - started_s

    def step(self) -> None:
        """Nothing: the counters need no watching."""

    def end_round(self) -> None:
        """Take them at its end; a thread born within the round counts from zero, one that ended is in `cpu_s` only."""
        started_s = time.thread_time()
        for process in self._processes:
            before, after = self._before.get(process.pid), _edge(process)
            if before and after:
                self._add(process.pid, before, after)
        self._before = {}
        self._cpu_s += time.thread_time() - started_s

    def result(self) -> Threads | Missing:
        """All rounds up to now."""
        if not self._rounds:
            return Missing(code="E-SCHEDSTAT", reason="no process of the service could be followed through a round")
        return Threads(
            cost=Cost(
                method="/proc/PID/task/TID/schedstat", cpu_s=self._cpu_s, lost=0, max_gap_ms=0.0, complete="all threads"
            ),
            rounds=tuple(self._rounds),
            times=tuple(self._times),
        )

    def close(self) -> None:
        """Nothing is held open."""

    def _add(self, pid: int, before: _Edge, after: _Edge) -> None:
        self._rounds.append(
            RoundTime(
                pid=pid,
                round=self._round,
                start_s=before.at_s - (self._window_start_s or 0.0),
                duration_s=after.at_s - before.at_s,
                cpu_s=max(after.cpu_s - before.cpu_s, 0.0),
            )
        )
        for tid, (run_ns, wait_ns) in after.threads.items():
            run_before_ns, wait_before_ns = before.threads.get(tid, (0, 0))
            if run_ns < run_before_ns:  # another thread got the id of one that ended
                run_before_ns = wait_before_ns = 0
            if run_ns > run_before_ns:
                self._times.append(
                    ThreadTime(
                        pid=pid,
                        tid=tid,
                        name=HOST.text(f"proc/{pid}/task/{tid}/comm", 64).rstrip("\n"),
                        round=self._round,
                        run_s=(run_ns - run_before_ns) * _NS,
                        wait_s=max(wait_ns - wait_before_ns, 0) * _NS,
                    )
                )


def _edge(process: Process) -> _Edge | None:
    """None where the process has ended, or its pid belongs to another one now."""
    stat = HOST.stat(process.pid)
    if stat is None or stat.start_ticks != process.start_ticks or stat.state in "ZX":
        return None
    threads = {}
    try:
        for name in os.listdir(f"/proc/{process.pid}/task"):
            fields = _schedstat(process.pid, name)
            if len(fields) >= 2:
                threads[int(name)] = (int(fields[0]), int(fields[1]))
        return _Edge(time.monotonic(), cpu_time_s(process.pid), threads)
    except OSError:
        return None


def _schedstat(pid: int, tid: str) -> list[bytes]:
    """Fields of one thread; read without a file object, for services of hundreds of threads."""
    try:
        descriptor = os.open(f"/proc/{pid}/task/{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return os.read(descriptor, 128).split()
    except ProcessLookupError:
        return []
    finally:
        os.close(descriptor)
