"""Stacks of all workers: in each round one py-spy per worker in turn, merged into one record."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable

from perftools.collect import pyspy
from perftools.collect.child import cpu_time_s
from perftools.collect.merge import Merge
from perftools.collect.recorder import Kind
from perftools.collect.rotation import RATES_HZ, Rotation, Turn, Worker
from perftools.record import Cost, Missing, Process, Run, Samples, Target
from perftools.target.proc import HOST

BUDGET_CORES = 0.055
"""What py-spy may use of one core, over the window."""

_BUSY_CORES = 0.02  # a service that uses less is idle, and needs no samples to prove it
_LOST = 0.5  # this part of the instants unread, and no stack at all: not idle, but unread


class SamplesRecorder:
    """Runs py-spy on the workers round by round, within a CPU budget."""

    id = "samples"

    def __init__(self, target: Target, *, budget_cores: float = BUDGET_CORES) -> None:
        self.warnings: list[str] = []
        self._workers = {process.pid: process for process in target.workers}
        self._rotation = Rotation(
            {pid: Worker(_kinds(process), process.threads) for pid, process in self._workers.items()}, budget_cores
        )
        self._path = pyspy.binary()
        self._running: list[tuple[Turn, pyspy.Recording, float]] = []
        self._round = 0
        self._round_ends_s = 0.0
        self._window_start_s: float | None = None
        self._cpu_s = 0.0
        self._sampled_cpu_s = 0.0
        self._words: dict[int, str] = {}
        self._cut_short: Counter[tuple[int, str]] = Counter()
        self._merge = Merge()

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:
        """Start the round's py-spys."""
        now = time.monotonic()
        if self._window_start_s is None:
            self._window_start_s = now
        self._round, self._round_ends_s = number, now + duration_s
        if self._path is None:
            return
        used_s = _cpu_times(self._workers)
        for turn in self._rotation.plan(kind, duration_s, used_s):
            try:
                recording = pyspy.Recording(
                    self._path,
                    turn.pid,
                    rate_hz=turn.rate_hz,
                    duration_s=duration_s,
                    gil=turn.kind == "gil",
                    cpu_limit_s=turn.cpu_limit_s,
                )
            except OSError as error:
                self._words[turn.pid] = f"{self._path}: {error.strerror}"
                return
            self._running.append((turn, recording, used_s[turn.pid]))

    def step(self) -> None:
        """Let the guard look at each run."""
        for _, recording, _ in self._running:
            recording.poll()

    def end_round(self) -> None:
        """Take in what the runs brought; one that should still run is asked to write what it has."""
        early = time.monotonic() < self._round_ends_s - 0.05
        if early:
            for _, recording, _ in self._running:
                recording.stop()
        while self._running:
            turn, recording, used_s = self._running[0]
            outcome = recording.finish()
            self._running.pop(0)
            self._take(turn, outcome)
            self._sampled_cpu_s += _cpu_times([turn.pid]).get(turn.pid, used_s) - used_s

    def result(self) -> Samples | Missing:
        """All rounds up to now."""
        merge = self._merge
        if self._path is None:
            return Missing(
                code="E-TOOL",
                reason="py-spy is not installed beside the Python that runs this tool",
                remedy="python -m pip install --force-reinstall py-spy",
            )
        if not merge.runs:
            return self._failure()
        ticks = sum(run.ticks for run in merge.runs)
        errors = sum(run.errors for run in merge.runs)
        sampled_s = sum(run.duration_s for run in merge.runs)
        if not merge.streams:
            if errors > _LOST * ticks:
                return Missing(code="E-SAMPLES", reason=f"samples lost: {errors} of {ticks} reads of the stacks failed")
            if self._sampled_cpu_s > _BUSY_CORES * sampled_s:
                used = f"{self._sampled_cpu_s:.1f} s of CPU used while sampled"
                return Missing(code="E-SAMPLES", reason=f"samples lost: {used}, and no Python stack seen")
        return Samples(
            cost=Cost(
                method="py-spy record --nonblocking",
                cpu_s=self._cpu_s,
                lost=errors,
                max_gap_ms=1000 * merge.longest_gap_s(),
                complete=self._complete(),
            ),
            rate_hz=ticks / sampled_s if ticks else float(RATES_HZ[0]),
            frames=tuple(merge.frames),
            stacks=tuple(merge.stacks),
            runs=tuple(merge.runs),
            streams=tuple(merge.streams),
        )

    def close(self) -> None:
        """End what still runs."""
        while self._running:
            self._running.pop()[1].close()

    def _take(self, turn: Turn, outcome: pyspy.Outcome) -> None:
        self._cpu_s += outcome.cpu_s
        self._rotation.paid(turn, outcome.ticks, outcome.cpu_s)
        if outcome.stopped in ("cost", "late"):
            self._cut_short[turn.pid, turn.kind] += 1
            if self._cut_short[turn.pid, turn.kind] == 1:
                self.warnings.append(_told(turn, outcome))
        if outcome.recorded is None:
            self._words[turn.pid] = outcome.log or "it left no file"
            return
        run = Run(
            pid=turn.pid,
            round=self._round,
            kind=turn.kind,
            start_s=outcome.start_s - (self._window_start_s or 0.0),
            duration_s=outcome.duration_s,
            ticks=outcome.ticks,
            errors=outcome.errors,
        )
        self._merge.add(run, outcome.recorded, _own_tids(self._workers[turn.pid]))

    def _failure(self) -> Missing:
        """Why not one run brought a file."""
        if not self._words:
            return Missing(code="E-SAMPLES", reason="the window ended before a round did")
        pid, words = next(iter(self._words.items()))
        if HOST.stat(pid) is None:
            return Missing(code="E-GONE", reason=f"process {pid} ended")
        if "ermission" in words or "not permitted" in words:
            return Missing(code="E-PTRACE", reason=f"the kernel does not let py-spy read the memory of process {pid}")
        if "find python version" in words:
            return Missing(code="E-NOTPYTHON", reason=f"process {pid} runs no CPython that py-spy can find")
        if "version" in words:
            return Missing(code="E-VERSION", reason=f"py-spy cannot read this CPython: {words}")
        return Missing(code="E-TOOL", reason=f"py-spy failed on process {pid}: {words}")

    def _complete(self) -> str:
        seen = {run.pid for run in self._merge.runs}
        by_kind = Counter(run.kind for run in self._merge.runs)
        text = f"{len(seen)} of {len(self._workers)} workers, {by_kind['active']} runs of all stacks"
        text += f" and {by_kind['gil']} of GIL holders"
        cut = sum(self._cut_short.values())
        return f"{text}; {cut} ended early by the guard" if cut else text


