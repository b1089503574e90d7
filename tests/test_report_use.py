"""Scheduling in both reports: the resources, who waits for what, the busy threads."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from perftools.finding import Diagnosis, ProcessLoad
from perftools.record import Cpus, Missing, Run, Samples, Sched, Stream
from perftools.report import document, terminal
from perftools.report.sched_summary import busy_threads, gil_held
from tests import build

MISSING = Missing(code="V-NORIGHT", reason="the memory of pid 4712 cannot be read", remedy="run it as root")


def gil_samples(**held: int) -> Samples:
    """Of 200 instants each: at how many p4712 and p4713 held their GIL."""
    samples = build.samples()
    counts = {int(name[1:]): stacks for name, stacks in held.items()}
    runs = (
        Run(pid=pid, round=1, kind="gil", start_s=2.0, duration_s=2.0, ticks=200, errors=0) for pid in counts
    )  # fmt: skip
    streams = (
        Stream(pid=pid, tid=pid, thread="MainThread", round=1, kind="gil", stacks=(0,) * taken)
        for pid, taken in counts.items()
    )
    return replace(samples, runs=(*samples.runs, *runs), streams=(*samples.streams, *streams))


def report(
    sched: Sched | Missing, diagnosis: Diagnosis | None = None, *, width: int = 100, unicode: bool = True,
    target: Any = None, **seen: Any,
) -> str:  # fmt: skip
    audit = build.audit(observations=build.observations(sched=sched, **seen), target=target or build.target())
    return terminal.render(audit, diagnosis or build.healthy(), width=width, colour=False, unicode=unicode)


def section(title: str, *args: Any, **how: Any) -> str:
    _, _, rest = report(*args, **how).partition(f"\n{title}")
    return rest.partition("\n\n")[0]


def words(title: str, *args: Any, **how: Any) -> str:
    return " ".join(section(title, *args, **how).split())


def grid(*args: Any, **how: Any) -> dict[str, list[list[str]]]:
    """The cells of the table by resource, one list for each of its lines."""
    found: dict[str, list[list[str]]] = {}
    lines = section("RESOURCES", *args, **how).splitlines()
    edges = [lines[1].index(head) for head in ("resource", "used", "saturation", "errors")]
    for line in lines[2:]:
        if line.startswith("    Saturation:"):
            break
        cells = [
            line[start:end].strip() for start, end in zip(edges, [*edges[1:], None], strict=True)
        ]  # fmt: skip
        if cells[0]:
            found[cells[0]] = []
        found[next(reversed(found))].append(cells[1:])
    return found


def test_a_healthy_service_takes_six_rows() -> None:
    rows = grid(build.calm(), samples=gil_samples(p4712=62))
    assert rows == {
        "CPU": [
            ["0.58 of 2 CPUs (29 %)", "0.01 threads wait for a CPU", "–"],
            ["limit: CPU quota", "1.2 % of 0.59 runnable threads", ""],
        ],
        "GIL": [["held 31 % of the time", "0.01 threads wait for it", "–"]],
        "memory": [["1.9 GiB in 2 processes", "12 GiB of 16 GiB available", "–"]],
        "cgroup": [["no CPU quota", "–", "–"]],
    }


def test_a_crowded_one_says_how_much_waits_and_for_what() -> None:
    rows = grid(build.crowded(), samples=gil_samples(p4712=162, p4713=120))
    assert [line[0] for line in rows["CPU"]] == [
        "1.9 of 2 CPUs (97 %)", "limit: CPU quota", "others use 0.36 CPUs", "hypervisor takes 0.10 CPUs",
    ]  # fmt: skip
    assert [line[1] for line in rows["CPU"][:2]] == ["3.2 threads wait for a CPU", "63 % of 5.2 runnable threads"]
    assert [line[:2] for line in rows["GIL"]] == [
        ["held 81 % of the time", "0.60 threads wait for it"],
        ["in pid 4712; mean of 2: 70 %", "in pid 4712; 0.68 in all"],
    ]
    assert [line[:2] for line in rows["cgroup"]] == [
        ["quota of 2 CPUs", "throttled in 14 % of 200 periods"],
        ["", "3.1 s, summed over CPUs"],
    ]


def test_what_is_not_known_is_not_called_fine() -> None:
    blind = replace(
        build.crowded(), gil=MISSING, cgroup=None,
        threads=tuple(replace(each, looks=0, gil_waits=0) for each in build.crowded().threads),
    )  # fmt: skip
    rows = grid(blind)
    assert rows["GIL"] == [["not sampled", "n/a, see below", "–"]]
    assert rows["cgroup"] == [["quota of 2 CPUs", "throttling not known", "–"]]
    assert "GIL: waiting not looked at: the memory of pid 4712 cannot be read; run it as root" in report(blind)
    assert "GIL wait" not in report(blind)
    assert "RESOURCES" not in report(MISSING)


def test_errors_are_workers_not_seen_and_stacks_lost() -> None:
    half = tuple(replace(each, looks=0, gil_waits=0) if each.pid == 4713 else each for each in build.calm().threads)
    lost = build.samples(cost=build.cost(lost=200))
    rows = grid(replace(build.calm(), threads=half), samples=lost)
    assert rows["GIL"][0][2] == "1 worker not seen"
    assert rows["CPU"][0][2] == "4.2 % of stacks lost"
    assert grid(build.calm(), samples=MISSING)["CPU"][0][2] == "no stacks"


def test_rows_have_the_numbers_of_the_findings_that_explain_them() -> None:
    findings = tuple(build.finding(rule=rule) for rule in ("oversubscribed", "gil-bound", "cpu-throttled"))
    rows = grid(build.crowded(), build.diagnosis(findings=findings))
    assert list(rows) == ["CPU [1]", "GIL [2]", "memory", "cgroup [3]"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/sys/fs/cgroup/kubepods.slice/cpu.max", "CPU quota"),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "CPU quota"),
        ("/proc/4712/status Cpus_allowed_list", "CPU affinity"),
        ("CPUs online", "CPUs online"),
    ],
)
def test_the_limit_is_said_in_words(source: str, said: str) -> None:
    target = build.target(cpus=Cpus(effective=2.0, source=source))
    assert grid(build.calm(), target=target)["CPU"][1][0] == f"limit: {said}"


def test_on_a_narrow_page_a_resource_is_a_paragraph() -> None:
    said = words("RESOURCES", build.crowded(), width=60)
    assert "CPU used: 1.9 of 2 CPUs (97 %), limit: CPU quota, others use 0.36 CPUs" in said
    assert "saturation: 3.2 threads wait for a CPU, 63 % of 5.2 runnable threads GIL" in said
    assert "errors" not in said


def test_errors_that_are_none_give_way_where_the_grid_is_too_wide() -> None:
    at_80 = section("RESOURCES", build.crowded(), width=80)
    assert re.search(r"^    CPU       1.9 of 2 CPUs \(97 %\)  +3.2 threads wait for a CPU$", at_80, re.MULTILINE)
    assert re.search(r"  errors$", section("RESOURCES", build.calm(), width=80), re.MULTILINE)
    lost = build.samples(cost=build.cost(lost=200))
    assert "errors: 4.2 % of stacks lost" in section("RESOURCES", build.crowded(), width=80, samples=lost)


def test_the_summary_says_who_waits_beside_the_time_that_is_shown() -> None:
    waiting = build.diagnosis(time=build.time_table(cpu_waiting=3.24, gil_waiting=0.68))
    assert (
        "not seen\n    on average 3.2 threads wait for a CPU and 0.68 for the GIL: seconds of waiting per second\n"
    ) in report(build.crowded(), waiting)
    calm = build.diagnosis(time=build.time_table(cpu_waiting=0.01, gil_waiting=0.02))
    assert "threads hardly wait for a CPU or the GIL (0.03 of them on average)" in report(build.calm(), calm)
    free = build.diagnosis(time=build.time_table(cpu_waiting=0.33, gil_waiting=0.001))
    assert "on average 0.33 threads wait for a CPU and none for the GIL" in report(build.calm(), free)
    blind = build.diagnosis(time=build.time_table(cpu_waiting=3.24))
    assert "on average 3.2 threads wait for a CPU: seconds" in report(build.crowded(), blind)
    assert "threads" not in section("WHERE THE TIME GOES", MISSING, build.diagnosis())


def test_workers_have_columns_for_waits_worth_one() -> None:
    first, second = build.diagnosis().processes
    waiting = build.diagnosis(processes=(replace(first, cpu_waiting=1.6, gil_waiting=0.01), second))
    said = section("WORKERS", MISSING, waiting)
    assert re.search(r"^    4712 +99 % +1.6 +2 400 ", said, re.MULTILINE)
    assert re.search(r"^    4713 +97 % +n/a +2 217 ", said, re.MULTILINE)
    assert "GIL wait" not in said
    assert "wait" not in section("WORKERS", MISSING, build.diagnosis())


def test_threads_are_listed_where_a_process_has_several_busy_ones() -> None:
    named = replace(
        build.samples(),
        streams=(
            *build.samples().streams,
            Stream(pid=4712, tid=4732, thread="pool_0", round=0, kind="active", stacks=(0,)),
        ),
    )
    said = section("THREADS", build.crowded(), samples=named)
    rows = [line.split() for line in said.splitlines()[2:]]
    assert len(rows) == 8
    assert rows[0] == ["4713", "25", "%", "41", "%", "2", "%", "MainThread"]
    assert ["4712", "24", "%", "40", "%", "15", "%", "pool_0"] in rows
    assert "THREADS" not in report(build.calm())


def test_of_one_process_the_pid_is_said_once_and_only_the_busiest_are_shown() -> None:
    many = build.sched(*(build.thread_sched(4712 + at, 0.01, 0.02, 0.9) for at in range(64)))
    said = section("THREADS", many)
    assert said.startswith(
        " of pid 4712, shares of the window; GIL wait by 200 looks\n    on CPU  CPU wait  GIL wait  thread\n"
    )
    assert "and 56 more busy threads: on average 0.56 run, 1.1 wait for a CPU, 50 for the GIL" in said
    narrow = section("THREADS", many, width=40)
    assert "gunicorn\n      on CPU 1 %, CPU wait 2 %,\n      GIL wait 90 %\n" in narrow


def test_a_thread_is_busy_that_only_waits() -> None:
    threads = (build.thread_sched(1, 0.0, 0.0, 0.9), build.thread_sched(2, 0.04, 0.005), build.thread_sched(3, 0.2))
    found = busy_threads(build.audit(observations=build.observations(sched=build.sched(*threads))))
    assert [(each.running, each.gil_waiting) for each in found] == [(0.2, 0.0), (0.0, 0.9)]


def test_the_gil_is_held_for_the_instants_that_found_a_holder() -> None:
    assert gil_held(gil_samples(p4712=162, p4713=0)) == {4712: 0.81, 4713: 0.0}
    assert gil_held(build.samples()) == gil_held(MISSING) == {}


def crowd(workers: int) -> tuple[Sched, Diagnosis]:
    pids = range(4_100_000, 4_100_000 + workers)
    sched = build.sched(
        *(build.thread_sched(8 * pid + at, 0.01, 0.2, 0.4, pid=pid) for pid in pids for at in range(4)),
        processes=tuple(build.process_sched(pid) for pid in pids),
    )
    loads = (
        ProcessLoad(pid=pid, cpu_percent=4.0, samples=9, top=build.where(), cpu_waiting=0.8, gil_waiting=1.6)
        for pid in pids
    )
    return sched, build.diagnosis(
        processes=tuple(loads), time=build.time_table(cpu_waiting=0.8 * workers, gil_waiting=1.6 * workers)
    )


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_two_hundred_workers_fit(width: int, unicode: bool) -> None:
    sched, diagnosis = crowd(200)
    said = report(sched, diagnosis, width=width, unicode=unicode)
    assert max(map(cell_len, said.splitlines())) <= width
    assert len(said.splitlines()) < 200
    assert "160 threads wait" in " ".join(said.split())
    assert said.isascii() or unicode


hostile = st.text(st.sampled_from("a[/]\x1b\x07\r\n\u202e\ud800行🙂%:. ") | st.characters(), max_size=40)


@settings(max_examples=40, deadline=None)
@given(
    name=hostile, width=st.integers(40, 100), span_s=st.floats(0, 1e9), seconds=st.floats(0, 1e9),
    size=st.integers(-(2**62), 2**62),
)  # fmt: skip
def test_strange_names_and_numbers_break_nothing(
    name: str, width: int, span_s: float, seconds: float, size: int
) -> None:
    sched = build.sched(
        *(build.thread_sched(tid, 0.5, 0.5, 0.5, name=name, wait_s=seconds) for tid in range(3)),
        span_s=span_s, processes=(build.process_sched(rss_bytes=size), build.process_sched(4712, rss_bytes=1)),
    )  # fmt: skip
    target = build.target(cpus=Cpus(effective=0.0, source=name))
    said = report(replace(sched, gil=replace(MISSING, reason=name)), width=width, target=target)
    assert "\x1b" not in said and "\u202e" not in said
    assert max(map(cell_len, said.splitlines())) <= width


def test_programs_get_all_of_it() -> None:
    audit = build.audit(observations=build.observations(sched=build.crowded()))
    waiting = build.diagnosis(time=build.time_table(cpu_waiting=3.24, gil_waiting=0.68))
    seen = json.loads(document.render(audit, waiting))["observations"]
    assert (seen["time"]["cpu_waiting"], seen["time"]["gil_waiting"]) == (3.24, 0.68)
    assert (seen["sched"]["type"], len(seen["sched"]["threads"])) == ("sched", 8)
    assert seen["sched"]["cgroup"]["throttled_s"] == 3.1
    assert [observer["id"] for observer in seen["observers"]] == ["samples", "threads", "values", "sched"]
    absent = json.loads(document.render(build.audit(), build.diagnosis()))["observations"]
    assert absent["sched"]["code"] == "E-ABSENT"
