"""Growth of memory: the interval, the rule, its limits from both sides, and what it says to do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.causes.growth import FEWEST, PARTS, growths, trend
from perftools.detect import memory_growth as rule
from perftools.detect.diagnose import diagnose, settled
from perftools.finding import Finding, Measure, Ok
from perftools.record import Memory, MemoryReading, Missing
from tests.allocated import Heap
from tests.scene import Scene

APP = "/srv/app.py"
MIB = float(1 << 20)
Size = Callable[[float], float]


def scene(mib: Size = lambda _: 100.0, *, rounds: int = 10, **kept: Any) -> Scene:
    """A worker at work; its anonymous memory by time."""
    made = Scene(rounds=rounds, kept=kept)
    made.file(APP, "def handle(request):\n    return sorted(request)\n")
    made.sample(200, ("handle", APP, "return sorted"))
    made.holds(1, mib)
    return made


def leak(mib_per_min: float) -> Size:
    return lambda at_s: 100 + mib_per_min / 60 * at_s


def finding(made: Scene, **changed: float) -> Finding:
    answer = rule.detect(Evidence(made.audit()), {**rule.limits, **changed})
    assert isinstance(answer, list) and isinstance(answer[0], Finding), answer
    return answer[0]


def fine(made: Scene, **changed: float) -> str:
    answer = rule.detect(Evidence(made.audit()), {**rule.limits, **changed})
    assert isinstance(answer, Ok), answer
    return answer.says


def missing(made: Scene) -> Missing:
    answer = rule.detect(Evidence(made.audit()))
    assert isinstance(answer, Missing), answer
    return answer


def row(of: Finding, label: str) -> Measure:
    return next(each for each in of.evidence if isinstance(each, Measure) and label in each.label)


TIMES = [at / 5 for at in range(100)]


def test_a_line_is_measured_exactly_and_a_constant_does_not_grow() -> None:
    found = trend(TIMES, [7.0 + 3.0 * at for at in TIMES])
    assert found is not None
    assert (found.rate, found.low, found.high) == pytest.approx((3, 3, 3))
    assert (found.first, found.second, found.last) == pytest.approx((3, 3, 3))
    assert found.grown == pytest.approx(3 * found.span_s)
    flat = trend(TIMES, [7.0] * 100)
    assert flat is not None and flat.low == flat.rate == flat.high == 0


@pytest.mark.parametrize(("kept", "least"), [(0.0, 0.92), (0.6, 0.78)])
def test_the_interval_covers_the_slope_under_noise(kept: float, least: float) -> None:
    """`kept`: of the noise, from one tenth of the window to the next."""
    chance, covered = random.Random(3), 0
    for _ in range(400):
        sizes, noise = [], chance.gauss(0, 1)
        for at in range(100):
            if at % 10 == 0:
                noise = kept * noise + math.sqrt(1 - kept * kept) * chance.gauss(0, 1)
            sizes.append(0.1 * at + noise)
        found = trend(TIMES, sizes)
        assert found is not None
        covered += found.low <= 0.5 <= found.high
    assert least <= covered / 400 <= 0.99


def test_bursts_between_the_readings_that_count_are_not_seen() -> None:
    found = trend(TIMES, [100.0 + (50 if at % 7 else 0) for at in range(100)])
    assert found is not None and found.rate == 0


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 1 << 50)), min_size=FEWEST, max_size=80),
)
def test_any_readings_give_an_interval_around_the_rate(steps: list[tuple[float, int]]) -> None:
    times, now = [], 0.0
    for step_s, _ in steps:
        now += step_s
        times.append(now)
    found = trend(times, [size for _, size in steps])
    assert found is not None
    assert found.low <= found.rate <= found.high and math.isfinite(found.high - found.low)
    assert found.readings == len(steps)


def test_too_few_readings_tell_nothing() -> None:
    assert trend(TIMES[: FEWEST - 1], TIMES[: FEWEST - 1]) is None
    assert trend([1.0] * 40, [1.0] * 40) is None
    assert FEWEST == 2 * PARTS


def test_growth_is_of_own_memory_and_swap_is_a_part_of_it() -> None:
    memory = scene().audit().observations.memory
    assert isinstance(memory, Memory)
    swapping = tuple(
        replace(each, anonymous_bytes=each.anonymous_bytes - 4096 * at, swap_bytes=4096 * at)
        for at, each in enumerate(memory.readings)
    )
    (found,) = growths(replace(memory, readings=swapping))
    assert found.own.rate == 0
    mapping = tuple(replace(each, rss_bytes=each.rss_bytes + 8192 * at) for at, each in enumerate(memory.readings))
    (found,) = growths(replace(memory, readings=mapping))
    assert found.own.rate == 0 and found.mapped.low > 0
    assert found.age_s == 3600


def test_where_counters_are_not_exact_walks_are_taken_if_there_are_enough() -> None:
    memory = scene(leak(30)).audit().observations.memory
    assert isinstance(memory, Memory)
    wrong = [replace(each, anonymous_bytes=50 << 20) for each in memory.readings]
    walked = [replace(each, pss_bytes=1) for each in memory.readings[::4]]
    mixed = tuple(sorted((*wrong, *walked), key=lambda each: each.at_s))
    (found,) = growths(replace(memory, readings=mixed, slack_bytes=1 << 20))
    assert found.own.rate * 60 / MIB == pytest.approx(30, rel=0.03) and found.slack_bytes == 0
    few = tuple(sorted((*memory.readings, *walked[:10]), key=lambda each: each.at_s))
    (found,) = growths(replace(memory, readings=few, slack_bytes=1 << 20))
    assert found.slack_bytes == 1 << 20


def test_a_leak_is_found_with_its_rate_and_the_time_that_is_left() -> None:
    found = finding(scene(leak(120), limit_bytes=2 << 30, used_bytes=1 << 30, limit_source="/sys/fs/cgroup/memory.max"))
    assert found.severity == "medium", "it was high, but for the full collection that did not run"
    grown = row(found, "growth of pid 1")
    assert grown.estimate.value == pytest.approx(120, rel=0.01) and grown.estimate.unit == "MiB/min"
    assert "120 MiB/min" in found.title
    assert "1.0 GiB left of the limit of 2.0 GiB: 9 min at this rate" in found.evidence
    assert "bound it" in found.todo and found.where is None and found.share is None


def collected(made: Scene, full: int = 1) -> Scene:
    """With so many full collections in the window."""
    made.pause(full, 20.0, generation=2)
    return made


@pytest.mark.parametrize(("left_mib", "severity"), [(100 * 59, "high"), (100 * 61, "medium"), (100 * 61 * 24, "low")])
def test_severity_is_by_the_time_that_is_left(left_mib: int, severity: str) -> None:
    made = collected(scene(leak(100), limit_bytes=1 << 42, used_bytes=(1 << 42) - (left_mib << 20), limit_source="max"))
    made.around = {"memory_available_bytes": 1 << 44, "memory_bytes": 1 << 45}
    found = finding(made)
    assert found.severity == severity
    assert "cycles" not in found.why


def test_garbage_in_cycles_that_no_full_collection_freed_is_one_severity_less() -> None:
    made = scene(leak(1000), limit_bytes=1 << 31, used_bytes=1 << 30, limit_source="max")
    weak = finding(made)
    assert weak.severity == "medium" and "cycles that the next one frees" in weak.why and "--window 120" in weak.todo
    made.collector(enabled=False)
    assert finding(made).severity == "high"


STEADY: dict[str, Size] = {
    "constant": lambda at_s: 100,
    "saw": lambda at_s: 100 + 20 * (at_s % 3),
    "one jump": lambda at_s: 100 + 50 * (at_s > 9),
    "two jumps": lambda at_s: 100 + 50 * (at_s > 5) + 50 * (at_s > 12),
    "a cache that fills and stays": lambda at_s: 100 + 60 * min(at_s / 8, 1),
    "a cache with ever more hits": lambda at_s: 100 + 60 * (1 - math.exp(-at_s / 5)),
    "evicts": lambda at_s: 100 + 3 * math.sin(at_s / 2),
    "shrinks": lambda at_s: 200 - at_s,
    "begins late": lambda at_s: 100 + 10 * max(at_s - 12, 0),
}


@pytest.mark.parametrize("name", STEADY)
def test_what_is_no_leak_is_fine(name: str) -> None:
    fine(scene(STEADY[name]))


def test_what_is_fine_says_why() -> None:
    assert "a cache that fills looks like this" in fine(scene(STEADY["a cache that fills and stays"]))
    assert fine(scene()) == "it does not grow steadily: 0.0 MiB/min (0.0 to 0.0)"


def test_pages_of_files_that_are_mapped_more_and_more_are_no_leak() -> None:
    made = scene()
    memory = made.audit().observations.memory
    assert isinstance(memory, Memory)
    made.kept["readings"] = tuple(
        replace(each, rss_bytes=each.rss_bytes + (at << 18)) for at, each in enumerate(memory.readings)
    )
    assert "pages of files and shared memory 75 MiB/min" in fine(made)


def bent(first: float, second: float) -> Size:
    """Two rates, in MiB/min, that change in the middle of 20 s."""
    return lambda at_s: 100 + (first * min(at_s, 9.9) + second * max(at_s - 9.9, 0)) / 60


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("mib_per_min", leak(11), leak(13)),
        ("slowing", bent(100, 36), bent(100, 44)),
        ("starting", bent(36, 100), bent(44, 100)),
    ],
)
def test_each_limit_of_the_shape_is_one(name: str, below: Size, above: Size) -> None:
    limit = {"mib_per_min": 12.0, "slowing": 0.4, "starting": 0.4}[name]
    fine(scene(below), **{name: limit})
    finding(scene(above), **{name: limit})


def test_the_last_fifth_must_grow() -> None:
    stops = lambda at_s: 100 + min(at_s, 13.9)  # noqa: E731
    fine(scene(stops), slowing=0.0)
    finding(scene(stops), slowing=0.0, ending=0.0)


def test_the_least_growth_is_in_mib_and_more_than_counters_may_be_off() -> None:
    fine(scene(leak(12)), grown_mib=4)
    finding(scene(leak(12)), grown_mib=3)
    fine(scene(leak(12), slack_bytes=4 << 20))


def test_a_young_process_may_be_warming_up() -> None:
    young = scene(leak(60), started_s={1: -59.0})
    said = missing(young)
    assert said.code == "V-BLIND" and "59 s before the window" in said.reason
    finding(young, warm_up_s=58)
    finding(scene(leak(60), started_s={1: -61.0}))
    fine(scene(started_s={1: -5.0}))


def test_a_rate_that_the_process_cannot_have_had_all_its_life_is_said_to_be_new() -> None:
    assert "not always grown like this" in finding(scene(leak(60))).why
    assert "not always" not in finding(scene(leak(60), started_s={1: -100.0})).why


def test_the_worker_that_grows_fastest_is_reported_and_all_of_them_use_up_the_limit() -> None:
    made = scene(leak(30))
    for pid, of in ((2, leak(60)), (3, lambda _: 100.0)):
        made.sample(200, ("handle", APP, "return sorted"), pid=pid)
        made.holds(pid, of)
    found = finding(made)
    assert "the memory of 2 of 3 processes" in found.title
    assert row(found, "growth of pid 2").estimate.value == pytest.approx(60, rel=0.02)
    assert row(found, "all growing processes together").estimate.value == pytest.approx(90, rel=0.02)


def test_gunicorn_may_start_workers_anew_until_then() -> None:
    made = scene(leak(60))
    made.commands[9] = ("gunicorn: master [app]",)
    assert "--max-requests" not in finding(scene(leak(60))).todo
    assert "--max-requests" in finding(made).todo


def test_lines_that_keep_memory_are_named_where_memray_saw_them() -> None:
    made = scene(leak(60))
    assert "`perf audit 1 --memory`" in finding(made).todo
    heap = Heap(made)
    heap.kept(3, 1 << 20, ("handle", APP, "return sorted"), ("Queue.put", "/usr/lib/python3.11/queue.py", "5"))
    heap.kept(1, 1 << 20, ("Queue.put", "/usr/lib/python3.11/queue.py", "5"))
    answer = rule.detect(Evidence(heap.audit()))
    assert isinstance(answer, list) and isinstance(answer[0], Finding)
    assert "--memory" not in answer[0].todo
    (said,) = [each for each in answer[0].evidence if isinstance(each, str) and "still there" in each]
    assert said.startswith("4.0 MiB of what it allocated in 5 s") and said.endswith("3.0 MiB of it by app.py:2 handle")


def test_an_idle_service_shows_nothing_and_one_that_grows_while_idle_is_found() -> None:
    idle = Scene()
    idle.file(APP, "def handle(request):\n    return sorted(request)\n")
    idle.sample(9, ("handle", APP, "return sorted"))
    assert missing(idle).code == "E-IDLE"
    idle.holds(1, leak(60))
    finding(idle)


def test_without_readings_it_is_not_checked() -> None:
    made = scene()
    made.memory = Missing(code="E-ABSENT", reason="was not recorded")
    assert missing(made).reason == "memory not checked, because it was not recorded"
    few = scene(readings=())
    assert missing(few).code == "V-UNSURE"


def test_growth_that_is_not_clear_keeps_a_short_window_open() -> None:
    def pending(made: Scene) -> bool:
        return rule.pending(Evidence(made.audit()))

    assert not pending(scene(rounds=5))
    assert pending(scene(leak(30), rounds=5)) and not settled(scene(leak(30), rounds=5).audit())
    assert not pending(scene(leak(30), rounds=10)), "it is long enough"
    assert not pending(scene(leak(30), rounds=5, started_s={1: -5.0})), "it is warming up"
    noisy = lambda at_s: 100 + 20 * math.sin(at_s * 2)  # noqa: E731
    assert not pending(scene(noisy, rounds=5)), "of so much noise a few seconds more would make nothing"


def test_a_leak_stands_in_the_verdict() -> None:
    diagnosis = diagnose(scene(leak(120)).audit())
    (clause,) = [clause for clause in diagnosis.verdict if clause.finding]
    assert clause.text.startswith("Memory grows steadily, by 120 MiB/min")


def test_readings_of_a_process_that_ended_are_judged_too() -> None:
    reading = MemoryReading(pid=5, at_s=0.0, rss_bytes=1, anonymous_bytes=0, shmem_bytes=0, swap_bytes=0)
    memory = scene().audit().observations.memory
    assert isinstance(memory, Memory)
    short = tuple(replace(reading, at_s=at / 5, anonymous_bytes=at << 20) for at in range(40))
    found = growths(replace(memory, readings=(*memory.readings, *short)))
    assert [each.pid for each in found] == [5, 1]
