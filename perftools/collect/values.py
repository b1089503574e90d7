"""Types and sizes of what the hot lines work on: the workers' frames, walked from outside at each step."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from perftools.collect.recorder import Kind
from perftools.collect.sightings import Sightings, Spot
from perftools.collect.walker import Walker
from perftools.record import Cost, Missing, Process, Target, Values
from perftools.remote.memory import Unreadable
from perftools.source import Watch
from perftools.target.proc import HOST

BUDGET_CORES = 0.03
"""What we use of a core; a step that would go beyond it is left out."""
_BURST_S = 0.05
REMEDIES = {"V-NORIGHT": "run it as root, or as the service's user with the right to trace it"}


class ValuesRecorder:
    """Walks one worker a step, in turn. What it may look at is set by `watch`; before that it does nothing."""

    id = "values"

    def __init__(self, target: Target, budget_cores: float = BUDGET_CORES) -> None:
        self._workers = target.workers
        self._budget_cores = budget_cores
        self._watches: dict[str, list[Watch]] = {}
        self._walkers: dict[int, Walker] = {}
        self._problems: dict[int, Unreadable] = {}
        self._sightings: dict[Spot, Sightings] = {}
        self._turn = 0
        self._cpu_s = 0.0
        self._allowed_s = _BURST_S
        self._stepped_s: float | None = None
        self._walked_s: float | None = None
        self._gap_s = 0.0
        self._skipped = 0
        self._steps = 0
        self._ended = [0, 0]
        """Walks, and failed ones, of workers that can no longer be read."""

    def watch(self, watches: Sequence[Watch]) -> None:
        """Where to look from now on; what was seen elsewhere is kept."""
        by_file: dict[str, list[Watch]] = defaultdict(list)
        for watch in watches:
            by_file[watch.file].append(watch)
        self._watches = dict(by_file)

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:  # noqa: ARG002 (the interface)
        """Look anew at what may have changed, and try again those workers that could not be read."""
        started_s = time.thread_time()
        if self._watches:
            for process in self._workers:
                self._renew(process)
        self._stepped_s = self._walked_s = None
        self._cpu_s += time.thread_time() - started_s

    def step(self) -> None:
        """Walk the next worker, where the budget allows it."""
        if not self._watches or not self._walkers:
            return
        now_s, started_s = time.monotonic(), time.thread_time()
        if self._stepped_s is not None:
            self._allowed_s = min(self._allowed_s + (now_s - self._stepped_s) * self._budget_cores, _BURST_S)
        self._stepped_s = now_s
        self._steps += 1
        if self._allowed_s <= 0:
            self._skipped += 1
            return
        if self._walked_s is not None:
            self._gap_s = max(self._gap_s, now_s - self._walked_s)
        self._walked_s = now_s
        self._turn += 1
        pid = list(self._walkers)[self._turn % len(self._walkers)]
        try:
            self._walkers[pid].walk(self._watches, self._sightings)
        except Unreadable as problem:
            self._drop(pid, problem)
        used_s = time.thread_time() - started_s
        self._allowed_s -= used_s
        self._cpu_s += used_s

    def end_round(self) -> None:
        """Nothing is kept open."""

    def result(self) -> Values | Missing:
        """All that was seen up to now; Missing where no worker could be read, or nothing was hot enough to look at."""
        walks, failed = self._ended
        walks += sum(walker.walks for walker in self._walkers.values())
        failed += sum(walker.failed for walker in self._walkers.values())
        if not walks and self._problems:
            problem = next(iter(self._problems.values()))
            return Missing(code=problem.code or "V-BUILD", reason=problem.reason, remedy=REMEDIES.get(problem.code))
        if not walks:
            return Missing(code="V-NOTHING", reason="no line was hot enough to look at its values")
        return Values(
            cost=Cost(
                method="frames and objects read by process_vm_readv",
                cpu_s=self._cpu_s,
                lost=self._skipped,
                max_gap_ms=1000 * self._gap_s,
                complete=self._completeness(),
            ),
            walks=walks,
            failed=failed,
            sites=tuple(sightings.site(spot) for spot, sightings in self._sightings.items()),
        )

    def close(self) -> None:
        """Nothing is held open."""

    def _renew(self, process: Process) -> None:
        """Make sure that a worker is read, or that it is known why not."""
        stat = HOST.stat(process.pid)
        if stat is None or stat.start_ticks != process.start_ticks:
            self._drop(process.pid, Unreadable("the process has ended", "V-GONE"))
            return
        try:
            if process.pid not in self._walkers:
                self._walkers[process.pid] = Walker(process)
                self._problems.pop(process.pid, None)
            self._walkers[process.pid].refresh()
        except Unreadable as problem:
            self._drop(process.pid, problem)

    def _drop(self, pid: int, problem: Unreadable) -> None:
        self._problems[pid] = problem
        walker = self._walkers.pop(pid, None)
        if walker is not None:
            self._ended = [self._ended[0] + walker.walks, self._ended[1] + walker.failed]

    def _completeness(self) -> str:
        """What could not be seen, in words."""
        parts = ["all workers"]
        if self._problems:
            whose = "; ".join(f"{pid}: {problem.reason}" for pid, problem in sorted(self._problems.items()))
            parts = [f"{len(self._walkers)} of {len(self._workers)} workers ({whose})"]
        if self._skipped:
            budget = f"{100 * self._budget_cores:g} % of a core"
            parts.append(f"{self._skipped} of {self._steps} steps left out to stay within {budget}")
        return ", ".join(parts)
