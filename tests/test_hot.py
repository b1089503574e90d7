"""Frames, weights and intervals."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from perftools.hot import Profile, Strand, classify, profile, share, wilson
from perftools.hot.frames import cut_at_process_entry, starts_up, waits
from perftools.record import Audit, Missing, Samples
from tests.scene import Scene

LIB = "/opt/venv/lib/python3.11"


@pytest.mark.parametrize(
    ("file", "owner", "package"),
    [
        ("/srv/app/scoring.py", "user", ""),
        ("app.py", "user", ""),
        (f"{LIB}/site-packages/pandas/core/frame.py", "library", "pandas"),
        ("/usr/lib/python3/dist-packages/six.py", "library", "six"),
        (f"{LIB}/json/decoder.py", "stdlib", "json"),
        ("/usr/lib/python3.12/selectors.py", "stdlib", "selectors"),
        ("<frozen importlib._bootstrap>", "stdlib", "importlib"),
        ("<frozen runpy>", "stdlib", "runpy"),
        ("<string>", "generated", ""),
        ("/opt/venv/bin/gunicorn", "user", ""),
        ("<__array_function__ internals>", "library", "numpy"),
        (f"{LIB}/site-packages/ours/model.py", "user", ""),
        (f"{LIB}/site-packages/ours_not/model.py", "library", "ours_not"),
    ],
)
def test_whose_frame(file: str, owner: str, package: str) -> None:
    frame = classify("f", file, 1, (f"{LIB}/site-packages/ours",))
    assert (frame.owner, frame.package) == (owner, package)


def test_a_console_scripts_one_call_is_nobodys_code() -> None:
    assert classify("<module>", "/opt/venv/bin/gunicorn", 8).owner == "generated"
    assert classify("<module>", "/srv/bin/worker.py", 8).owner == "user"


@pytest.mark.parametrize(
    ("function", "file", "expected"),
    [
        ("EpollSelector.select", f"{LIB}/selectors.py", True),
        ("select", f"{LIB}/selectors.py", True),
        ("_worker", f"{LIB}/concurrent/futures/thread.py", True),
        ("Queue.get", f"{LIB}/queue.py", True),
        ("send", f"{LIB}/socket.py", False),
        ("BaseSelectorEventLoop._write_to_self", f"{LIB}/asyncio/selector_events.py", True),
        ("_SelectorSocketTransport.write", f"{LIB}/asyncio/selector_events.py", False),
        ("wait", "/srv/app/shop.py", False),
        ("wait", f"{LIB}/site-packages/gunicorn/workers/sync.py", True),
    ],
)
def test_waiting_frames(function: str, file: str, expected: bool) -> None:
    assert waits(classify(function, file, 1)) is expected


def test_imports_at_start_are_start_up_and_imports_in_a_request_are_not() -> None:
    module = classify("<module>", "/srv/app.py", 1)
    importing = classify("_call_with_frames_removed", "<frozen importlib._bootstrap>", 1)
    imported = classify("<module>", "/srv/tables.py", 3)
    handler = classify("score", "/srv/app.py", 9)
    assert starts_up([module, importing, imported])
    assert not starts_up([module, handler, importing, imported])
    assert not starts_up([module, handler])


def test_a_forked_child_is_cut_at_its_entry() -> None:
    parent = classify("Pool.__init__", "/srv/app.py", 4)
    entry = classify("BaseProcess._bootstrap", f"{LIB}/multiprocessing/process.py", 300)
    work = classify("score", "/srv/app.py", 20)
    assert cut_at_process_entry((parent, entry, work)) == (entry, work)
    assert cut_at_process_entry((parent, work)) == (parent, work)


def profiled(audit: Audit, **options: Any) -> Profile:
    assert isinstance(audit.observations.samples, Samples)
    return profile(audit.observations.samples, audit.observations.threads, **options)


def test_threads_are_weighted_by_the_cpu_that_they_used() -> None:
    scene = Scene()
    app = scene.file("/srv/app.py", "def busy():\n    work()\ndef waiter():\n    lock()\n")
    scene.sample(400, ("busy", app, "work()"), tid=1)
    scene.sample(400, ("waiter", app, "lock()"), tid=2)
    scene.cpu_s = {(1, 1): 9.0, (1, 2): 1.0, (1, 3): 2.0}
    audit = scene.audit()
    made = profiled(audit)
    shares = {stack[-1].name: made.estimate([index]).value for index, stack in enumerate(made.stacks)}
    assert shares == {"busy": pytest.approx(0.9), "waiter": pytest.approx(0.1)}
    assert made.cpu_s == pytest.approx(12.0)
    assert made.unseen_s == pytest.approx(2.0)


def test_start_up_takes_its_part_of_a_threads_cpu_along() -> None:
    scene = Scene()
    app = scene.file("/srv/app.py", "import tables\ndef busy():\n    work()\ndef other():\n    task()\n")
    scene.sample(
        500,
        ("<module>", app, "import"),
        ("_load", "<frozen importlib._bootstrap>", "1"),
        ("<module>", "/srv/tables.py", "1"),
    )
    scene.sample(100, ("busy", app, "work()"))
    scene.sample(300, ("other", app, "task()"), tid=2)
    made = profiled(scene.audit())
    assert [made.estimate([index]).value for index in range(3)] == pytest.approx([0, 0.25, 0.75])
    assert (made.total, made.cpu_s, made.unseen_s) == pytest.approx((4.0, 9.0, 0.0))


def test_a_thread_without_a_count_of_its_own_took_at_most_the_time_that_it_was_seen() -> None:
    """The rest of the process's CPU was used by threads that no sample shows."""
    scene = Scene()
    app = scene.file("/srv/app.py", "def busy():\n    work()\n")
    scene.sample(100, ("busy", app, "work()"), tid=1)
    scene.cpu_s = {(1, 1): 0.0, (1, 2): 12.0}
    made = profiled(scene.audit())
    assert (made.total, made.cpu_s, made.unseen_s) == pytest.approx((1.0, 12.0, 11.0))


