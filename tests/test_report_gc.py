"""Garbage collection in both reports: its numbers, what a tired reader sees of them, all events for a program."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from perftools.finding import Diagnosis
from perftools.record import Audit, Gc, Missing
from perftools.report import document, terminal
from perftools.report.gc_summary import percentile, rows, workers
from tests import build

MISSING = Missing(code="V-NORIGHT", reason="the memory of pid 4712 cannot be read")


def audited(gc: Gc | Missing, **changes: Any) -> Audit:
    return build.audit(observations=build.observations(gc=gc), **changes)


def report(gc: Gc | Missing, diagnosis: Diagnosis | None = None, *, width: int = 100, unicode: bool = True) -> str:
    return terminal.render(
        audited(gc), diagnosis or build.healthy(), width=width, colour=False, unicode=unicode, next_commands=()
    )


def section(gc: Gc | Missing, diagnosis: Diagnosis | None = None, **how: Any) -> str:
    """The collector's section alone."""
    _, _, rest = report(gc, diagnosis, **how).partition("GARBAGE COLLECTION")
    return rest.partition("\nok ")[0]


def test_rows_are_counted_by_the_counters_and_timed_by_the_pauses() -> None:
    gc = build.gc(
        (build.pause(1, 2.0), build.pause(2, 4.0, pid=4713), build.pause(3, 100.0, 2), build.pause(4, 7.0, None)),
        collectors=(build.collector(4712, (30, 2, 1)), build.collector(4713, (10, 0, 0))),
    )
    young, middle, full, unknown = rows(gc)
    assert (young.collections, young.per_s, young.collected) == (40, 1.0, 800)
    assert (young.worst_ms, young.p50_ms, young.of_wall) == (4.0, 2.0, pytest.approx(0.006 / 40))
    assert (middle.collections, middle.worst_ms, middle.of_wall) == (2, None, 0.0)
    assert (full.collections, full.p99_ms) == (1, 100.0)
    assert (unknown.generation, unknown.collections, unknown.worst_ms, unknown.collected) == (None, 1, 7.0, None)


def test_the_worker_with_the_longest_pause_comes_first() -> None:
    gc = build.gc((build.pause(1, 5.0), build.pause(2, 5.0), build.pause(3, 8.0, pid=4713)))
    assert [(worker.collector.pid, worker.worst_ms) for worker in workers(gc)] == [(4713, 8.0), (4712, 5.0)]
    assert [worker.of_wall for worker in workers(gc)] == pytest.approx([0.0004, 0.0005])


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_values_that_were_measured(values: list[float]) -> None:
    ordered = sorted(values)
    assert percentile(ordered, 0.5) in ordered
    assert percentile(ordered, 0.5) <= percentile(ordered, 0.99) <= ordered[-1]
    assert percentile(ordered, 1.0) == ordered[-1]


def test_long_pauses_are_drawn_over_the_window_and_counted_by_generation() -> None:
    said = section(build.long_pauses())
    assert "longest pause 212 ms; pid 4712, the most affected, stood still for 5.1 % of the window" in said
    (strip,) = re.findall(r"^ +4712  (\S+)  212 ms +5.1 %$", said, re.MULTILINE)
    assert len(strip) == 50
    tall = [cell * 0.4 for cell, height in enumerate(strip) if height in "▇█"]
    assert tall == pytest.approx([1.2, 5.2, 9.6, 13.6])
    assert strip.count("█") >= 1
    assert re.search(r"^ +4713  \S*▃\S*  +60 ms +2.0 %$", said, re.MULTILINE)
    assert "0           5            10           15          20 s" in said
    assert "█ 212 ms, ▁ up to 26 ms, · no pause\n" in said
    assert re.search(r"^ +0 +800 +20 +0.4 ms +0.3 ms +0.4 ms +0.7 % +16 000$", said, re.MULTILINE)
    assert re.search(r"^ +2, full +7 +0.17 +212 ms +189 ms +212 ms +2.5 % +140$", said, re.MULTILINE)


