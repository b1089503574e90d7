"""event-loop-blocked on orders of samples as one long step and many short ones would leave them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.detect.diagnose import diagnose
from perftools.detect.event_loop_blocked import detect, limits
from perftools.detect.event_loops import loops, visit
from perftools.finding import Finding, Ok
from perftools.record import Audit, EventLoops, LoopLooks, LoopStep, Missing, Samples, decode, encode
from tests.scene import COST, FLOAT, Call, Scene, list_of

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11"
TEXT = """
async def score(request):
    body = await request.json()
    rows = features(body)
    best = rank(rows)
    return respond(best)

def features(body):
    for x in body:
        total += x * 1.5

def rank(rows):
    return sorted(rows)

async def ping(request):
    return respond(1)
"""
LOOP: tuple[Call, ...] = (
    ("run", f"{LIB}/site-packages/uvicorn/main.py", "5"),
    ("Runner.run", f"{LIB}/asyncio/runners.py", "118"),
    ("BaseEventLoop.run_forever", f"{LIB}/asyncio/base_events.py", "608"),
    ("BaseEventLoop._run_once", f"{LIB}/asyncio/base_events.py", "1936"),
)
STEP: tuple[Call, ...] = (
    *LOOP,
    ("Handle._run", f"{LIB}/asyncio/events.py", "84"),
    ("RequestResponseCycle.run_asgi", f"{LIB}/site-packages/uvicorn/protocols/http/h11_impl.py", "411"),
)
STACKS: dict[str, tuple[Call, ...]] = {
    "features": (*STEP, ("score", APP, "rows = features"), ("features", APP, "total += x")),
    "rank": (*STEP, ("score", APP, "best = rank"), ("rank", APP, "return sorted")),
    "ping": (*STEP, ("ping", APP, "return respond(1)")),
    "send": (
        *STEP,
        ("score", APP, "return respond(best)"),
        ("RequestResponseCycle.send", f"{LIB}/site-packages/uvicorn/protocols/http/h11_impl.py", "490"),
    ),
    "read": (
        *LOOP,
        ("Handle._run", f"{LIB}/asyncio/events.py", "84"),
        ("H11Protocol.data_received", f"{LIB}/site-packages/uvicorn/protocols/http/h11_impl.py", "176"),
    ),
    "select": (*LOOP, ("EpollSelector.select", f"{LIB}/selectors.py", "468")),
}
Parts = Sequence[tuple[str, float]]
"""What one request goes through: stack, and milliseconds."""


def timeline(requests: Iterator[Parts], ms: float = 16_000) -> list[str]:
    """What a sampler sees that looks every 10 ms on average, at random: one request after the other, without a gap."""
    chance = random.Random(7)
    seen, now, next_at = [], 0.0, chance.expovariate(0.1)
    while now < ms:
        for name, length in next(requests):
            now += length
            while next_at < now:
                seen.append(name)
                next_at += chance.expovariate(0.1)
    return seen


def always(*parts: tuple[str, float]) -> Iterator[Parts]:
    while True:
        yield parts


def mixed(slow: Parts, quick: Parts, times: int) -> Iterator[Parts]:
    while True:
        yield slow
        yield from [quick] * times


def scene(names: Sequence[str], *, run: float = 0.98, wait: float = 0.0, voluntary: int = 3) -> Scene:
    """A loop's thread that was seen so, in time order."""
    made = Scene()
    made.file(APP, TEXT)
    size = -(-len(names) // made.rounds)
    for at, name in enumerate(names):
        stack = made._stack(STACKS[name])
        made.streams.setdefault((1, 1, at // size), []).append((at, stack))  # type: ignore[arg-type]
    made.task(1, 1, run, wait, voluntary=voluntary)
    made.members[1] = {}
    return made


def found(made: Scene, **changed: float) -> Finding:
    answer = detect(Evidence(made.audit()), {**limits, **changed})
    assert isinstance(answer, list) and isinstance(answer[0], Finding), answer
    return answer[0]


def fine(made: Scene) -> str:
    answer = detect(Evidence(made.audit()))
    assert isinstance(answer, Ok), answer
    return answer.says


def test_a_handler_that_computes_for_long_is_found_with_its_line_and_the_share_of_the_time() -> None:
    made = scene(timeline(always(("read", 0.4), ("features", 300), ("rank", 100), ("send", 0.4))))
    finding = found(made)
    assert finding.where is not None and (finding.where.function, finding.where.line) == ("score", 3)
    assert finding.severity == "high" and finding.title.endswith("other requests wait")
    assert finding.share is not None and finding.share.of == "wall" and finding.share.value == pytest.approx(1, abs=0.1)
    assert [line for line, _ in finding.heat] == [3, 4]
    assert "run_in_executor" in finding.todo


def test_a_single_line_that_holds_the_loop_is_found_by_what_lies_between_its_steps() -> None:
    assert found(scene(timeline(always(("read", 0.4), ("features", 200), ("send", 0.4))))).severity in (
        "medium",
        "high",
    )


def test_one_slow_handler_among_many_quick_ones_is_found_and_they_are_not() -> None:
    slow, quick = (("read", 0.4), ("features", 500), ("send", 0.4)), (("read", 0.4), ("ping", 2.0), ("send", 0.4))
    answer = detect(Evidence(scene(timeline(mixed(slow, quick, 100)), voluntary=2000, run=0.8).audit()))
    assert isinstance(answer, list)
    assert [each.where.function for each in answer if isinstance(each, Finding) and each.where] == ["score"]


@pytest.mark.parametrize("length_ms", [0.5, 2.0, 5.0, 10.0])
def test_a_loop_that_is_busy_with_many_short_requests_is_not_blocked(length_ms: float) -> None:
    parts = (("read", 0.3), ("features", 0.7 * length_ms), ("rank", 0.3 * length_ms), ("send", 0.3))
    says = fine(scene(timeline(always(*parts))))
    assert says == "no stretch of 50 ms shows; the loop is busy for 98 % of the time"
    assert "no stretch" in fine(scene(timeline(always(("read", 0.3), ("features", length_ms), ("send", 0.3)))))


def test_many_short_awaits_are_not_blocked() -> None:
    names = timeline(always(("select", 0.2), ("features", 0.4), ("select", 0.2)))
    assert "no stretch" in fine(scene(names, run=0.5, voluntary=12_000))


def test_without_a_queue_it_is_said_that_others_may_not_be_there_and_is_one_degree_less() -> None:
    names = timeline(always(("read", 0.4), ("features", 300), ("rank", 100), ("send", 0.4)))
    alone = found(scene(names, run=0.7, voluntary=35))
    assert alone.severity == "medium" and alone.title.endswith("other requests wait if any come in")
    assert "whether several requests were in flight at once was not seen" in alone.evidence


def test_a_thread_that_waits_for_a_cpu_is_not_blamed_for_it() -> None:
    names = timeline(always(("read", 0.8), ("features", 70), ("rank", 20), ("send", 0.8)))
    assert found(scene(names, run=0.9)).share
    assert "no stretch" in fine(scene(names, run=0.25, wait=0.7))


def test_a_stretch_that_takes_little_of_the_time_is_left_alone() -> None:
    made = scene(timeline(always(("read", 0.4), ("features", 300), ("send", 0.4)))[:60])
    assert "no stretch" in fine(made)


def test_work_in_other_threads_is_no_loop() -> None:
    made = Scene()
    made.file(APP, TEXT)
    pool = (("Thread.run", f"{LIB}/threading.py", "982"), ("_worker", f"{LIB}/concurrent/futures/thread.py", "83"))
    made.sample(800, *pool, ("features", APP, "total += x"))
    assert fine(made) == "no asyncio event loop was at work"


def test_on_uvloop_no_frame_of_the_loop_is_needed() -> None:
    made = Scene()
    made.file(APP, TEXT)
    stack = (
        ("run", f"{LIB}/site-packages/uvicorn/main.py", "5"),
        ("Runner.run", f"{LIB}/asyncio/runners.py", "118"),
        ("run_asgi", f"{LIB}/site-packages/uvicorn/protocols/http/httptools_impl.py", "3"),
        ("score", APP, "rows = features"),
        ("features", APP, "total += x"),
    )
    made.sample(1500, *stack)
    made.task(1, 1, 0.95, voluntary=3)
    assert found(made).where is not None


def only_gil(made: Scene) -> Audit:
    """As on Python <= 3.10: holders of the GIL, without kernel ids."""
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    samples = replace(
        samples,
        runs=tuple(replace(run, kind="gil") for run in samples.runs),
        streams=tuple(replace(each, kind="gil", tid=None, thread="MainThread") for each in samples.streams),
    )
    return replace(audit, observations=replace(audit.observations, samples=samples))


def test_on_old_pythons_it_works_by_holders_of_the_gil_and_says_so() -> None:
    audit = only_gil(scene(timeline(always(("read", 0.4), ("features", 300), ("rank", 100), ("send", 0.4)))))
    (loop,) = loops(Evidence(audit))
    assert loop.sched is not None, "the main thread's kernel id is the process's"
    answer = detect(Evidence(audit))
    assert isinstance(answer, list) and isinstance(answer[0], Finding)
    assert any("only holders of the GIL" in str(row) for row in answer[0].evidence)


def test_the_loop_that_makes_it_long_is_referred_to() -> None:
    made = scene(timeline(always(("read", 0.4), ("features", 300), ("rank", 100), ("send", 0.4))))
    made.saw(APP, "total += x", "features", body=(list_of(FLOAT), 500_000), iter0=(list_of(FLOAT), 500_000))
    diagnosis = diagnose(made.audit())
    rules = [each.rule for each in diagnosis.findings]
    assert set(rules) == {"list-hot-path", "event-loop-blocked"}
    blocked = diagnosis.findings[rules.index("event-loop-blocked")]
    assert blocked.todo.startswith("First make it short: the time is that of list-hot-path at app.py:8")


def test_without_the_scheduler_s_record_samples_alone_can_tell() -> None:
    made = scene(timeline(always(("read", 0.4), ("features", 300), ("rank", 100), ("send", 0.4))))
    made.sched = Missing(code="E-ABSENT", reason="was not recorded")
    assert found(made).title.endswith("if any come in")


def test_without_stacks_it_is_not_checked() -> None:
    audit = scene(timeline(always(("features", 300)))).audit()
    missing = Missing(code="E-PTRACE", reason="no right")
    assert detect(Evidence(replace(audit, observations=replace(audit.observations, samples=missing)))) == missing


def watched(made: Scene, *steps: tuple[str, float, int], looks: int = 500) -> Audit:
    """The scene's loop as looks at it saw it: of each long step its stack, CPU time in ms, and how often it was met."""
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    names = list(dict.fromkeys(name for name, _, _ in steps))
    own = [made._stack(STACKS[name]) for name in names]
    seen = EventLoops(
        cost=COST,
        frames=tuple(made.frames),
        stacks=tuple(stack for number in own for stack, at in made.stacks.items() if at == number),
        loops=(LoopLooks(pid=1, tid=1, kind="asyncio", looks=looks),),
        steps=tuple(
            LoopStep(pid=1, tid=1, stack=names.index(name), looks=met, lasted_s=ran / 1000, ran_s=ran / 1000)
            for name, ran, met in steps
        ),
    )
    return replace(audit, observations=replace(audit.observations, loops=seen))


def never_idle() -> Scene:
    """Few samples of 150 ms after five quick requests each: too few in a row to tell."""
    quick = (("read", 0.4), ("ping", 20.0), ("send", 0.4))
    return scene(timeline(mixed((("read", 0.4), ("features", 150), ("send", 0.4)), quick, 5))[:120], voluntary=3)


def test_what_samples_cannot_tell_is_seen_directly() -> None:
    assert "no stretch" in fine(never_idle())
    answer = detect(Evidence(watched(never_idle(), *[("features", 130.0, 7)] * 30)))
    assert isinstance(answer, list) and isinstance(answer[0], Finding)
    (finding,) = answer
    assert finding.where is not None and (finding.where.function, finding.where.line) == ("score", 3)
    assert finding.severity == "medium" and "about 130 ms" in finding.title
    assert finding.share is not None and finding.share.value == pytest.approx(0.42)
    assert any("as far as it was seen" in str(row) for row in finding.evidence)


@pytest.mark.parametrize(
    "steps",
    [
        [("features", 45.0, 3)] * 60,  # shorter
        [("features", 130.0, 7)] * 2,  # two are no habit
        [("features", 130.0, 3)] * 6,  # 4 % of the time
        [("select", 130.0, 7)] * 30,  # no handler's
    ],
)
def test_steps_that_are_short_or_rare_or_nobody_s_are_left_alone(steps: list[tuple[str, float, int]]) -> None:
    answer = detect(Evidence(watched(never_idle(), *steps)))
    assert isinstance(answer, Ok), answer


def test_long_steps_stay_in_the_record() -> None:
    audit = watched(never_idle(), ("features", 130.0, 7))
    assert decode(encode(audit)) == audit


@pytest.mark.parametrize("wrong", [{"stack": 9}, {"stack": -1}, {"tid": 2}, {"ran_s": -1.0}, {"looks": -1}])
def test_a_record_of_steps_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    audit = watched(never_idle(), ("features", 130.0, 7))
    seen = audit.observations.loops
    assert isinstance(seen, EventLoops)
    damaged = replace(seen, steps=(replace(seen.steps[0], **wrong),))
    with pytest.raises(msgspec.ValidationError, match="loops"):
        decode(encode(replace(audit, observations=replace(audit.observations, loops=damaged))))


@given(st.lists(st.booleans(), min_size=20, max_size=400), st.randoms(use_true_random=False))
def test_what_is_shuffled_shows_no_visits(flags: list[bool], chance: random.Random) -> None:
    chance.shuffle(flags)
    found_visit = visit([flags])
    assert found_visit <= max(sum(flags), 0)
    assert visit([sorted(flags)[:1] * 40]) == 0


@pytest.mark.parametrize(("inside", "outside"), [(10, 1), (10, 10), (40, 3)])
def test_the_length_of_visits_is_recovered(inside: float, outside: float) -> None:
    names = timeline(always(("features", 10 * inside), ("rank", 10 * outside)), ms=60_000)
    assert visit([[name == "features" for name in names]]) == pytest.approx(inside, rel=0.5)