@pytest.mark.parametrize("counted", [True, False])
def test_workers_that_take_turns_count_for_the_whole_window(counted: bool) -> None:
    scene = Scene()
    app = scene.file("/srv/app.py", "def busy():\n    work()\ndef idle():\n    time.sleep(1)\n")
    scene.sample(1600, ("busy", app, "work()"), pid=1)
    scene.sample(400, ("busy", app, "work()"), pid=2, tid=2)
    scene.sample(400, ("idle", app, "sleep"), pid=2, tid=3)
    audit = scene.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    every = [replace(samples.runs[0], pid=1, round=at, start_s=2.0 * at) for at in range(8)]
    samples = replace(samples, runs=(*every, *(replace(run, pid=2) for run in every[::4])))
    uncounted = Missing(code="E-NONE", reason="no schedstat")
    made = profile(
        samples, audit.observations.threads if counted else uncounted, waits_at=lambda frame: frame.line == 4
    )
    assert made.waited[1] == pytest.approx(16.0)
    if not counted:
        assert made.estimate([0], pid=2).value == 1.0
        assert sum(strand.weight * len(strand.stacks) for strand in made.strands if strand.thread[0] == 2) == (
            pytest.approx(16.0)
        )


def test_waiting_lines_hold_no_cpu() -> None:
    scene = Scene()
    app = scene.file("/srv/app.py", "def busy():\n    work()\ndef idle():\n    time.sleep(1)\n")
    scene.sample(100, ("busy", app, "work()"))
    scene.sample(300, ("idle", app, "sleep"))
    audit = scene.audit()
    made = profiled(audit, waits_at=lambda frame: frame.line == 4)
    assert [made.count[index] for index in range(2)] == [100, 0]
    assert made.waited[1] == pytest.approx(3.0)
    assert made.estimate([0]).value == 1.0


@given(st.floats(0, 1), st.floats(0.5, 1e6))
def test_wilson_holds_the_share(p: float, n: float) -> None:
    low, high = wilson(p, n)
    assert 0 <= low <= p + 1e-9 and p - 1e-9 <= high <= 1


def requests(rng: random.Random, length: int, p: float, n: int) -> tuple[int, ...]:
    """Samples of requests that spend a part p of their time, at one go, in stack 1."""
    samples: list[int] = []
    while len(samples) < n + length:
        samples += [1] * round(p * length) + [0] * (length - round(p * length))
    start = rng.randrange(length)
    return tuple(samples[start : start + n])


@pytest.mark.parametrize("length", [1, 10, 100])
def test_the_interval_covers_the_truth_for_short_and_long_requests(length: int) -> None:
    rng, p, covered = random.Random(7), 0.3, 0
    for _ in range(100):
        if length == 1:
            rounds = [tuple(int(rng.random() < p) for _ in range(200)) for _ in range(6)]
        else:
            rounds = [requests(rng, length, p, 200) for _ in range(6)]
        strands = [Strand((1, 1), number, 0.01, stacks) for number, stacks in enumerate(rounds)]
        found = share(strands, frozenset([1]))
        covered += found.low <= p <= found.high
    assert covered >= 85


def test_dependent_samples_widen_the_interval() -> None:
    rng = random.Random(3)
    one_by_one = [Strand((1, 1), at, 0.01, tuple(int(rng.random() < 0.5) for _ in range(200))) for at in range(6)]
    in_blocks = [
        Strand((1, 1), at, 0.01, tuple(each for _ in range(5) for each in [int(rng.random() < 0.5)] * 40))
        for at in range(6)
    ]
    narrow, wide = share(one_by_one, frozenset([1])), share(in_blocks, frozenset([1]))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_few_samples_are_said_to_be_few() -> None:
    assert share([Strand((1, 1), 0, 0.01, (0, 1) * 20)], frozenset([1])).few
    assert not share([Strand((1, 1), 0, 0.01, (0, 1) * 200)], frozenset([1])).few
    for threads, few in ((11, True), (12, False)):
        assert share([Strand((1, at), 0, 0.01, (0,) * 9) for at in range(threads)], frozenset([1])).few is few


def short_threads(rng: random.Random, p: float, length: int) -> list[Strand]:
    """A thread for each request, and each request of one kind only."""
    return [Strand((1, at), at % 4, 0.01, (int(rng.random() < p),) * length) for at in range(200)]


@pytest.mark.parametrize("length", [1, 4, 7])
def test_a_thread_for_each_request_is_one_observation(length: int) -> None:
    rng, p, covered, widths = random.Random(5), 0.3, 0, 0.0
    for _ in range(100):
        found = share(short_threads(rng, p, length), frozenset([1]))
        assert not found.few
        covered += found.low <= p <= found.high
        widths += found.high - found.low
    low, high = wilson(p, 200)
    assert covered >= 90
    assert widths / 100 == pytest.approx(high - low, rel=0.15)


def test_blocks_of_short_lived_threads_count_together() -> None:
    """Each does both, one after the other: their means are alike, and only blocks show that samples depend."""
    rng = random.Random(9)
    long = [Strand((1, 0), at, 0.01, tuple(int(rng.random() < 0.5) for _ in range(120))) for at in range(4)]
    short = [Strand((1, at), at % 4, 0.01, (0,) * 20 + (1,) * 20) for at in range(1, 31)]
    alone, both = share(long, frozenset([1])), share([*long, *short], frozenset([1]))
    assert both.high - both.low > 1.5 * (alone.high - alone.low)