def test_on_a_narrow_page_a_generation_is_a_sentence() -> None:
    said = " ".join(section(build.long_pauses(), width=60).split())
    assert (
        "generation 2, full: 7 collections, 0.17 per s, worst 212 ms, p50 189 ms, p99 212 ms, 2.5 % of wall time, "
        "140 objects freed" in said
    )


def test_the_longest_is_placed_and_what_of_it_was_no_collecting_is_said() -> None:
    said = " ".join(section(build.long_pauses()).split())
    assert (
        "Longest 212 ms (31 ms of it waiting for a CPU) at 9.7 s in pid 4712, generation 2, "
        "set off at scoring/store.py:41 Store.rotate()" in said
    )
    assert "waiting for a CPU" not in section(build.gc((build.pause(3, 212.0, 2, waited_ms=2.0),)))


def test_settings_are_one_line_unless_workers_differ() -> None:
    said = section(build.long_pauses())
    assert "Settings  enabled; thresholds 700, 10, 10; nothing frozen\n" in said
    one = build.collector(4712, (1, 0, 0), enabled=False, frozen=1000)
    mixed = section(build.gc((build.pause(1, 50.0),), collectors=(one, build.collector(4713, frozen=12))))
    assert "pid 4712: disabled; thresholds 700, 10, 10; 1 000 objects or more frozen\n" in mixed
    assert "pid 4713: enabled; thresholds 700, 10, 10; 12 objects frozen\n" in mixed


def test_how_it_was_watched_says_what_was_not_seen() -> None:
    assert "by a hardware watchpoint (few collections a second): all collections seen" in section(build.short_pauses())
    polled = build.collector(
        4712, (900, 0, 0), method="poll", because="perf_event_open is not permitted", unseen=300, max_gap_ms=3.1
    )
    said = " ".join(section(build.gc((build.pause(1, 50.0),), collectors=(polled,))).split())
    assert (
        "Watched by polling (perf_event_open is not permitted): 600 of 900 collections seen, the others shorter than "
        "3.1 ms, cost 0.8 % of a core" in said
    )
    ring = replace(polled, method="ring", because="CPython 3.15")
    assert "shorter" not in section(build.gc((build.pause(1, 50.0),), collectors=(ring,)))


def test_workers_that_were_not_watched_are_named() -> None:
    said = section(replace(build.short_pauses(), unwatched={4714: MISSING, 4715: MISSING}))
    assert "not watched: pid 4714, 4715: the memory of pid 4712 cannot be read" in said


def test_a_healthy_collector_takes_two_lines() -> None:
    lines = section(build.short_pauses()).strip().splitlines()
    assert lines[0] == "longest pause 0.4 ms, 0.4 % of wall time in the most affected worker; 400 collections"
    assert lines[1].strip().startswith("watched by a hardware watchpoint")
    assert len(lines) <= 3
    assert "▁" not in section(build.short_pauses())


def test_a_collector_that_is_off_is_said_to_be_so() -> None:
    off = section(build.gc(collectors=(build.collector(enabled=False),)))
    assert "no collection in the window: disabled; thresholds 700, 10, 10" in off


@pytest.mark.parametrize("rule", ["gc-pause", "explicit-gc-collect"])
def test_a_finding_opens_the_section_and_lends_it_its_number(rule: str) -> None:
    diagnosis = build.diagnosis(findings=(build.finding(), build.finding(rule=rule)))
    said = section(build.short_pauses(), diagnosis)
    assert said.startswith(" [2]\n")
    assert "▁" in said


def test_many_short_pauses_are_no_healthy_collector() -> None:
    gc = build.gc(tuple(build.pause(0.02 * n, 2.0) for n in range(1000)))
    assert "stood still for 10 % of the window" in section(gc)


def test_a_pause_of_unknown_generation_is_not_counted_twice() -> None:
    said = " ".join(section(build.gc((build.pause(1, 50.0, None), build.pause(2, 30.0, 1)))).split())
    assert "unknown (1) 50 ms 50 ms 50 ms 0.1 %" in said
    assert "Unknown: counted in the rows above" in said