def _kinds(process: Process) -> frozenset[Kind]:
    """The kinds of run that tell busy threads from idle ones.

    py-spy 0.4.3 learns a thread's kernel id, and so its state, from CPython 3.11 on, and only in our own pid namespace;
    elsewhere it takes idle threads for active, and just the GIL's holder is certain.
    """
    old = process.python is not None and tuple(map(int, process.python.split(".")[:2])) <= (3, 10)
    return frozenset(["gil"]) if old or process.ns_pid != process.pid else frozenset(["active", "gil"])


def _own_tids(process: Process) -> dict[int, int] | None:
    if process.ns_pid == process.pid:
        return None
    try:
        tids = [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]
    except OSError:
        return {}
    inner = {tid: HOST.status(f"{process.pid}/task/{tid}").get("NSpid", "").split() for tid in tids}
    return {int(chain[-1]): tid for tid, chain in inner.items() if chain}


def _cpu_times(pids: Iterable[int]) -> dict[int, float]:
    """CPU seconds of those that live."""
    times = {}
    for pid in pids:
        try:
            times[pid] = cpu_time_s(pid)
        except OSError:
            continue
    return times


def _told(turn: Turn, outcome: pyspy.Outcome) -> str:
    used = f"used {outcome.cpu_s:.2f} s of CPU in {outcome.duration_s:.1f} s"
    why = "fell behind" if outcome.stopped == "late" else used
    return f"py-spy on process {turn.pid} {why} and was ended early; it is sampled less often, or by --gil alone"
