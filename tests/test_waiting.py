from __future__ import annotations

import pytest
from msgspec.structs import replace

from perftools.causes.evidence import Evidence
from perftools.causes.timetable import process_loads, time_table
from perftools.causes.waiting import Load, load_by_process, service_load, total
from perftools.finding import TimeTable
from perftools.record import Missing, RoundTime, Sched, Threads, ThreadTime
from tests import build

MISSING = Missing(code="E-ABSENT", reason="was not recorded")
LOOKED = build.sched(
    build.thread_sched(4712, 0.5, 0.25, 0.3), build.thread_sched(4732, 0.25, 0.25, 0.2),
    build.thread_sched(4713, 0.5, 0.0, pid=4713),
)  # fmt: skip


def blind(sched: Sched, *pids: int) -> Sched:
    threads = (replace(each, looks=0, gil_waits=0) if each.pid in pids else each for each in sched.threads)
    return replace(sched, threads=tuple(threads))


def test_means_are_seconds_of_the_span_and_waiters_at_the_looks_at_their_process() -> None:
    loads = load_by_process(LOOKED)
    assert loads[4712] == pytest.approx(Load(0.75, 0.5, 0.5))
    assert loads[4713] == pytest.approx(Load(0.5, 0.0, 0.0))
    assert total(loads.values()) == pytest.approx(Load(1.25, 0.5, 0.5))
    assert total(loads.values()).runnable == pytest.approx(1.75)


def test_the_clock_of_a_process_counts_threads_too_short_lived_to_be_seen() -> None:
    born = replace(LOOKED, processes=(build.process_sched(4712, cpu_s=18.0), build.process_sched(4713, cpu_s=1.0)))
    assert [load.running for load in load_by_process(born).values()] == pytest.approx([0.9, 0.5])


def test_what_was_not_looked_at_is_not_nobody() -> None:
    loads = load_by_process(blind(LOOKED, 4712))
    assert (loads[4712].gil_waiting, loads[4713].gil_waiting) == (None, 0.0)
    assert total(load_by_process(blind(LOOKED, 4712, 4713)).values()).gil_waiting is None


def test_a_process_whose_threads_never_ran_waited_for_nothing() -> None:
    still = replace(LOOKED, threads=())
    assert load_by_process(still)[4713] == Load(0.0, 0.0, 0.0)
    assert load_by_process(replace(still, gil=MISSING))[4713].gil_waiting is None


def test_without_it_the_rounds_tell_who_waited_for_a_cpu() -> None:
    times = tuple(ThreadTime(pid=4712, tid=4712 + at, name="", round=at, run_s=1.0, wait_s=0.5 + at) for at in range(2))
    rounds = tuple(
        RoundTime(pid=pid, round=at, start_s=2.0 * at, duration_s=2.0, cpu_s=1.0)
        for pid in (4712, 4713)
        for at in range(2)
    )
    threads = Threads(cost=build.cost(), rounds=rounds, times=times)
    assert service_load(MISSING, threads) == pytest.approx(Load(1.0, 0.5, None))
    assert service_load(MISSING, MISSING) is None
    assert service_load(MISSING, build.observations().threads) is None
    assert service_load(LOOKED, threads) == total(load_by_process(LOOKED).values())


def test_the_time_table_and_the_workers_have_their_waits() -> None:
    evidence = Evidence(build.audit(observations=build.observations(sched=LOOKED)))
    table = time_table(evidence)
    assert isinstance(table, TimeTable)
    assert (table.cpu_waiting, table.gil_waiting) == pytest.approx((0.5, 0.5))
    assert [(each.cpu_waiting, each.gil_waiting) for each in process_loads(evidence)] == [(0.5, 0.5), (0.0, 0.0)]
    none = time_table(Evidence(build.audit()))
    assert isinstance(none, TimeTable)
    assert (none.cpu_waiting, none.gil_waiting) == (None, None)
