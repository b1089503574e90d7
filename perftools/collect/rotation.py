"""Which workers py-spy samples in a round, how and how often, so that it stays within a budget of CPU time.

A run costs its start and a price per sampling instant that grows with the threads of the process; `--gil` runs look at
the holder of the GIL alone and cost the same for any number of threads. Prices are measured run by run, and each plan
is made with the latest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perftools.collect.recorder import Kind

RATES_HZ = (100, 50, 25)

_START_CPU_S = 0.012  # py-spy 0.4.3 on CPython 3.9 to 3.13: reading maps and ELF symbols
_TICK_CPU_S: dict[Kind, float] = {"active": 0.0005, "gil": 0.00014}  # first guess: a process of four threads
_WANTED: dict[Kind, int] = {"active": 4, "gil": 2}  # a round should see at least one worker in so many
_CORE_LIMIT = 0.6  # a single run never gets more than this part of a core


class Turn(NamedTuple):
    """One worker's run in one round."""

    pid: int
    kind: Kind
    rate_hz: int
    expected_cpu_s: float
    cpu_limit_s: float
    """Where the guard ends the run: well above what was expected, so that a wrong guess costs little."""


class Rotation:
    """Takes turns among the workers: first those never seen, then those that used most CPU since they were seen."""

    def __init__(self, workers: Mapping[int, frozenset[Kind]], budget_cores: float) -> None:
        """`workers`: pid to the kinds of run that say something about it."""
        self._kinds = dict(workers)
        self._budget_cores = budget_cores
        self._available_s = 0.0
        self._tick_cpu_s: dict[tuple[int, Kind], float] = {}
        self._seen_at_s: dict[tuple[int, Kind], float] = {}

    def plan(self, kind: Kind, duration_s: float, used_s: Mapping[int, float]) -> list[Turn]:
        """The turns of a round; `used_s` is the CPU time that each worker has used so far, of those still alive."""
        share_s = self._budget_cores * duration_s
        self._available_s = max(self._available_s + share_s, 0.0)
        turns = self._afford(kind, duration_s, used_s)
        if not turns and kind == "active":  # too dear as yet: save up for it, but do not look away meanwhile
            turns = self._afford("gil", duration_s, used_s)[:1]
        return turns

    def paid(self, turn: Turn, ticks: int, cpu_s: float) -> None:
        """What a turn did cost."""
        self._available_s -= cpu_s
        if ticks:
            price = max(cpu_s - _START_CPU_S, 0.0) / ticks
            before = self._tick_cpu_s.get((turn.pid, turn.kind), price)
            self._tick_cpu_s[turn.pid, turn.kind] = (before + price) / 2

    def forget(self, pid: int) -> None:
        """Give it no more turns."""
        self._kinds.pop(pid, None)

    def _afford(self, kind: Kind, duration_s: float, used_s: Mapping[int, float]) -> list[Turn]:
        queue = sorted(
            ((pid, self._kind(pid, kind)) for pid in self._kinds if pid in used_s),
            key=lambda entry: (entry in self._seen_at_s, self._seen_at_s.get(entry, 0.0) - used_s[entry[0]]),
        )
        wanted = queue[: math.ceil(len(queue) / _WANTED[kind])]
        rate_hz = next(
            (rate for rate in RATES_HZ if self._price_s(wanted, rate, duration_s) <= self._available_s), RATES_HZ[-1]
        )
        turns: list[Turn] = []
        left_s = self._available_s
        for pid, own_kind in queue:
            expected_s = self._price_s([(pid, own_kind)], rate_hz, duration_s)
            if expected_s > left_s:  # nobody overtakes: a dear worker would never have its turn
                break
            left_s -= expected_s
            limit_s = min(max(2 * expected_s, self._budget_cores * duration_s), _CORE_LIMIT * duration_s)
            turns.append(Turn(pid, own_kind, rate_hz, expected_s, limit_s))
            self._seen_at_s[pid, own_kind] = used_s[pid]
        return turns

    def _kind(self, pid: int, kind: Kind) -> Kind:
        return kind if kind in self._kinds[pid] else next(iter(self._kinds[pid]))

    def _price_s(self, runs: Iterable[tuple[int, Kind]], rate_hz: int, duration_s: float) -> float:
        prices = (self._tick_cpu_s.get(run, _TICK_CPU_S[run[1]]) for run in runs)
        return sum(_START_CPU_S + price * rate_hz * duration_s for price in prices)
