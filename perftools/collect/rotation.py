"""Which workers py-spy samples in a round, how and how often, so that it stays within a budget of CPU time.

A run costs its start and a price per sampling instant that grows with the Python threads of the process; `--gil` runs
look at the holder of the GIL alone and cost the same for any number of threads. Prices are measured run by run, and
each plan is made with the latest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perftools.collect.recorder import Kind

RATES_HZ = (100, 50, 25)
LEAST_HZ = 10
"""For a process of hundreds of threads."""

_START_CPU_S = 0.012  # py-spy 0.4.3 on CPython 3.9 to 3.13: reading maps and ELF symbols
_TICK_CPU_S = 0.00015
_THREAD_CPU_S = 0.00008  # per instant and Python thread, in runs of all stacks
_WANTED: dict[Kind, int] = {"active": 4, "gil": 2}  # a round should see at least one worker in so many
_EVIDENCE_CORES = 0.2  # what a round may cost where the budget would leave it without any run
_MOST_CORES = 0.6  # a single run never gets more than this part of a core

_Run = tuple[int, Kind]


class Worker(NamedTuple):
    """What is known of a worker before it is first sampled."""

    kinds: frozenset[Kind]
    """The kinds of run that say something about it."""
    threads: int
    """Kernel threads: no fewer than Python threads."""


class Turn(NamedTuple):
    """One worker's run in one round."""

    pid: int
    kind: Kind
    rate_hz: int
    cpu_limit_s: float
    """Where the guard ends the run: well above what was expected, so that a wrong guess costs little."""


class Rotation:
    """Takes turns among the workers: first those never seen, then those that used most CPU since they were seen."""

    def __init__(self, workers: Mapping[int, Worker], budget_cores: float) -> None:
        self._workers = dict(workers)
        self._budget_cores = budget_cores
        self._available_s = 0.0
        self._tick_cpu_s: dict[_Run, float] = {}
        self._seen_at_s: dict[_Run, float] = {}

    def plan(self, kind: Kind, duration_s: float, used_s: Mapping[int, float]) -> list[Turn]:
        """The turns of a round; `used_s`: the CPU time that each worker has used so far, of those still alive."""
        self._available_s = max(self._available_s + self._budget_cores * duration_s, 0.0)
        queue = self._queue(kind, used_s)
        rate_hz = self._rate_hz(queue[: math.ceil(len(queue) / _WANTED[kind])], duration_s)
        runs, left_s = [], self._available_s
        for run in queue:
            left_s -= self._price_s([run], rate_hz, duration_s)
            if left_s < 0:  # nobody overtakes: a dear worker would never have its turn
                break
            runs.append(run)
        if not runs:
            runs, rate_hz = self._at_least(queue[:1], duration_s)
        for run in runs:
            self._seen_at_s[run] = used_s[run[0]]
        return [Turn(*run, rate_hz, self._limit_s(run, rate_hz, duration_s)) for run in runs]

    def paid(self, turn: Turn, ticks: int, cpu_s: float) -> None:
        """What a turn did cost."""
        self._available_s -= cpu_s
        if ticks:
            price_s = max(cpu_s - _START_CPU_S, 0.0) / ticks
            before_s = self._tick_cpu_s.get((turn.pid, turn.kind), price_s)
            self._tick_cpu_s[turn.pid, turn.kind] = (before_s + price_s) / 2

    def _rate_hz(self, wanted: list[_Run], duration_s: float) -> int:
        """The highest rate at which these runs can be had."""
        affordable = (rate for rate in RATES_HZ if self._price_s(wanted, rate, duration_s) <= self._available_s)
        return next(affordable, RATES_HZ[-1])

    def _at_least(self, runs: list[_Run], duration_s: float) -> tuple[list[_Run], int]:
        """One run beyond the budget rather than none; of the GIL's holder alone where all stacks are far too dear."""
        gil: list[_Run] = [(pid, "gil") for pid, _ in runs]
        allowed = dict.fromkeys(RATES_HZ[:-1], self._budget_cores) | dict.fromkeys(
            (RATES_HZ[-1], LEAST_HZ), _EVIDENCE_CORES
        )
        for choice in (runs, gil):
            for rate_hz, cores in allowed.items():
                if self._price_s(choice, rate_hz, duration_s) <= cores * duration_s:
                    return choice, rate_hz
        return [], LEAST_HZ

    def _queue(self, kind: Kind, used_s: Mapping[int, float]) -> list[_Run]:
        runs = [(pid, self._possible(pid, kind)) for pid in self._workers if pid in used_s]
        return sorted(runs, key=lambda run: (run in self._seen_at_s, self._seen_at_s.get(run, 0.0) - used_s[run[0]]))

    def _possible(self, pid: int, kind: Kind) -> Kind:
        return kind if kind in self._workers[pid].kinds else "gil"

    def _price_s(self, runs: Iterable[_Run], rate_hz: int, duration_s: float) -> float:
        return sum(_START_CPU_S + self._tick_s(run) * rate_hz * duration_s for run in runs)

    def _tick_s(self, run: _Run) -> float:
        """Its own price as measured, else what its siblings cost, else a guess from its threads."""
        pid, kind = run
        if run in self._tick_cpu_s:
            return self._tick_cpu_s[run]
        if siblings := [price_s for (_, other), price_s in self._tick_cpu_s.items() if other == kind]:
            return max(siblings)
        return _TICK_CPU_S + (_THREAD_CPU_S * self._workers[pid].threads if kind == "active" else 0.0)

    def _limit_s(self, run: _Run, rate_hz: int, duration_s: float) -> float:
        expected_s = self._price_s([run], rate_hz, duration_s)
        return min(max(2 * expected_s, self._budget_cores * duration_s), _MOST_CORES * duration_s)
