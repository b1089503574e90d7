"""The rules about processes, threads and CPUs on schedules built by hand; measured configurations as data."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.detect import (
    cpu_throttled,
    event_loop_blocked,
    gil_bound,
    noisy_neighbour,
    oversubscribed,
    surplus_workers,
)
from perftools.detect.diagnose import diagnose, settled
from perftools.finding import Finding, Measure, Ok
from perftools.record import Cgroup, Missing, Run, Samples, Stream
from tests.scene import Call, Scene

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11"
THREAD: tuple[Call, ...] = (
    ("Thread._bootstrap", f"{LIB}/threading.py", "1002"),
    ("Thread._bootstrap_inner", f"{LIB}/threading.py", "1045"),
    ("Thread.run", f"{LIB}/threading.py", "982"),
)
POOL: tuple[Call, ...] = (*THREAD, ("_worker", f"{LIB}/concurrent/futures/thread.py", "83"))
TEXT = """
def refresh():
    while True:
        table = build()

def build():
    return {key: hash(key) for key in range(1000)}

def handle(request):
    return sorted(request)
"""
ALARMS = ("oversubscribed", "gil-bound", "cpu-throttled")


def scene(*, sampled: tuple[int, ...] = (1,)) -> Scene:
    """Every process has been seen at work."""
    made = Scene()
    made.file(APP, TEXT)
    for pid in sampled:
        made.sample(200, ("handle", APP, "return sorted"), pid=pid)
    return made


def service(
    workers: int, threads: int, runnable: float, waiting: float, *, cpus: float = 2.0, waiters: float = 0.0,
    **changes: Any,
) -> Scene:  # fmt: skip
    """Equal workers of equal threads: runnable threads (D) and the part of that time spent waiting, of the whole."""
    made = scene(sampled=tuple(range(1, workers + 1)))
    made.cpus = cpus
    for pid in range(1, workers + 1):
        made.worker(
            pid, threads, run=runnable * (1 - waiting) / workers, runnable=runnable / workers, waiters=waiters,
            **changes,
        )  # fmt: skip
    return made


def finding(rule: Any, made: Scene, **changed: float) -> Finding:
    answer = rule.detect(Evidence(made.audit()), {**rule.limits, **changed})
    assert isinstance(answer, list) and isinstance(answer[0], Finding), answer
    return answer[0]


def fine(rule: Any, made: Scene) -> str:
    answer = rule.detect(Evidence(made.audit()))
    assert isinstance(answer, Ok), answer
    return answer.says


def alarms(made: Scene) -> list[str]:
    return [each.rule for each in diagnose(made.audit()).findings if each.severity != "info" and each.rule in ALARMS]


def notes(made: Scene) -> list[str]:
    return [each.rule for each in diagnose(made.audit()).findings if each.severity == "info"]


class Row(NamedTuple):
    """A configuration as it was measured on 2 CPUs: D / C, wait / (run + wait), threads waiting for the GIL."""

    name: str
    workers: int
    threads: int
    crowding: float
    waiting: float
    waiters: float = 0.0
    cpus: float = 2.0
    flagged: str = ""


MEASURED = (
    Row("numpy 2 x 1", 2, 1, 0.99, 0.10),
    Row("numpy 4 x 1", 4, 1, 1.94, 0.52),
    Row("numpy 2 x 2", 2, 2, 1.99, 0.51, flagged="oversubscribed"),
    Row("numpy 16 x 2", 16, 2, 15.9, 0.94, flagged="oversubscribed"),
    Row("numpy 1 x 8", 1, 8, 4.0, 0.75, flagged="oversubscribed"),
    Row("torch 1 x 2", 1, 2, 1.0, 0.03),
    Row("torch 4 x 2", 4, 2, 1.6, 0.40, flagged="oversubscribed"),
    Row("torch 4 x 4", 4, 4, 2.5, 0.61, flagged="oversubscribed"),
    Row("pure Python, 2 workers", 2, 1, 1.0, 0.08),
    Row("pure Python, 5 workers", 5, 1, 2.4, 0.61),
    Row("pure Python, 16 workers", 16, 1, 7.8, 0.88),
    Row("gunicorn, 1 worker of 16 threads", 1, 16, 1.1, 0.56, waiters=7.0, flagged="gil-bound"),
    Row("granian, 1 worker of 16 blocking threads", 1, 16, 0.83, 0.40, waiters=14.0, flagged="gil-bound"),
    Row("granian, 2 x 1", 2, 1, 1.04, 0.06),
    Row("I/O bound, 64 threads", 1, 64, 0.76, 0.68, waiters=5.7),
    Row("60 % waiting, 5 workers (2n + 1)", 5, 1, 1.67, 0.58),
    Row("2 x 1 beside two CPU hogs", 2, 1, 0.97, 0.51),
    Row("torch, quota 0.5: 1 thread", 1, 1, 0.99, 0.50, cpus=0.5),
    Row("torch, quota 0.5: 2 threads", 1, 2, 1.95, 0.74, cpus=0.5, flagged="oversubscribed"),
    Row("torch, quota 1.0: 1 thread", 1, 1, 0.99, 0.0, cpus=1.0),
    Row("torch, quota 1.0: 2 threads", 1, 2, 1.98, 0.49, cpus=1.0, flagged="oversubscribed"),
)


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.name)
def test_every_measured_configuration_is_judged_as_it_was_found_to_be(row: Row) -> None:
    capacity = max(1, round(row.cpus))
    made = service(
        row.workers, row.threads, row.crowding * capacity, row.waiting, cpus=row.cpus, waiters=row.waiters / row.workers
    )
    if row.cpus < 2:  # throttled in every period, which is no flag
        made.cgroup = Cgroup(
            path="/sys/fs/cgroup/cpu/app",
            version=1,
            quota=row.cpus,
            periods=160,
            throttled_periods=158,
            throttled_s=8.0,
        )
    assert alarms(made) == ([row.flagged] if row.flagged else [])


# Controls: what looks alarming and harms nobody.


def test_sleeping_threads_are_no_oversubscription() -> None:
    made = scene()
    made.worker(1, run=0.4, runnable=0.42)
    made.members[1]["threads"] = 65
    assert not alarms(made) and not notes(made)


def test_pools_that_exist_and_are_idle_are_no_oversubscription() -> None:
    made = service(2, 1, 1.9, 0.05, libraries=("openblas", "torch"), variables={"OMP_NUM_THREADS": 64})
    made.members[1]["threads"] = 129
    assert not alarms(made)
    assert "64" not in fine(oversubscribed, made) and "openblas, torch" in fine(oversubscribed, made)


def test_threads_of_python_alone_take_turns_and_are_no_team() -> None:
    made = scene(sampled=(1, 2))
    made.worker(1, 5, run=0.6, runnable=2.4)
    made.worker(2, run=0.9, runnable=1.0)
    assert finding(oversubscribed, made).rule == "oversubscribed"
    for tid in range(100, 105):
        made.sample(20, *POOL, ("handle", APP, "return sorted"), tid=tid)
    assert fine(oversubscribed, made)


def team(*, held: int, blocks: int = 0, python_threads: int = 1) -> Evidence:
    """One caller of a native thread, on 2 CPUs that both use up; at `held` of 200 instants somebody has the GIL."""
    made = Scene()
    made.file(APP, TEXT)
    for tid in range(100, 100 + python_threads):
        made.sample(1600 // python_threads, ("handle", APP, "return sorted"), tid=tid)
        made.task(1, tid, 1.0 / python_threads)
    made.task(1, 900, 0.9, voluntary=blocks)
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    gil = Run(pid=1, round=8, kind="gil", start_s=16.0, duration_s=2.0, ticks=200, errors=0)
    holder = Stream(pid=1, tid=100, thread="", round=8, kind="gil", stacks=(0,) * held)
    seen = replace(samples, runs=(*samples.runs, gil), streams=(*samples.streams, holder))
    return Evidence(replace(audit, observations=replace(audit.observations, samples=seen)))


def test_a_team_that_never_sleeps_while_its_caller_runs_python_is_wasted() -> None:
    answer = oversubscribed.detect(team(held=60))
    assert isinstance(answer, list)
    found = answer[0]
    assert found.severity == "medium"
    assert re.fullmatch(r"1 native thread that never sleeps has nothing to do for \d\d % of the time", found.title)
    assert "2 workers of 1 native thread" in found.todo


@pytest.mark.parametrize("changed", [{"held": 10}, {"held": 60, "blocks": 2000}, {"held": 60, "python_threads": 2}])
def test_a_team_that_works_or_sleeps_or_serves_several_is_fine(changed: dict[str, int]) -> None:
    assert isinstance(oversubscribed.detect(team(**changed)), Ok)


def test_surplus_independent_workers_are_for_information() -> None:
    made = service(16, 1, 15.6, 0.88)
    assert not alarms(made)
    found = finding(surplus_workers, made)
    assert found.severity == "info" and "more than about 3" in found.title
    assert "no loss was measured" in found.why and "do not wait for one another" in fine(oversubscribed, made)


def test_workers_that_mostly_wait_are_not_surplus() -> None:
    assert "about 5" in fine(surplus_workers, service(5, 1, 3.34, 0.58))


def test_a_small_thread_beside_each_surplus_worker_makes_no_team() -> None:
    made = service(16, 1, 15.6, 0.88)
    for pid in range(1, 17):
        made.task(pid, 900 + pid, 0.008, 0.06)
    assert not alarms(made)


def test_an_idle_service_is_judged_by_no_rule() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(5, ("handle", APP, "return sorted"))
    made.worker(1, 64, run=0.004, runnable=0.005)
    for rule in (oversubscribed, gil_bound, surplus_workers, noisy_neighbour, cpu_throttled, event_loop_blocked):
        answer = rule.detect(Evidence(made.audit()))
        assert isinstance(answer, Missing) and answer.code == "E-IDLE", rule.id


# oversubscribed


def test_the_finding_has_its_numbers_and_the_exact_setting() -> None:
    made = service(2, 2, 3.98, 0.51, libraries=("openblas",), variables={"OMP_NUM_THREADS": 4})
    made.commands[9] = ("/opt/venv/bin/python3", "/opt/venv/bin/gunicorn", "scoring:app", "--workers", "2")
    found = finding(oversubscribed, made)
    assert found.severity == "high"
    numbers = {row.label: row.estimate.value for row in found.evidence if isinstance(row, Measure)}
    assert numbers["runnable threads, on average"] == pytest.approx(3.98)
    assert numbers["CPUs in use"] == pytest.approx(1.95, abs=0.01)
    assert numbers["runnable time spent waiting for a CPU"] == pytest.approx(51)
    assert "`OPENBLAS_NUM_THREADS=1 gunicorn --workers 2`" in found.todo
    assert "torch" not in found.todo and "MKL" not in found.todo
    assert "the environment says OMP_NUM_THREADS=4" in found.evidence
    assert found.gain is None and "was not measured here" in found.why


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("python", "-m", "uvicorn", "app:app", "--workers", "4"), "uvicorn --workers 2`"),
        (("gunicorn: master [scoring:app]",), "gunicorn --workers 2`"),
        (("python", "/usr/bin/granian", "app:app"), "granian --workers 2`"),
        (("python", "serve.py"), "Start 2 worker processes, with `"),
    ],
)
def test_the_setting_is_written_for_the_server(command: tuple[str, ...], said: str) -> None:
    made = service(4, 2, 7.8, 0.75, libraries=("mkl", "torch"))
    made.commands[9] = command
    todo = finding(oversubscribed, made).todo
    assert said in todo
    assert "MKL_NUM_THREADS=1 OMP_NUM_THREADS=1" in todo and "`torch.set_num_threads(1)`" in todo
    assert "OPENBLAS" not in todo


def test_where_no_library_is_known_every_variable_is_named() -> None:
    todo = finding(oversubscribed, service(2, 4, 7.8, 0.75)).todo
    assert "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1" in todo
    assert "No BLAS or OpenMP library is known" in todo


def test_where_memory_is_short_the_workers_stay_and_their_threads_fit() -> None:
    made = service(2, 8, 15.8, 0.5, cpus=8.0, libraries=("openblas",), rss_bytes=3 << 30)
    made.around = {"cpus": 8, "usable": 8, "memory_available_bytes": 4 << 30}
    found = finding(oversubscribed, made)
    assert "OPENBLAS_NUM_THREADS=4" in found.todo and "2 workers of 4 native threads" in found.todo
    assert "3.0 GiB would not fit into the 4.0 GiB" in found.todo
    made.around["memory_available_bytes"] = 64 << 30
    assert "8 workers of 1 native thread:" in finding(oversubscribed, made).todo


def test_workers_without_work_are_reported_before_more_are_advised() -> None:
    made = service(1, 8, 8.0, 0.75, libraries=("openblas",))
    made.worker(2, run=0.001, runnable=0.001)
    found = finding(oversubscribed, made)
    assert "only 1 of 2 workers had work" in found.evidence
    assert found.todo.startswith("Before adding workers, see why only 1 of 2 had work")


def test_hundreds_of_threads_that_get_little_each_are_busy_all_the_same() -> None:
    found = finding(oversubscribed, service(16, 16, 250.0, 0.992, libraries=("openblas",)))
    assert found.severity == "high" and found.title.startswith("256 busy threads in 16 processes fight for 2 CPUs")


def test_it_works_without_the_right_to_look_for_the_gil() -> None:
    made = service(2, 2, 3.98, 0.51, waiters=0.0)
    made.unlooked = Missing(code="V-NORIGHT", reason="no right to read pid 1")
    assert finding(oversubscribed, made).severity == "high"
    answer = gil_bound.detect(Evidence(made.audit()))
    assert isinstance(answer, Missing) and answer.code == "V-NORIGHT"
    assert answer.reason == "waiting for the GIL not checked, because no right to read pid 1"
    assert "was not checked: no right" in finding(oversubscribed, made).why


def test_threads_that_wait_for_the_gil_are_not_reported_twice() -> None:
    made = service(1, 16, 2.2, 0.56, cpus=1.0, waiters=7.0)
    assert [each.rule for each in diagnose(made.audit()).findings] == ["gil-bound"]


def test_limits_can_be_overridden() -> None:
    made = service(2, 2, 3.98, 0.51)
    answer = oversubscribed.detect(Evidence(made.audit()), {**oversubscribed.limits, "crowding": 2.5})
    assert isinstance(answer, Ok)
    assert finding(oversubscribed, made, high=3.0).severity == "medium"


# gil-bound


def test_gil_bound_threads_ask_for_another_process() -> None:
    made = service(1, 16, 2.2, 0.56, waiters=7.0)
    made.commands[9] = ("gunicorn: master [scoring:app]",)
    found = finding(gil_bound, made)
    assert found.severity == "medium" and found.title.startswith("7 threads wait for the GIL of its process")
    assert "`gunicorn --workers 2 --threads 1`" in found.todo
    assert "up to 2.1 times as much" in found.why and "not measured here" in found.why


def test_where_all_cpus_are_used_another_process_is_not_advised() -> None:
    found = finding(gil_bound, service(2, 8, 3.0, 0.35, waiters=3.0))
    assert found.severity == "info" and found.todo.startswith("Little for throughput")


def test_another_process_is_advised_only_where_it_could_gain_much() -> None:
    assert finding(gil_bound, service(2, 6, 1.65, 0.1, waiters=1.2)).severity == "info"  # 1.5 of 2 CPUs in use
    assert finding(gil_bound, service(2, 6, 1.65, 0.1, waiters=1.2, cpus=4)).severity == "medium"


def test_a_worker_that_has_all_the_work_is_said_before_more_are_advised() -> None:
    made = service(1, 16, 2.2, 0.56, waiters=7.0)
    made.worker(2, run=0.0, runnable=0.001)
    assert finding(gil_bound, made).todo.startswith("First let all workers have work: 1 of 2 had any")


@pytest.mark.parametrize(("idle", "is_said"), [(1, False), (4, True)])
def test_a_first_process_that_leads_the_others_is_not_one_of_them(idle: int, is_said: bool) -> None:
    made = scene(sampled=(2, 3))
    for pid in (2, 3):
        made.worker(pid, 2, run=1.0, runnable=2.0)
    made.worker(idle, run=0.001, runnable=0.001)
    assert ("only 2 of 3 had work" in finding(oversubscribed, made).todo) is is_said


def test_a_background_thread_that_holds_the_gil_is_named_with_its_line() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(600, *THREAD, ("refresh", APP, "table = build"), ("build", APP, "return {key"), tid=1000)
    made.sample(200, *POOL, ("handle", APP, "return sorted"), tid=1001)
    made.worker(1, 4, run=0.98, runnable=1.2, waiters=2.0)
    found = finding(gil_bound, made)
    assert found.severity == "medium" and found.where is not None and found.entry is not None
    assert (found.where.function, found.where.line, found.entry.function) == ("build", 6, "refresh")
    assert found.todo.startswith("Move refresh() out of the process")


def test_beside_an_event_loop_a_background_thread_keeps_but_one_waiting_and_not_always() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(600, *THREAD, ("refresh", APP, "table = build"), ("build", APP, "return {key"), tid=1000)
    made.sample(200, ("handle", APP, "return sorted"), tid=1001)
    made.worker(1, 2, run=0.92, runnable=1.2, waiters=0.75)
    assert finding(gil_bound, made).todo.startswith("Move refresh() out of the process")
    made.tasks.clear()
    made.worker(1, 2, run=0.92, runnable=1.2, waiters=0.3)
    assert fine(gil_bound, made).startswith("0.3 threads")


def test_a_pool_of_request_threads_is_no_background_thread() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(600, *POOL, ("handle", APP, "return sorted"), tid=1000)
    made.worker(1, 4, run=0.98, runnable=1.2, waiters=2.0)
    assert finding(gil_bound, made).where is None


def test_few_waiters_or_little_cpu_are_fine() -> None:
    assert fine(gil_bound, service(1, 8, 1.1, 0.1, waiters=0.6)).startswith("0.6 threads")
    assert fine(gil_bound, service(1, 64, 1.52, 0.68, waiters=5.7)).startswith("5.8 threads")


def test_a_worker_that_was_not_looked_at_is_named_beside_the_finding() -> None:
    made = service(1, 16, 2.0, 0.56, waiters=7.0)
    made.sample(100, ("handle", APP, "return sorted"), pid=2)
    made.worker(2, run=0.5, runnable=0.6, waiters=None)
    answer = gil_bound.detect(Evidence(made.audit()))
    assert isinstance(answer, list) and [type(each) for each in answer] == [Finding, Missing]
    assert answer[1].reason.endswith("pid 2") and settled(made.audit())


def test_a_crowd_that_others_leave_little_cpu_is_not_called_fine() -> None:
    made = service(1, 6, 3.6, 0.88, waiters=3.9)
    made.around = {"busy_s": 16 * 2.0}
    for rule in (gil_bound, oversubscribed):
        answer = rule.detect(Evidence(made.audit()))
        assert isinstance(answer, Missing) and "other programs use 1.6 of 2 CPUs" in answer.reason
    made.around = {}
    assert isinstance(gil_bound.detect(Evidence(made.audit())), Ok)


# noisy-neighbour


def test_other_load_is_a_note_where_the_service_waits_for_it() -> None:
    made = service(2, 1, 1.94, 0.51)
    made.around = {"busy_s": 16 * 1.95}
    found = finding(noisy_neighbour, made)
    assert found.severity == "info" and found.title.startswith("other programs use 1 of 2 CPUs")
    assert not alarms(made)


def test_other_load_beside_which_nobody_waits_is_fine() -> None:
    made = service(1, 1, 0.8, 0.03)
    made.around = {"busy_s": 16 * 1.6}
    assert fine(noisy_neighbour, made).endswith("the service waits for 3 % of its runnable time")


def test_a_crowd_of_its_own_is_no_neighbour() -> None:
    made = service(2, 2, 3.98, 0.75)
    made.around = {"busy_s": 16 * 2.0}
    assert isinstance(noisy_neighbour.detect(Evidence(made.audit())), Ok)


def test_what_the_hypervisor_takes_is_a_neighbour_too() -> None:
    made = service(2, 1, 1.94, 0.4)
    made.around = {"stolen_s": 16 * 0.6}
    assert finding(noisy_neighbour, made).title.startswith("the hypervisor gives away 0.6 of 2 CPUs")


# cpu-throttled


def throttled(workers: int, runnable: float, quota: float, used: float, *, periods: int = 158) -> Scene:
    made = service(workers, 1, runnable, 1 - used / runnable, cpus=quota)
    made.cgroup = Cgroup(
        path="/sys/fs/cgroup/app", version=2, quota=quota, periods=160, throttled_periods=periods, throttled_s=8.0
    )
    made.around = {"cpus": 8, "usable": 8}
    return made


def test_a_quota_that_is_used_up_is_information_where_the_threads_fit() -> None:
    found = finding(cpu_throttled, throttled(1, 0.99, 0.5, 0.5))
    assert found.severity == "info" and "quota of 0.5 CPUs is used up" in found.title
    assert "--cpus=1`" in found.todo


def test_workers_beyond_the_quota_are_surplus_and_no_alarm() -> None:
    made = throttled(4, 3.9, 1.0, 0.99)
    assert not alarms(made) and set(notes(made)) == {"surplus-workers", "cpu-throttled"}
    assert "--cpus=4" in finding(cpu_throttled, made).todo


def test_many_waiting_workers_that_want_twice_the_quota_are_an_alarm() -> None:
    assert finding(cpu_throttled, throttled(14, 4.2, 2.0, 1.95)).severity == "medium"


def test_throttling_of_a_quota_that_is_not_used_up_is_fine() -> None:
    assert "of which 0.4 were used" in fine(cpu_throttled, throttled(1, 0.6, 1.0, 0.4))
    assert "in 2 % of the periods" in fine(cpu_throttled, throttled(1, 1.4, 1.0, 0.99, periods=3))
    assert fine(cpu_throttled, service(2, 1, 1.9, 0.0)) == "no CPU quota"


def test_threads_that_fight_for_the_quota_are_reported_once() -> None:
    made = service(1, 2, 1.95, 0.74, cpus=0.5)
    made.cgroup = throttled(1, 1, 0.5, 0.5).cgroup
    assert fine(cpu_throttled, made).endswith("by threads that fight for it (oversubscribed)")
    assert any("quota of 0.5 CPUs" in row.label for row in finding(oversubscribed, made).evidence
               if isinstance(row, Measure))  # fmt: skip


def test_without_a_record_each_rule_says_that_it_was_not_checked() -> None:
    made = scene()
    made.sched = Missing(code="E-SCHEDSTAT", reason="this kernel does not count")
    for rule in (oversubscribed, gil_bound, surplus_workers, noisy_neighbour, cpu_throttled):
        answer = rule.detect(Evidence(made.audit()))
        assert isinstance(answer, Missing)
        assert answer.reason == "scheduling not checked, because this kernel does not count"
    assert settled(made.audit()), "a longer window would not show it either"


def test_the_verdict_speaks_of_the_service_and_then_of_its_lines() -> None:
    made = service(2, 2, 3.98, 0.51, libraries=("openblas",))
    verdict = diagnose(made.audit()).verdict
    assert verdict[0].text.startswith("4 busy threads in 2 processes fight for 2 CPUs") and verdict[0].finding == 1
