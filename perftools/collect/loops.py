"""Event loops: how long the steps last in which they compute without giving the loop back."""

from __future__ import annotations

import time

from perftools.collect.loop_watch import LoopFinder, LoopWatch
from perftools.collect.recorder import Kind
from perftools.collect.waits_process import Stacks
from perftools.record import Cost, EventLoops, LoopLooks, Missing, Process, Target
from perftools.remote.loop_steps import Kind as LoopKind
from perftools.remote.memory import Unreadable
from perftools.target.proc import HOST

BUDGET_CORES = 0.01
"""What looks may use of a core: 50 a second at one loop, fewer at each of many."""
_BURST_S = 0.02
_REMEDIES = {"V-NORIGHT": "run it as root, or as the service's user with the right to trace it"}


class LoopsRecorder:
    """Looks at the event loops of all workers."""

    id = "loops"

    def __init__(self, target: Target, budget_cores: float = BUDGET_CORES) -> None:
        self._workers = target.workers
        self._budget_cores = budget_cores
        self._stacks = Stacks()
        self._finders: dict[int, LoopFinder] = {}
        self._loops: list[LoopWatch] = []
        self._ended: list[LoopWatch] = []
        self._problems: dict[int, Unreadable] = {}
        self._turn = 0
        self._cpu_s = self._gap_s = 0.0
        self._allowed_s = _BURST_S
        self._stepped_s: float | None = None

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Find the loops that have begun since."""
        started_s = time.thread_time()
        for process in self._workers:
            try:
                self._find(process)
                self._problems.pop(process.pid, None)
            except Unreadable as problem:
                self._problems[process.pid] = problem
        self._stepped_s = None
        self._cpu_s += time.thread_time() - started_s

    def step(self) -> None:
        """Look at each loop, where the budget allows it."""
        now_s, started_s = time.monotonic(), time.thread_time()
        if self._stepped_s is not None:
            self._allowed_s = min(self._allowed_s + (now_s - self._stepped_s) * self._budget_cores, _BURST_S)
            self._gap_s = max(self._gap_s, now_s - self._stepped_s)
        self._stepped_s = now_s
        first, used_s = self._turn % max(len(self._loops), 1), 0.0
        for loop in self._loops[first:] + self._loops[:first]:
            if used_s >= self._allowed_s:
                break  # the others come first in the next step
            self._turn += 1
            try:
                loop.look()
            except Unreadable:
                self._end(loop)
            used_s = time.thread_time() - started_s
        self._allowed_s -= used_s
        self._cpu_s += used_s

    def end_round(self) -> None:
        """What runs now may have ended by the next round."""
        for loop in self._loops:
            loop.interrupt()

    def result(self) -> EventLoops | Missing:
        """All that was seen up to now, no loop among it where none runs; Missing where no worker could be read."""
        loops = [loop for loop in (*self._ended, *self._loops) if loop.looks]
        if not loops and self._problems:
            problem = next(iter(self._problems.values()))
            return Missing(code=problem.code or "V-BUILD", reason=problem.reason, remedy=_REMEDIES.get(problem.code))
        looks: dict[tuple[int, int, LoopKind], int] = {}
        for loop in loops:
            key = (loop.pid, loop.tid, loop.watched.kind)
            looks[key] = looks.get(key, 0) + loop.looks
        return EventLoops(
            cost=Cost(
                method="the event loop's own clock, and its thread's frames, read by process_vm_readv",
                cpu_s=self._cpu_s,
                lost=0,
                max_gap_ms=1000 * self._gap_s,
                complete=self._completeness(),
            ),
            frames=tuple(self._stacks.frames),
            stacks=tuple(self._stacks.stacks),
            loops=tuple(
                LoopLooks(pid=pid, tid=tid, kind=kind, looks=count) for (pid, tid, kind), count in looks.items()
            ),
            steps=tuple(step for loop in loops for step in loop.steps),
        )

    def close(self) -> None:
        """Let go of all files."""
        for loop in list(self._loops):
            self._end(loop)

    def _find(self, process: Process) -> None:
        """Watch the loops of a process that are not watched yet. Raises Unreadable."""
        stat = HOST.stat(process.pid)
        if stat is None or stat.start_ticks != process.start_ticks:
            raise Unreadable("the process has ended", "V-GONE")
        if process.pid not in self._finders:
            self._finders[process.pid] = LoopFinder(process, self._stacks)
        known = frozenset(loop.tid for loop in self._loops if loop.pid == process.pid)
        self._loops += self._finders[process.pid].find(known)

    def _end(self, loop: LoopWatch) -> None:
        self._loops.remove(loop)
        loop.close()
        self._ended.append(loop)

    def _completeness(self) -> str:
        """What could not be seen, in words."""
        if not self._problems:
            return "all workers"
        whose = "; ".join(f"{pid}: {problem.reason}" for pid, problem in sorted(self._problems.items()))
        return f"{len(self._workers) - len(self._problems)} of {len(self._workers)} workers ({whose})"
