"""explicit-gc-collect: whose call it is, on whose way, and what the samples tell where nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from perftools.causes import Evidence
from perftools.detect import gc_pause
from perftools.detect.diagnose import diagnose
from perftools.detect.explicit_gc_collect import detect, limits
from perftools.finding import Finding, Measure, Ok
from perftools.record import Missing
from tests.scene import Call, Scene

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11"
SERVER = ("run", f"{LIB}/site-packages/uvicorn/main.py", "7")
THREAD = ("Thread.run", f"{LIB}/threading.py", "900")
MODULE = ("<module>", APP, "main()  # start")
TEXT = """
import gc
import gc as garbage
from gc import collect
from gc import collect as tidy
from shop import gc as register, collect as gather

def plain(request):
    gc.collect()  # plain

def alias(request):
    garbage.collect()

def named(request):
    collect()

def renamed(request):
    tidy()

def other(request):
    request.stats.collect()

def shop(request):
    register.collect()

def taken(request):
    gather()

def inside(request):
    from gc import collect as sweep
    sweep()

def handle(request):
    helper()
    return request.total()

def helper():
    gc.collect()  # helper

def worker(queue):
    while True:
        job = queue.get()
        job.run()
        gc.collect()  # worker

def janitor():
    while True:
        time.sleep(30)
        gc.collect()  # janitor

def patient(stop):
    while not stop.wait(30):
        gc.collect()  # patient

def main():
    gc.collect()  # main
    serve()

