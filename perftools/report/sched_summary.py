"""Scheduling in numbers that are read: who held the GIL how long, which threads were busy. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from perftools.record import Audit, Missing, Samples, Sched, ThreadSched

BUSY = 0.05
"""Part of the span spent running or waiting from which a thread is busy."""


class BusyThread(NamedTuple):
    """One thread; its times as parts of the span."""

    pid: int
    name: str
    running: float
    cpu_waiting: float
    gil_waiting: float | None
    """None where it was not looked at."""


def gil_held(samples: Samples | Missing) -> Mapping[int, float]:
    """For what part of the time some thread of a process held its GIL, by pid: of those with gil rounds."""
    if isinstance(samples, Missing):
        return {}
    ticks: Counter[int] = Counter()
    held: Counter[int] = Counter()
    for run in samples.runs:
        if run.kind == "gil":
            ticks[run.pid] += run.ticks
    for stream in samples.streams:
        if stream.kind == "gil":
            held[stream.pid] += len(stream.stacks)
    return {pid: min(held[pid] / taken, 1.0) for pid, taken in ticks.items() if taken > 0}


def busy_threads(audit: Audit) -> list[BusyThread]:
    """Most CPU first; by their Python names, where samples tell them."""
    sched, samples = audit.observations.sched, audit.observations.samples
    if isinstance(sched, Missing):
        return []
    names = {} if isinstance(samples, Missing) else {(each.pid, each.tid): each.thread for each in samples.streams}
    looks = {process.pid: process.looks for process in sched.processes}
    found = [
        _thread(each, names.get((each.pid, each.tid)) or each.name, sched, looks.get(each.pid, 0))
        for each in sched.threads
    ]
    busy = [each for each in found if each.running + each.cpu_waiting + (each.gil_waiting or 0.0) >= BUSY]
    return sorted(busy, key=lambda each: (-each.running, -each.cpu_waiting, -(each.gil_waiting or 0.0), each.pid))


def _thread(thread: ThreadSched, name: str, sched: Sched, looks: int) -> BusyThread:
    span_s = sched.span_s or 1.0
    return BusyThread(
        pid=thread.pid,
        name=name,
        running=thread.run_s / span_s,
        cpu_waiting=thread.wait_s / span_s,
        gil_waiting=thread.gil_waits / looks if thread.looks and looks else None,
    )
