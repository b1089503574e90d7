"""Collections are no time of the lines that they began in."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.detect import list_hot_path
from perftools.detect.diagnose import diagnose, settled
from perftools.finding import COLLECTING, Diagnosis, TimeLine, TimeTable
from perftools.hot import COLLECTING as FRAME
from perftools.record import Audit, Missing, Pause, Run, Samples, Stream
from tests.scene import FLOAT, Call, Scene, list_of

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11/site-packages"
SERVER = ("run", f"{LIB}/uvicorn/main.py", "7")
TEXT = """
def build(rows):
    out = []
    for x in rows:
        y = x * 2.0
        out.append((x * 1.5, y))
    return out

def handle(request):
    return build(request.rows)

def render(text):
    return text.title()
"""
BUILD: tuple[Call, ...] = (SERVER, ("handle", APP, "return build"), ("build", APP, "out.append"))
RENDER: tuple[Call, ...] = (SERVER, ("render", APP, "text.title"))


def scene(line: int = 1000, rest: int = 0) -> Scene:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(line, *BUILD)
    made.sample(rest, *RENDER)
    made.saw(APP, "out.append", "build", rows=(list_of(FLOAT), 500))
    return made


def share_of(made: Scene | Audit) -> float | None:
    """The list finding's share of the CPU."""
    audit = made.audit() if isinstance(made, Scene) else made
    answer = list_hot_path.detect(Evidence(audit))
    shares = [each.share.value for each in answer if each.share] if isinstance(answer, list) else []  # type: ignore[union-attr]
    return shares[0] if shares else None


def rows(diagnosis: Diagnosis) -> list[TimeLine]:
    assert isinstance(diagnosis.time, TimeTable)
    return list(diagnosis.time.lines)


def test_the_list_finding_keeps_what_the_collector_did_not_take() -> None:
    made = scene()
    assert share_of(made) == 1
    made.pause(100, 70, *BUILD)  # 7 of the line's 10 s
    assert share_of(made) == pytest.approx(0.3, abs=0.002)
    diagnosis = diagnose(made.audit())
    first, second = diagnosis.findings
    assert (first.rule, second.rule) == ("gc-pause", "list-hot-path")
    assert first.where is not None and (first.where.line, first.where.function) == (5, "build")


def test_a_list_finding_vanishes_that_was_the_collectors() -> None:
    made = scene(line=300, rest=700)
    assert share_of(made) == pytest.approx(0.3)
    made.pause(95, 30, *BUILD)
    assert share_of(made) is None
    assert [finding.rule for finding in diagnose(made.audit()).findings] == ["gc-pause"]


def test_the_time_table_has_a_row_for_it_and_still_adds_up() -> None:
    made = scene()
    made.cpu_s = {(1, 1): 10.0, (1, 2): 2.0}
    made.pause(100, 70, *BUILD)
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    gil = Run(pid=1, round=8, kind="gil", start_s=16.0, duration_s=2.0, ticks=200, errors=0)
    held = Stream(pid=1, tid=1, thread="", round=8, kind="gil", stacks=(0,) * 100)
    samples = replace(samples, runs=(*samples.runs, gil), streams=(*samples.streams, held))
    diagnosis = diagnose(replace(audit, observations=replace(audit.observations, samples=samples)))
    collecting, own = rows(diagnosis)
    assert (collecting.does, collecting.where.line, own.where.line) == (COLLECTING, 5, 5)
    assert (collecting.share.value, own.share.value) == pytest.approx((0.7, 0.3), abs=0.002)
    assert (collecting.running, collecting.native) == pytest.approx((0.7, 0.0), abs=0.002)  # it holds the GIL
    assert (own.running, own.native) == pytest.approx((0.2, 0.1), abs=0.002)
    time = diagnosis.time
    assert isinstance(time, TimeTable) and time.running is not None and time.native is not None
    assert time.running + time.native + time.unseen == pytest.approx(1)
    assert [(row.where.function, row.does) for row in time.functions] == [("build", COLLECTING), ("build", "")]
    assert diagnosis.processes[0].top == own.where


