"""How many threads run, wait for a CPU and wait for the GIL, on average over the span: of a process and the service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perftools.record import Missing, ProcessSched, Sched, Threads, ThreadSched


class Load(NamedTuple):
    """Mean numbers of threads; in other words, thread-seconds in one second."""

    running: float
    """On a CPU."""
    cpu_waiting: float
    """Runnable, without one."""
    gil_waiting: float | None
    """None where it was not looked at."""

    @property
    def runnable(self) -> float:
        return self.running + self.cpu_waiting


def load_by_process(sched: Sched) -> Mapping[int, Load]:
    """The load of each process, by pid."""
    threads: dict[int, list[ThreadSched]] = defaultdict(list)
    for thread in sched.threads:
        threads[thread.pid].append(thread)
    return {each.pid: _load(each, threads[each.pid], sched) for each in sched.processes}


def total(loads: Iterable[Load]) -> Load:
    """Of several processes together: of those that were looked at for the GIL, if there are any."""
    loads = list(loads)
    gil = [each.gil_waiting for each in loads if each.gil_waiting is not None]
    return Load(
        running=sum(each.running for each in loads),
        cpu_waiting=sum(each.cpu_waiting for each in loads),
        gil_waiting=sum(gil) if gil else None,
    )


def service_load(sched: Sched | Missing, threads: Threads | Missing) -> Load | None:
    """The whole service's; from the rounds' counters, without the GIL, where `sched` was not recorded."""
    if not isinstance(sched, Missing):
        return total(load_by_process(sched).values())
    if isinstance(threads, Missing):
        return None
    span_s = sum({each.round: each.duration_s for each in threads.rounds}.values())
    if span_s <= 0:
        return None
    waited_s = sum(each.wait_s for each in threads.times)
    return Load(sum(each.cpu_s for each in threads.rounds) / span_s, waited_s / span_s, None)


def _load(process: ProcessSched, threads: list[ThreadSched], sched: Sched) -> Load:
    span_s = sched.span_s or 1.0
    # The process's clock also has threads that were too short-lived to be seen one by one.
    run_s = max(process.cpu_s, sum(each.run_s for each in threads))
    # Threads that never ran are left out: a process of none had nothing to wait for.
    looked = process.looks > 0 and (any(each.looks for each in threads) if threads else sched.gil is None)
    return Load(
        running=run_s / span_s,
        cpu_waiting=sum(each.wait_s for each in threads) / span_s,
        gil_waiting=sum(each.gil_waits for each in threads) / process.looks if looked else None,
    )
