"""Memory in both reports: the row of the resources, a section where there is something to say, all for a program."""

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
from perftools.record import Memory, MemoryReading, Missing
from perftools.report import document, terminal
from perftools.report.memory_summary import held, total
from tests import build
from tests.test_report_use import grid

MIB = 1 << 20
REFUSED = Missing(code="V-NORIGHT", reason="the page tables of pid 4713 may not be read", remedy="run it as root")


def report(
    memory: Memory | Missing, diagnosis: Diagnosis | None = None, *, width: int = 100, unicode: bool = True
) -> str:
    audit = build.audit(observations=build.observations(memory=memory, sched=build.calm()))
    return terminal.render(audit, diagnosis or build.healthy(), width=width, colour=False, unicode=unicode)


def section(memory: Memory | Missing, diagnosis: Diagnosis | None = None, **how: Any) -> str:
    _, _, rest = report(memory, diagnosis, **how).partition("\nMEMORY")
    return rest.partition("\n\n")[0]


def row(memory: Memory, diagnosis: Diagnosis | None = None) -> list[list[str]]:
    rows = grid(build.calm(), diagnosis, memory=memory)
    return next(lines for name, lines in rows.items() if name.startswith("memory"))


def unwalked(memory: Memory, pid: int = 4713) -> Memory:
    readings = tuple(
        replace(each, pss_bytes=None, private_bytes=None, shared_bytes=None) if each.pid == pid else each
        for each in memory.readings
    )
    return replace(memory, readings=readings, unwalked=REFUSED)


def test_shared_pages_are_counted_once_where_that_is_known() -> None:
    assert row(build.memory()) == [["1.3 GiB in 2 processes", "12 GiB of 16 GiB available", "–"]]
    assert "counted in each" not in report(build.memory())
    assert row(unwalked(build.memory()))[0][0] == "1.9 GiB in 2 processes"
    assert "Memory that processes share is counted in each." in " ".join(report(unwalked(build.memory())).split())


def test_limit_swap_and_kills_stand_in_the_row() -> None:
    swapped = tuple(replace(each, swap_bytes=100 * MIB) for each in build.memory().readings)
    memory = build.memory(limit_bytes=2 << 30, used_bytes=1503238554, limit_source="max", oom_kills=2, readings=swapped)
    assert row(memory) == [
        ["1.3 GiB in 2 processes", "200 MiB swapped out", "2 OOM kills"],
        ["70 % of the limit of 2 GiB", "12 GiB of 16 GiB available", ""],
    ]
    assert row(replace(memory, used_bytes=None))[1][0] == "the limit of 2 GiB"


@pytest.mark.parametrize("rule", ["memory-growth", "fork-memory", "allocation-churn"])
def test_findings_about_memory_are_named_in_the_row_and_open_the_section(rule: str) -> None:
    diagnosis = build.diagnosis(findings=(build.finding(), build.finding(rule=rule, where=None)))
    assert any(name == "memory [2]" for name in grid(build.calm(), diagnosis, memory=build.memory()))
    assert section(build.memory(), diagnosis).startswith(" [2]\n")


def test_where_all_is_well_there_is_no_section() -> None:
    assert section(build.memory()) == ""
    assert section(REFUSED) == ""
    assert section(build.memory(readings=())) == ""


@pytest.mark.parametrize(
    "changes", [{"oom_kills": 1}, {"limit_bytes": 1 << 30, "used_bytes": 900 * MIB}, {"first": 30.0}], ids=str
)
def test_where_something_is_to_be_said_there_is_one(changes: dict[str, Any]) -> None:
    assert section(build.memory(**changes))


def test_each_process_has_its_memory_and_its_growth_that_which_grows_first() -> None:
    said = section(build.memory(0.0, 31.0)).splitlines()
    assert said[1].split() == ["pid", "RSS", "private", "shared", "growth,", "MiB/min"]
    assert re.fullmatch(r" +4713 +1 GiB +390 MiB +600 MiB +\+31 \(31–31\)", said[2])
    assert re.fullmatch(r" +4712 +1 GiB +380 MiB +600 MiB +none \(< 0.1\)", said[3])
    assert "Private: mapped by that process alone." in said[4]


def test_what_is_not_known_is_not_invented() -> None:
    said = " ".join(section(unwalked(build.memory(first=30))).split())
    assert "4713 1 GiB n/a n/a none" in said
    assert "n/a: the page tables of pid 4713 may not be read; run it as root." in said
    few = build.memory(oom_kills=1)
    assert section(replace(few, readings=few.readings[-20:])).count("n/a") == 2, "growth"


def test_a_process_that_had_ended_is_in_no_sum() -> None:
    memory = build.memory()
    gone = MemoryReading(pid=1, at_s=3.0, rss_bytes=MIB, anonymous_bytes=0, shmem_bytes=0, swap_bytes=0)
    found = held(replace(memory, readings=(gone, *memory.readings)))
    assert [each.last.pid for each in found] == [4712, 4713]
    assert total(found).bytes == 2 * 680 * MIB


@pytest.mark.parametrize("width", [40, 59, 60, 80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_many_processes_fit(width: int, unicode: bool) -> None:
    memory = build.memory(first=30, oom_kills=3)
    many = tuple(replace(each, pid=4_100_000 + at % 40) for at, each in enumerate(memory.readings[-80:]))
    said = section(replace(memory, readings=many), width=width, unicode=unicode)
    assert max(map(cell_len, said.splitlines())) <= width
    assert "and 24 more, RSS" in said
    assert said.isascii() or unicode


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(0, 1 << 60), step=st.integers(-(1 << 50), 1 << 50), width=st.integers(40, 100),
    reason=st.text(st.sampled_from("a[/]\x1b\r\n\u202e行🙂 ") | st.characters(), max_size=40),
)  # fmt: skip
def test_strange_numbers_and_words_break_nothing(size: int, step: int, width: int, reason: str) -> None:
    readings = tuple(
        MemoryReading(
            pid=at % 2, at_s=at / 5, rss_bytes=size, anonymous_bytes=max(size + step * at, 0), shmem_bytes=0,
            swap_bytes=size,
        )
        for at in range(100)
    )  # fmt: skip
    memory = build.memory(
        readings=readings, limit_bytes=size or 1, used_bytes=size, unwalked=replace(REFUSED, reason=reason)
    )
    said = report(memory, width=width)
    assert "\x1b" not in said and "\u202e" not in said
    assert max(map(cell_len, said.splitlines())) <= width


def test_programs_get_each_process_and_its_growth() -> None:
    audit = build.audit(observations=build.observations(memory=build.memory(first=30, limit_bytes=2 << 30)))
    seen = json.loads(document.render(audit, build.healthy()))["observations"]
    first = next(each for each in seen["memory"]["processes"] if each["pid"] == 4712)
    assert first["growth"]["value"] == pytest.approx(30, rel=0.01) and first["growth"]["unit"] == "MiB/min"
    assert first["pss_bytes"] >= 680 * MIB and seen["memory"]["limit_bytes"] == 2 << 30
    assert "memory" in [observer["id"] for observer in seen["observers"]]
    absent = json.loads(document.render(build.audit(), build.diagnosis()))["observations"]
    assert absent["memory"]["code"] == "E-ABSENT"