def test_workers_beyond_the_first_few_are_summed_up() -> None:
    pids = range(5000, 5020)
    gc = build.gc(
        tuple(build.pause(1, 20.0 + pid - 5000, 2, pid) for pid in pids),
        collectors=tuple(build.collector(pid, (0, 0, 1)) for pid in pids),
    )
    said = section(gc)
    assert len(re.findall(r"^ +50\d\d  ", said, re.MULTILINE)) == 6
    assert "and 14 more, worst 33 ms" in said


def test_what_is_missing_has_no_section_of_its_own() -> None:
    assert "GARBAGE" not in report(MISSING)


@pytest.mark.parametrize("width", [40, 60, 79, 80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_it_fits_any_page(width: int, unicode: bool) -> None:
    said = report(build.long_pauses(), build.diagnosis(), width=width, unicode=unicode)
    assert max(map(cell_len, said.splitlines())) <= width
    assert "…" not in section(build.long_pauses(), width=width)
    if unicode:
        assert re.search(r"^ +4712  [▁▂▃▄▅▆▇█·]+  212 ms", said, re.MULTILINE)
    else:
        assert said.isascii()
        assert re.search(r"^ +4712  [1-8.]+  212 ms", said, re.MULTILINE)
        assert "8 212 ms, 1 up to 26 ms, . no pause" in " ".join(said.split())


spans = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).map(sorted)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(0, 1e12), st.sampled_from([0, 2, 9, None])), max_size=8),
    spans,
    st.floats(-1, 1e9),
    st.text(max_size=20),
    st.sampled_from([(), (1, 2, 3)]),
)
def test_no_audit_breaks_the_report(pauses, span, window_s, text, runs) -> None:  # type: ignore[no-untyped-def]
    collector = build.collector(4712, (1, 2, 3), start_s=span[0], end_s=span[1], because=text, unseen=len(text))
    if not runs:
        collector = replace(collector, generations=())
    gc = build.gc(tuple(build.pause(*pause) for pause in pauses), collectors=(collector,))
    audit = audited(gc, quality=build.quality(window_s=window_s))
    said = terminal.render(audit, build.healthy(), width=60, colour=False, next_commands=())
    assert "GARBAGE COLLECTION" in said
    assert max(map(cell_len, said.splitlines())) <= 60
    assert len(json.loads(document.render(audit, build.healthy()))["observations"]["gc"]["pauses"]) == len(pauses)


def test_the_document_has_every_event() -> None:
    gc = build.long_pauses()
    observed = json.loads(document.render(audited(gc), build.healthy()))["observations"]
    pauses = observed["gc"]["pauses"]
    assert len(pauses) == len(gc.pauses) == 887
    longest = max(pauses, key=lambda pause: pause["duration_ms"])
    assert {key: longest[key] for key in ("start_s", "duration_ms", "generation", "thread_id", "pid")} == {
        "start_s": pytest.approx(9.7), "duration_ms": 212.0, "generation": 2, "thread_id": 4712, "pid": 4712,
    }  # fmt: skip
    assert (longest["waited_ms"], longest["cpu_ms"]) == (31.0, 180.5)
    assert longest["where"] == {"file": build.STORE, "line": 41, "function": "Store.rotate", "end_line": None}
    assert [collector["pid"] for collector in observed["gc"]["collectors"]] == [4712, 4713]
    assert observed["gc"]["collectors"][0]["generations"][2]["collections"] == 4
    assert "gc" in [observer["id"] for observer in observed["observers"]]


def test_a_stack_without_a_line_of_the_users_has_no_place() -> None:
    gc = replace(build.long_pauses(), frames=(("dump", build.FRAME, 1),) * 3)
    pauses = json.loads(document.render(audited(gc), build.healthy()))["observations"]["gc"]["pauses"]
    assert {pause["where"] for pause in pauses} == {None}
    assert "set off" not in section(gc)


def test_the_document_says_why_nothing_was_watched() -> None:
    observed = json.loads(document.render(audited(MISSING), build.healthy()))["observations"]
    assert observed["gc"]["reason"] == "the memory of pid 4712 cannot be read"
    assert "gc" not in [observer["id"] for observer in observed["observers"]]
