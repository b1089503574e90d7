"""Where threads and tasks stand while they do not run: looks at all of them, regular in time, idle ones included."""

from __future__ import annotations

import random
import time

from perftools.collect.recorder import Kind
from perftools.collect.waits_process import ProcessWaits, Stacks
from perftools.record import Cost, Missing, Process, Target, Waits
from perftools.remote.memory import Unreadable
from perftools.target.proc import HOST

LOOK_S = 0.06
"""Mean time between two looks at one worker, where the budget allows it: 10 to 20 a second."""
BUDGET_CORES = 0.02
"""What looks may use of a core, beside finding the interpreters at the start. Workers of many threads that move, or of
many tasks, are looked at less often; whoever was not looked at for longest comes first."""
_BURST_S = 1.5
"""Of the budget, what may be saved up."""
_STEP_CPU_S = 0.008
"""What is due beyond that comes with the next step."""
_REMEDIES = {"V-NORIGHT": "run it as root, or as the service's user with the right to trace it"}


class WaitsRecorder:
    """Looks at each worker in turn: whoever is due for longest comes first."""

    id = "waits"

    def __init__(self, target: Target, budget_cores: float = BUDGET_CORES) -> None:
        self._workers = target.workers
        self._budget_cores = budget_cores
        self._stacks = Stacks()
        self._watched: dict[int, ProcessWaits] = {}
        self._ended: list[ProcessWaits] = []
        self._problems: dict[int, Unreadable] = {}
        self._due_s: dict[int, float] = {}
        self._looked_s: dict[int, float] = {}
        self._cpu_s = self._gap_s = 0.0
        self._allowed_s = self._most_s = _BURST_S * budget_cores
        self._stepped_s: float | None = None

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Try those workers again that could not be read."""
        started_s = time.thread_time()
        for process in self._workers:
            self._renew(process)
        self._stepped_s = None
        self._looked_s.clear()
        self._cpu_s += time.thread_time() - started_s

    def step(self) -> None:
        """Look at those that are due, as far as the budget goes."""
        now_s, started_s = time.monotonic(), time.thread_time()
        if self._stepped_s is not None:
            self._allowed_s = min(self._allowed_s + (now_s - self._stepped_s) * self._budget_cores, self._most_s)
        self._stepped_s = now_s
        used_s = 0.0
        while self._due_s and used_s < min(self._allowed_s, _STEP_CPU_S):
            pid = min(self._due_s, key=lambda pid: self._due_s[pid])
            if self._due_s[pid] > now_s:
                break
            self._look(pid)
            used_s = time.thread_time() - started_s
        self._allowed_s -= used_s
        self._cpu_s += used_s

    def end_round(self) -> None:
        """Nothing: looks go on with the next round."""

    def result(self) -> Waits | Missing:
        """All that was seen up to now; Missing where no worker could be read."""
        parts = [each.result() for each in (*self._ended, *self._watched.values())]
        if not any(looks.looks for looks, _ in parts):
            problem = next(iter(self._problems.values()), Unreadable("no worker was looked at"))
            return Missing(code=problem.code or "V-BUILD", reason=problem.reason, remedy=_REMEDIES.get(problem.code))
        return Waits(
            cost=Cost(
                method="frames and tasks read by process_vm_readv, where /proc shows that a thread does not run",
                cpu_s=self._cpu_s,
                lost=sum(looks.failed for looks, _ in parts),
                max_gap_ms=1000 * self._gap_s,
                complete=self._completeness(),
            ),
            frames=tuple(self._stacks.frames),
            stacks=tuple(self._stacks.stacks),
            looks=tuple(looks for looks, _ in parts if looks.looks),
            waits=tuple(wait for _, waits in parts for wait in waits),
        )

    def close(self) -> None:
        """Let go of all folders."""
        for each in (*self._ended, *self._watched.values()):
            each.close()

    def _look(self, pid: int) -> None:
        now_s = time.monotonic()
        try:
            self._watched[pid].look(now_s)
        except Unreadable as problem:
            self._drop(pid, problem)
            return
        self._gap_s = max(self._gap_s, now_s - self._looked_s.get(pid, now_s))
        self._looked_s[pid] = now_s
        # no rhythm of the service may fall in with ours
        self._due_s[pid] = now_s + LOOK_S * random.uniform(0.5, 1.5)  # noqa: S311

    def _renew(self, process: Process) -> None:
        """Make sure that a worker is looked at, or that it is known why not."""
        stat = HOST.stat(process.pid)
        if stat is None or stat.start_ticks != process.start_ticks:
            self._drop(process.pid, Unreadable("the process has ended", "V-GONE"))
            return
        try:
            if process.pid not in self._watched:
                self._watched[process.pid] = ProcessWaits(process, self._stacks)
                self._due_s[process.pid] = time.monotonic()
                self._problems.pop(process.pid, None)
            self._watched[process.pid].refresh()
        except Unreadable as problem:
            self._drop(process.pid, problem)

    def _drop(self, pid: int, problem: Unreadable) -> None:
        self._problems[pid] = problem
        self._due_s.pop(pid, None)
        watched = self._watched.pop(pid, None)
        if watched is not None:
            watched.close()
            self._ended.append(watched)

    def _completeness(self) -> str:
        """What could not be seen, in words."""
        if not self._problems:
            return "all workers"
        whose = "; ".join(f"{pid}: {problem.reason}" for pid, problem in sorted(self._problems.items()))
        return f"{len(self._watched)} of {len(self._workers)} workers ({whose})"
