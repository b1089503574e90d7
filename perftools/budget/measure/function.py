"""Metrics of a function: CPU time, wall time and peak memory, by rounds in a fresh process; instructions; what grew."""

from __future__ import annotations

import math
from typing import Final, Literal

from perftools.budget.measure import profile
from perftools.budget.measure.benchmark import Benchmark, Worked
from perftools.budget.measure.instructions import instructions
from perftools.budget.model import Budget, Metric

METRICS: Final[frozenset[Metric]] = frozenset({"cpu_time", "wall_time", "peak_memory", "instructions"})

_COUNTED_S: Final = 0.05
"""CPU time of the calls whose instructions are counted: what varies between two starts of Python is 0.1 % of that."""
_PROFILED_S: Final = 0.1


class FunctionMeter:
    """Measures one metric of one benchmark."""

    def __init__(self, benchmark: Benchmark, budget: Budget) -> None:
        self._benchmark = benchmark
        self._metric = budget.metric
        self._trial: Worked | None = None
        self._tried_base = False

    def sample(self, name: Literal["base", "head"], number: int) -> tuple[float, ...]:
        """The values of one fresh process. Raises Unmeasurable."""
        trial = self._head_trial()
        side = self._benchmark.side(name)
        if self._metric == "instructions":
            if name == "base" and not self._tried_base:
                self._benchmark.work(side, number, loops=1)  # says what is wrong, sooner
                self._tried_base = True
            return (instructions(self._benchmark, side, self._calls(trial, _COUNTED_S)),)
        worked = self._benchmark.work(side, number, loops=trial.loops)
        if self._metric == "peak_memory":
            return (float(worked.max_rss_bytes),)
        return worked.rounds_cpu_s if self._metric == "cpu_time" else worked.rounds_wall_s

    def grew(self) -> tuple[str, ...]:
        """The functions whose self time grew. Raises Unmeasurable."""
        return profile.grew(self._benchmark, self._calls(self._head_trial(), _PROFILED_S))

    def _head_trial(self) -> Worked:
        """Says how many calls make a round; all processes of both sides do as many."""
        if self._trial is None:
            self._trial = self._benchmark.work(self._benchmark.side("head"), 0)
        return self._trial

    def _calls(self, trial: Worked, seconds: float) -> int:
        """How many calls take about so long; a power of two, so that two runs of the check do the same."""
        call_s = max(1e-9, *trial.rounds_wall_s)
        return 1 << max(0, math.ceil(math.log2(seconds / call_s)))