main()  # start
"""


def scene() -> Scene:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(400, SERVER, ("handle", APP, "return request"))
    return made


def answer(made: Scene, **changed: float) -> list[Finding] | Ok | Missing:
    found = detect(Evidence(made.audit()), {**limits, **changed})
    return list(found) if not isinstance(found, Ok | Missing) else found


def only(made: Scene, **changed: float) -> Finding:
    found = answer(made, **changed)
    assert isinstance(found, list) and len(found) == 1, found
    return found[0]


def numbers(found: Finding) -> dict[str, float]:
    return {row.label: row.estimate.value for row in found.evidence if isinstance(row, Measure)}


@pytest.mark.parametrize(
    ("function", "text", "is_found"),
    [
        ("plain", "gc.collect()  # plain", True),
        ("alias", "garbage.collect()", True),
        ("named", "    collect()", True),
        ("renamed", "tidy()", True),
        ("inside", "sweep()", True),
        ("other", "request.stats.collect()", False),
        ("shop", "register.collect()", False),
        ("taken", "gather()", False),
        ("handle", "return request", False),
    ],
)
def test_what_calls_the_collector(function: str, text: str, is_found: bool) -> None:
    made = scene()
    made.pause(20, 60, SERVER, (function, APP, text))
    if is_found:
        found = only(made)
        assert found.where is not None and (found.where.line, found.where.function) == (made.line(APP, text), function)
    else:
        assert isinstance(answer(made), Ok)
    others = gc_pause.detect(Evidence(made.audit()))
    assert isinstance(others, Ok) is is_found, "each pause is reported once"


@pytest.mark.parametrize(
    ("stack", "is_found"),
    [
        ((SERVER, ("handle", APP, "    helper()\n".strip("\n")), ("helper", APP, "# helper")), True),
        ((MODULE, ("worker", APP, "# worker")), True),
        ((THREAD, ("worker", APP, "# worker")), True),
        ((("_worker", f"{LIB}/concurrent/futures/thread.py", "58"), ("helper", APP, "# helper")), True),
        ((("Handle._run", f"{LIB}/asyncio/events.py", "80"), ("helper", APP, "# helper")), True),
        ((THREAD, ("janitor", APP, "# janitor")), False),
        ((THREAD, ("patient", APP, "# patient")), False),
        ((("Timer.run", f"{LIB}/threading.py", "1400"), ("helper", APP, "# helper")), False),
        ((("_run_job", f"{LIB}/site-packages/apscheduler/executors/base.py", "9"), ("helper", APP, "# helper")), False),
        ((MODULE, ("main", APP, "# main")), False),
    ],
)
def test_on_whose_way(stack: tuple[Call, ...], is_found: bool) -> None:
    made = scene()
    made.pause(3, 60, *stack)
    assert isinstance(answer(made), list) is is_found
    assert ("explicit-gc-collect" in [each.rule for each in diagnose(made.audit()).findings]) is is_found
    assert ("gc-pause" in [each.rule for each in diagnose(made.audit()).findings]) is not is_found


def test_a_loop_that_only_sleeps_but_often_is_the_services_own_work() -> None:
    made = scene()
    made.pause(17, 60, THREAD, ("janitor", APP, "# janitor"))
    assert isinstance(answer(made), list)
    assert isinstance(answer(made, often_per_s=2), Ok)


def helper(made: Scene, times: int, duration_ms: float, **more: Any) -> None:
    made.pause(times, duration_ms, SERVER, ("handle", APP, "    helper()"), ("helper", APP, "# helper"), **more)


def test_line_count_time_and_share() -> None:
    made = scene()
    helper(made, 63, 45, collected=10)
    helper(made, 1, 60, waited_ms=8.0)
    found = only(made)
    assert found.severity == "medium"
    assert found.title == "an explicit gc.collect() stops everything for up to 52 ms, 4.0 times a second"
    assert found.where is not None and found.entry is not None
    assert (found.where.function, found.entry.function) == ("helper", "handle")
    assert found.share is not None and found.share.counted and found.share.of == "wall"
    assert found.share.value == pytest.approx((63 * 45 + 52) / 16_000)
    seen = numbers(found)
    assert (seen["calls"], seen["median time per call"], seen["longest call"]) == (4, 45, 52)
    assert seen["objects freed per call"] == 10
    assert f"Remove `gc.collect()` from helper(), line {found.where.line}" in found.todo
    assert "thresholds 700, 10, 10" in found.todo
    texts = [clause.text for clause in diagnose(made.audit()).verdict]
    assert texts[0] == (
        "An explicit gc.collect() stops everything for up to 52 ms, 4.0 times a second, set off in helper()."
    )


@pytest.mark.parametrize(
    ("times", "duration_ms", "severity"),
    [(2, 9, None), (2, 20, "info"), (1, 90, None), (2, 50, "medium"), (2, 200, "high"), (100, 9, "medium")],
)
def test_severity_is_that_of_pauses(times: int, duration_ms: float, severity: str | None) -> None:
    made = scene()
    helper(made, times, duration_ms)
    if severity is None:
        assert isinstance(answer(made), Ok)
    else:
        assert only(made).severity == severity


def test_the_collections_own_pauses_are_judged_apart() -> None:
    made = scene()
    helper(made, 20, 60)
    made.pause(4, 120, SERVER, ("handle", APP, "return request"), generation=1)
    first, second = diagnose(made.audit()).findings
    assert {first.rule, second.rule} == {"gc-pause", "explicit-gc-collect"}
    titles = {first.rule: first.title, second.rule: second.title}
    assert "up to 120 ms, 4 times" in titles["gc-pause"] and "up to 60 ms" in titles["explicit-gc-collect"]


def test_full_collections_without_a_stack_count_where_the_others_were_asked_for() -> None:
    made = scene()
    helper(made, 20, 60)
    made.pause(5, 61)
    made.pause(5, 1, generation=0)
    assert numbers(only(made))["calls"] == pytest.approx(25 / 16)
    made.pause(40, 60, SERVER, ("handle", APP, "return request"))
    assert numbers(only(made))["calls"] == pytest.approx(20 / 16), "most were not asked for"


def test_looks_tell_where_no_pause_has_a_stack() -> None:
    made = scene()
    helper(made, 1, 60, looks=30)
    made.pauses.clear()
    made.pause(20, 60)
    assert numbers(only(made))["calls"] == pytest.approx(20 / 16)


@pytest.mark.parametrize(("samples", "is_found"), [(110, True), (40, False)])
def test_samples_tell_where_there_is_no_look_either(samples: int, is_found: bool) -> None:
    made = scene()
    made.sample(samples, SERVER, ("handle", APP, "    helper()"), ("helper", APP, "# helper"))
    made.pause(20, 60)  # 1.2 s
    assert isinstance(answer(made), list) is is_found
    assert isinstance(gc_pause.detect(Evidence(made.audit())), Ok) is is_found


def test_samples_alone_are_judged_by_their_share_of_the_cpu() -> None:
    made = scene()
    made.gc = Missing(code="V-NORIGHT", reason="no right")
    unseen = answer(made)
    assert isinstance(unseen, Missing) and unseen.reason == "GC not checked, because no right"
    made.sample(100, SERVER, ("handle", APP, "    helper()"), ("helper", APP, "# helper"))
    made.sample(100, THREAD, ("janitor", APP, "# janitor"))
    found = only(made)
    assert found.where is not None and found.where.function == "helper"
    assert found.share is not None and (found.share.of, found.severity) == ("cpu", "medium")
    assert found.share.value == pytest.approx(1 / 6)
    assert diagnose(made.audit()).verdict[-1].text == "17 % of the CPU goes to an explicit gc.collect() in helper()."


def test_without_text_nothing_is_taken_for_a_call() -> None:
    made = scene()
    helper(made, 20, 60)
    made.files.clear()
    assert isinstance(answer(made), Ok)