def test_it_is_taken_where_the_looks_found_it_and_by_as_much() -> None:
    made = scene(line=500, rest=500)
    made.pause(10, 100, *BUILD)
    made.pause(30, 100, *RENDER)
    profile = Evidence(made.audit()).profile
    assert profile is not None
    taken = {
        stack[-2].name: weight
        for stack, weight in zip(profile.stacks, profile.weight, strict=True)
        if stack[-1] == FRAME
    }
    assert taken == {"build": pytest.approx(1.0), "render": pytest.approx(3.0)}
    assert profile.total == pytest.approx(10.0) and sum(profile.count) == 1000


def test_it_is_spread_evenly_and_always_in_the_same_way() -> None:
    made = scene(line=800)
    made.pause(20, 100, *BUILD)
    first, second = (Evidence(made.audit()).profile for _ in range(2))
    assert first is not None and first == second
    collecting = [index for index, stack in enumerate(first.stacks) if stack[-1] == FRAME]
    assert {sum(stack in collecting for stack in strand.stacks) for strand in first.strands} == {25}


def test_a_neighbouring_line_gives_what_its_own_samples_do_not_hold() -> None:
    made = scene(line=500)
    made.pause(20, 100, *BUILD[:2], ("build", APP, "for x in rows"))  # the sampler named the next line
    assert share_of(made) == pytest.approx(0.6)


def test_never_more_than_there_is() -> None:
    made = scene(line=100, rest=900)
    made.pause(100, 100, *BUILD)
    profile = Evidence(made.audit()).profile
    assert profile is not None and profile.total == pytest.approx(10.0)
    assert share_of(made) is None
    (row,) = [row for row in rows(diagnose(made.audit())) if row.does == COLLECTING]
    assert row.share.value == pytest.approx(0.1)


@pytest.mark.parametrize(("waited", "cpu", "left"), [(0.0, None, 0.5), (60.0, None, 0.8), (None, 20.0, 0.9)])
def test_the_collectors_cpu_counts_not_its_wall_time(waited: float | None, cpu: float | None, left: float) -> None:
    made = scene()
    made.pause(50, 100, *BUILD, waited_ms=waited, cpu_ms=cpu)
    assert share_of(made) == pytest.approx(left)


def test_nothing_is_taken_from_processes_whose_collector_was_not_watched() -> None:
    made = scene()
    made.sample(1000, *BUILD, pid=2)
    made.unwatched = {2: Missing(code="V-NORIGHT", reason="no right")}
    made.pause(50, 100, *BUILD)
    assert share_of(made) == pytest.approx(0.75)
    made.gc = Missing(code="V-NORIGHT", reason="no right")
    assert share_of(made) == 1


def test_pauses_that_no_look_met_are_taken_from_no_line() -> None:
    made = scene()
    made.pause(50, 100, *BUILD, looks=0)
    assert share_of(made) == 1
    made = scene()
    made.pause(50, 100)
    assert share_of(made) == 1


def test_holders_of_the_gil_alone_are_treated_alike() -> None:
    made = scene(line=500, rest=500)
    made.pause(25, 100, *BUILD)
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    samples = replace(
        samples,
        runs=tuple(replace(run, kind="gil") for run in samples.runs),
        streams=tuple(replace(each, kind="gil") for each in samples.streams),
    )
    audit = replace(audit, observations=replace(audit.observations, samples=samples))
    assert share_of(audit) == pytest.approx(0.25, abs=0.01)


def test_a_window_settles_with_collections_in_it_and_without_them_seen() -> None:
    made = scene(line=1500)
    made.pause(100, 70, *BUILD)
    assert settled(made.audit())
    made.gc = Missing(code="V-NORIGHT", reason="no right")
    assert settled(made.audit()), "a longer look would not show it either"


def test_odd_pauses_do_no_harm() -> None:
    made = scene()
    made.pause(1, 100, *BUILD, waited_ms=500.0, cpu_ms=-3.0)
    made.pauses.append(Pause(pid=99, thread_id=None, start_s=-5.0, duration_ms=1e6))
    assert share_of(made) == 1
