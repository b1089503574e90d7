"""gc-pause on collectors built by hand: severities, words, and which remedy the evidence speaks for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.detect import gc_advice
from perftools.detect.diagnose import diagnose
from perftools.detect.gc_advice import Heap
from perftools.detect.gc_pause import detect, limits, pending
from perftools.finding import Finding, Measure, Ok
from perftools.record import FROZEN_COUNTED, Generation, Missing
from tests.scene import Call, Scene

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11"
SERVER = ("run", f"{LIB}/site-packages/uvicorn/main.py", "7")
TEXT = """
import gc

def build(rows):
    return {row.key: [row] for row in rows}

def handle(request):
    table = build(request.rows)
    return sorted(table)

def tidy():
    while True:
        time.sleep(30)
        gc.collect()
"""
BUILD: tuple[Call, ...] = (SERVER, ("handle", APP, "table = build"), ("build", APP, "return {row"))
SORT: tuple[Call, ...] = (SERVER, ("handle", APP, "return sorted"))
TIMER: tuple[Call, ...] = (("Thread.run", f"{LIB}/threading.py", "900"), ("tidy", APP, "        gc.collect()"))


def scene() -> Scene:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(400, *SORT)
    return made


def generations(*ran: int, freed: int = 0, thresholds: tuple[int, ...] = (700, 10, 10)) -> tuple[Generation, ...]:
    return tuple(
        Generation(
            collections=times, collected=freed if at == len(ran) - 1 else 0, uncollectable=0, threshold=threshold
        )
        for at, (times, threshold) in enumerate(zip(ran, thresholds, strict=True))
    )


def heavy() -> Scene:
    """600 thousand long-lived objects, and twelve full collections in 16 s."""
    made = scene()
    made.pause(300, 0.5, generation=0)
    made.pause(9, 70, *BUILD)
    made.pause(2, 75, *SORT)
    made.pause(1, 83, *BUILD)
    made.collector(generations=generations(300, 30, 12), long_lived=612_000, pending=80_000)
    return made


def finding(made: Scene, **changed: float) -> Finding:
    answer = detect(Evidence(made.audit()), {**limits, **changed})
    assert isinstance(answer, list) and isinstance(answer[0], Finding), answer
    return answer[0]


def fine(made: Scene) -> str:
    answer = detect(Evidence(made.audit()))
    assert isinstance(answer, Ok), answer
    return answer.says


def numbers(found: Finding) -> dict[str, float]:
    return {row.label: row.estimate.value for row in found.evidence if isinstance(row, Measure)}


def words(found: Finding) -> str:
    return "; ".join(row for row in found.evidence if isinstance(row, str))


def test_full_collections_of_a_large_heap() -> None:
    found = finding(heavy())
    assert found.severity == "medium"
    assert found.title == "garbage collection stops everything for up to 83 ms, 12 times in 16 s"
    assert found.where is not None and found.entry is not None
    assert (found.where.line, found.where.function, found.entry.function) == (4, "build", "handle")
    assert found.heat == ((4, pytest.approx(713 / 863)),)
    assert found.share is not None and found.share.counted and found.share.of == "wall"
    assert found.share.value == pytest.approx((9 * 70 + 2 * 75 + 83 + 150) / 16_000)
    seen = numbers(found)
    assert (seen["worst pause"], seen["p50"], seen["p99"]) == (83, 0.5, 70)
    assert seen["pauses"] == pytest.approx(312 / 16)
    assert seen["generation 2, 12 collections, 0 objects freed"] == pytest.approx(12 / 16)
    assert (seen["frozen objects"], seen["long-lived objects"]) == (0, 612_000)
    assert "thresholds 700, 10, 10; enabled" in words(found)
    assert "hardware watchpoint: 342 collections, all seen" in words(found)
    assert "`gc.collect(); gc.freeze(); gc.collect()`" in found.todo
    assert "612 000" in found.todo and "612 000" in found.why


def test_the_verdict_reads_as_a_sentence() -> None:
    texts = [clause.text for clause in diagnose(heavy().audit()).verdict]
    expected = "Garbage collection stops everything for up to 83 ms, 12 times in 16 s, set off in build()."
    assert texts[0] == expected
    assert texts[1].endswith("app.py:8 handle, which no rule covers.")


@pytest.mark.parametrize(
    ("worst_ms", "severity"),
    [(9.9, None), (10, "info"), (49.9, "info"), (50, "medium"), (199, "medium"), (200, "high")],
)
def test_severity_by_the_longest_pause(worst_ms: float, severity: str | None) -> None:
    made = scene()
    made.pause(1, worst_ms, *BUILD)
    if severity is None:
        assert fine(made).startswith("worst pause 9.9 ms, 0.1 % of wall time; 1 collection, all seen")
    else:
        assert finding(made).severity == severity


@pytest.mark.parametrize(("times", "severity"), [(159, None), (161, "medium"), (639, "medium"), (641, "high")])
def test_severity_by_the_share_of_the_wall_time(times: int, severity: str | None) -> None:
    made = scene()
    made.pause(times, 5.0, *BUILD, generation=0)
    if severity is None:
        assert "5.0 % of wall time" in fine(made)
    else:
        found = finding(made)
        assert found.severity == severity
        assert "% of the time, in pauses of up to 5.0 ms" in found.title


def test_limits_can_be_overridden() -> None:
    made = scene()
    made.pause(1, 60, *BUILD)
    assert finding(made, medium_ms=70).severity == "info"
    assert finding(made, high_ms=55).severity == "high"


def test_info_is_no_alarm_and_leads_no_verdict() -> None:
    made = scene()
    made.pause(2, 20, *BUILD)
    first, second = diagnose(made.audit()).verdict
    assert first.text.startswith("No rule fires.") and first.finding is None
    assert second.text.startswith("Garbage collection stops everything for up to 20 ms, twice in 16 s")


def test_waiting_for_a_cpu_is_not_the_collectors_fault() -> None:
    made = scene()
    made.pause(1, 60, *BUILD, waited_ms=55.0, cpu_ms=4.8)
    assert fine(made).startswith("worst pause 5.0 ms")
    made.pause(1, 60, *BUILD, waited_ms=2.0)
    made.pause(1, 90, *BUILD, waited_ms=85.0)
    found = finding(made)
    assert found.severity == "medium" and numbers(found)["worst pause"] == 58
    assert "a pause of 90 ms was 85 ms of waiting for a CPU: not the collector's" in words(found)
    assert numbers(found)["longest wait for a CPU in a long pause, not counted"] == 2


def test_polling_says_what_it_cannot_see() -> None:
    made = heavy()
    made.collector(method="poll", unseen=250, max_gap_ms=2.1)
    found = finding(made)
    assert found.share is not None and not found.share.counted
    assert "250 of 342 collections not seen, shorter than 2.1 ms; the share is of those seen" in words(found)


def test_the_worst_worker_is_reported() -> None:
    made = heavy()
    made.sample(100, *SORT, pid=2)
    made.pause(5, 240, *BUILD, pid=2)
    found = finding(made)
    assert (found.severity, found.title) == (
        "high", "garbage collection stops worker 2 for up to 240 ms, 5 times in 16 s",
    )  # fmt: skip
    assert "the other worker is less badly hit" in words(found)


def test_workers_that_were_not_watched_are_named_beside_the_finding() -> None:
    made = heavy()
    made.sample(100, *SORT, pid=2)
    made.unwatched = {2: Missing(code="V-VERSION", reason="its version is not known", remedy="wait")}
    answer = detect(Evidence(made.audit()))
    assert isinstance(answer, list)
    assert answer[1] == Missing(
        code="V-VERSION", reason="GC of pid 2 not checked, because its version is not known", remedy="wait"
    )


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        ("V-NORIGHT", "this container may not trace", "GC not checked, because this container may not trace"),
        ("E-ABSENT", "was not recorded", "GC not checked, because it was not recorded"),
    ],
)
def test_without_an_observer_its_reason_is_passed_on(code: str, reason: str, said: str) -> None:
    made = scene()
    made.gc = Missing(code=code, reason=reason, remedy="run it as root")
    assert detect(Evidence(made.audit())) == Missing(code=code, reason=said, remedy="run it as root")
    diagnosis = diagnose(made.audit())
    assert diagnosis.verdict[0].text.startswith(
        "Nothing was found, but explicit-gc-collect and gc-pause were not checked"
    )


def test_it_is_judged_without_stacks_of_the_service() -> None:
    audit = heavy().audit()
    missing = Missing(code="E-PTRACE", reason="no right")
    diagnosis = diagnose(replace(audit, observations=replace(audit.observations, samples=missing)))
    assert [each.rule for each in diagnosis.findings] == ["gc-pause"]
    assert [clause.finding for clause in diagnosis.verdict] == [None, 1]


def test_an_idle_service_says_nothing_of_its_collector_unless_that_is_at_work() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(5, *SORT)
    answer = detect(Evidence(made.audit()))
    assert isinstance(answer, Missing) and answer.code == "E-IDLE"
    made.pause(2, 100, *BUILD)
    assert finding(made).severity == "medium"


@pytest.mark.parametrize("off", [{"enabled": False}, {"generations": generations(0, 0, 0, thresholds=(0, 10, 10))}])
def test_a_disabled_collector_is_fine_and_said_to_be_so(off: dict[str, Any]) -> None:
    made = scene()
    made.collector(**off)
    assert "collection is disabled" in fine(made) and "cycles are never freed" in fine(made)


def test_no_collection_at_all() -> None:
    assert fine(scene()) == "no collection in 16 s"


def test_a_timers_collect_is_named_as_what_set_it_off() -> None:
    made = scene()
    made.pause(3, 90, *TIMER)
    found = finding(made)
    assert found.where is not None and found.where.function == "tidy"
    assert "3 of the pauses were asked for by gc.collect() at line 13, on a timer" in words(found)


def test_pauses_without_a_line_of_the_users() -> None:
    made = scene()
    made.pause(3, 90, SERVER, ("loads", f"{LIB}/json/decoder.py", "20"))
    found = finding(made)
    assert found.where is None and "begun in loads" in words(found)
    made = scene()
    made.pause(3, 90)
    assert "was not read" in words(finding(made))


def test_a_window_is_kept_open_for_a_full_collection_that_is_due() -> None:
    def due(ran: int, long_lived: int | None, waiting: int | None, *, enabled: bool = True) -> bool:
        made = scene()
        made.collector(generations=generations(40, 4, ran), long_lived=long_lived, pending=waiting, enabled=enabled)
        return pending(Evidence(made.audit()))

    assert due(0, 600_000, 90_000)
    assert not due(1, 600_000, 90_000), "it has been seen"
    assert not due(0, 600_000, 60_000), "not soon"
    assert not due(0, 20_000, 4_000), "short"
    assert not due(0, None, None)
    assert not due(0, 600_000, 90_000, enabled=False)


# --- the advice


def heap(**changes: Any) -> Heap:
    """Large, stable, and full collections take the time."""
    built: dict[str, Any] = {
        "version": (3, 11, 7), "enabled": True, "thresholds": (700, 10, 10), "frozen": 0, "long_lived": 600_000,
        "pending": 50_000, "full_share": 0.9, "full_ms": 83.0, "full_freed": 20.0, "young_per_s": 100.0,
        "young_ms": 0.5,
    }  # fmt: skip
    return Heap(**{**built, **changes})


CHURN: dict[str, Any] = {"long_lived": 360_000, "pending": 300_000}
YOUNG: dict[str, Any] = {"full_share": 0.1}


@pytest.mark.parametrize(
    ("changes", "helps"),
    [
        ({}, True),
        (YOUNG, False),
        ({"full_share": None}, False),
        ({"long_lived": 5_000, "pending": 10}, False),
        ({"long_lived": None}, False),
        (CHURN, False),
        ({"full_freed": 90_000.0}, False),
        ({"frozen": FROZEN_COUNTED}, False),
        ({"frozen": 12}, True),
    ],
)
def test_freezing_helps_a_large_stable_heap(changes: dict[str, Any], helps: bool) -> None:
    assert gc_advice.freezing_helps(heap(**changes)) is helps
    assert ("gc.freeze(); gc.collect()" in gc_advice.todo(heap(**changes))) is helps


@pytest.mark.parametrize(
    ("changes", "helps"),
    [
        (YOUNG, True),
        ({}, False),
        ({**YOUNG, "enabled": False}, False),
        ({**YOUNG, "thresholds": (50_000, 20, 100)}, False),
        ({**YOUNG, "thresholds": (0, 10, 10)}, False),
    ],
)
def test_thresholds_help_where_young_collections_take_the_time(changes: dict[str, Any], helps: bool) -> None:
    assert gc_advice.thresholds_help(heap(**changes)) is helps
    assert ("gc.set_threshold(14_000, 10, 10)" in gc_advice.todo(heap(**changes))) is helps


@pytest.mark.parametrize(("young_ms", "expected"), [(0.0, 50_000), (0.1, 50_000), (0.5, 14_000), (9.0, 1_400)])
def test_the_threshold_keeps_young_pauses_short(young_ms: float, expected: int) -> None:
    assert gc_advice.raised(heap(young_ms=young_ms)) == expected


@pytest.mark.parametrize(
    ("changes", "helps"),
    [(CHURN, True), ({"frozen": FROZEN_COUNTED}, True), ({**CHURN, "full_ms": 900.0}, False), ({}, False)],
)
def test_collecting_off_the_request_path_where_freezing_does_not_do(changes: dict[str, Any], helps: bool) -> None:
    assert gc_advice.scheduling_helps(heap(**changes)) is helps
    assert ("between requests" in gc_advice.todo(heap(**changes))) is helps


@pytest.mark.parametrize(
    ("changes", "helps"),
    [(CHURN, True), ({"full_freed": 90_000.0}, True), ({"frozen": FROZEN_COUNTED}, True), ({}, False), (YOUNG, False)],
)
def test_fewer_objects_where_survivors_churn(changes: dict[str, Any], helps: bool) -> None:
    assert gc_advice.fewer_objects_help(heap(**changes)) is helps
    assert ("__slots__" in gc_advice.todo(heap(**changes))) is helps


def test_it_says_why_freezing_would_not_help() -> None:
    assert "107 ms before, 87 after" in gc_advice.todo(heap(**CHURN))
    assert "frozen already" in gc_advice.todo(heap(frozen=FROZEN_COUNTED))


@pytest.mark.parametrize(
    ("version", "is_incremental"),
    [((3, 14, 0), True), ((3, 14, 4), True), ((3, 14, 5), False), ((3, 13, 9), False), ((3, 14), False), ((), False)],
)
def test_the_incremental_collector_is_told_by_the_version(version: tuple[int, ...], is_incremental: bool) -> None:
    said = gc_advice.todo(heap(version=version, thresholds=(2000, 10, 0)))
    assert ("gc.set_threshold(2000, 100)" in said) is is_incremental


def test_the_version_is_the_workers() -> None:
    made = heavy()
    made.python = "3.14.2"
    assert "collects in increments" in finding(made).todo


@pytest.mark.parametrize(
    "changes", [{}, CHURN, YOUNG, {"full_share": None}, {"long_lived": None}, {"frozen": 2000}, {"enabled": False}]
)
def test_there_is_always_a_remedy_and_it_is_never_to_disable(changes: dict[str, Any]) -> None:
    said = gc_advice.todo(heap(**changes))
    assert said and "disable" not in said
