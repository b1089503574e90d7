"""The parts of the watcher: polled pauses, generations from counters, run-queue bounds, methods, newcomers, pace."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.collect.child import memory_file
from perftools.collect.gc import choice, messages, pace, poll, run_queue, watched, watchpoint
from perftools.collect.gc.choice import MOST_WATCHED_PER_S, Chooser
from perftools.collect.gc.family import Family
from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.poll import Poll
from perftools.collect.gc.run_queue import Reading, Readings, ran_ns, waited_ns
from perftools.collect.gc.tally import Tally, ranked
from perftools.collect.gc.trigger import Stacks
from perftools.collect.gc.watched import Watched
from perftools.record import GcMethod
from perftools.remote.gc_state import Counter, Settings
from tests.observed import target
from tests.proctree import Tree

MS = 1_000_000


def counted(*collections: int) -> tuple[Counter, ...]:
    """Counters of three generations; each collection freed ten objects."""
    return tuple(Counter(each, 10 * each, 0) for each in (*collections, 0, 0, 0)[:3])


class Clock:
    """The test's time."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * MS

    def monotonic_ns(self) -> int:
        return self.now_ns


class FakeState:
    """A collector that says what the test wants."""

    def __init__(self) -> None:
        self.collecting, self.counters = False, counted(0)
        self.runtime: Any = type("Runtime", (), {"version": (3, 12, 1)})

    def look(self) -> tuple[bool, tuple[Counter, ...]]:
        return self.collecting, self.counters

    def settings(self) -> Settings:
        return Settings(True, (700, 10, 10), 5, 1, None)

    def frozen(self) -> int:
        return 3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (poll, watched, run_queue):
        monkeypatch.setattr(module, "time", clock)
    return clock


Look = tuple[float, bool, tuple[int, ...]]


def polled(clock: Clock, looks: Sequence[Look]) -> list[RawPause]:
    """The pauses that a poll finds at these times (ms), flags and counts."""
    state, begin_ns = FakeState(), clock.now_ns
    observer = Poll(state)
    found = []
    for at_ms, collecting, counts in looks:
        clock.now_ns = begin_ns + round(at_ms * MS)
        state.collecting, state.counters = collecting, counted(*counts)
        found += observer.drain()
    return [pause._replace(start_ns=pause.start_ns - begin_ns, stop_ns=pause.stop_ns - begin_ns) for pause in found]


def test_the_edges_of_a_polled_pause_lie_between_two_looks(clock: Clock) -> None:
    looks = [(1, False, (0,)), (2, True, (0,)), (3, True, (0,)), (4, False, (0, 0, 1))]
    assert polled(clock, looks) == [RawPause(1_500_000, 3_500_000, None, 2, 10)]


def test_a_collection_between_two_looks_is_no_polled_pause(clock: Clock) -> None:
    assert polled(clock, [(1, False, (0,)), (2, False, (1,))]) == []


def test_the_counters_part_a_collection_from_the_next(clock: Clock) -> None:
    looks = [(1, True, (0,)), (3, True, (0, 1)), (5, False, (1, 1))]
    assert [(pause.start_ns, pause.stop_ns, pause.generation) for pause in polled(clock, looks)] == [
        (500_000, 2 * MS, 1),
        (2 * MS, 4 * MS, 0),
    ]


def test_a_collection_that_is_counted_before_its_end_is_one(clock: Clock) -> None:
    looks = [(1, True, (0,)), (2, True, (1,)), (3, True, (1,)), (4, False, (1,))]
    assert [(pause.start_ns, pause.stop_ns, pause.generation) for pause in polled(clock, looks)] == [
        (500_000, 3_500_000, 0)
    ]


def test_the_generation_of_a_polled_pause_is_open_where_two_moved(clock: Clock) -> None:
    (pause,) = polled(clock, [(1, True, (0,)), (2, False, (1, 1))])
    assert (pause.generation, pause.collected) == (None, None)
    (pause,) = polled(clock, [(1, True, (0,)), (2, False, (3,))])
    assert (pause.generation, pause.collected) == (0, None)


def test_an_edge_is_not_sought_far_from_a_look(clock: Clock) -> None:
    (pause,) = polled(clock, [(1000, True, (0,)), (1001, False, (1,))])
    assert pause.stop_ns - pause.start_ns == 3 * MS


@given(st.data())
def test_polled_pauses_follow_one_another(data: st.DataObject) -> None:
    patch = pytest.MonkeyPatch()
    try:
        clock = Clock()
        patch.setattr(poll, "time", clock)
        at, counts, looks = 0.0, [0, 0, 0], []
        for _ in range(data.draw(st.integers(1, 20))):
            at += data.draw(st.floats(0.01, 30))
            counts[data.draw(st.integers(0, 2))] += data.draw(st.integers(0, 2))
            looks.append((at, data.draw(st.booleans()), tuple(counts)))
        pauses = polled(clock, looks)
    finally:
        patch.undo()
    assert all(pause.start_ns <= pause.stop_ns for pause in pauses)
    assert all(first.stop_ns <= second.start_ns for first, second in itertools.pairwise(pauses))
    assert len(pauses) <= sum(looks[-1][2]) + sum(collecting for _, collecting, _ in looks)


def raw(start_ms: float, length_ms: float) -> RawPause:
    return RawPause(round(start_ms * MS), round((start_ms + length_ms) * MS))


def settled(tally: Tally, at_ms: float, counts: tuple[int, ...], *pauses: RawPause) -> list[int | None]:
    """The generations of the pauses that are given back."""
    return [pause.generation for pause in tally.settle(round(at_ms * MS), counted(*counts), pauses)]


def test_pauses_have_the_generation_that_moved_alone() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (2,), raw(1, 0.1), raw(2, 0.1)) == [0, 0]
    assert settled(tally, 10, (2,)) == []
    (full,) = tally.settle(70 * MS, counted(2, 0, 1), [raw(15, 50)])
    assert (full.generation, full.collected, tally.unseen) == (2, 10, 0)


def test_a_pause_that_is_told_late_has_the_generation_of_its_time() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (0, 0, 1)) == []
    assert [settled(tally, at, (1, 0, 1)) for at in range(10, 90, 5)] == [[]] * 16
    assert tally.unseen == 2
    assert settled(tally, 90, (1, 0, 1), raw(1, 3), raw(6, 1)) == [2, 0]


def test_a_pause_waits_for_its_count() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (0,), raw(4, 1.5)) == []
    assert tally.unseen == 0
    assert settled(tally, 10, (0, 1)) == [1]


def test_a_pause_that_was_counted_just_before_the_look_in_it() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (0, 1)) == []  # its flag is still set
    assert settled(tally, 10, (0, 1), raw(2, 3.5)) == [1]


def test_a_pause_that_nothing_was_counted_for_has_no_generation() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (0,), raw(2, 1)) == []
    assert settled(tally, 200, (0,)) == [None]


def test_a_lost_pause_does_not_give_its_generation_to_the_next() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 5, (0, 0, 1)) == []
    assert settled(tally, 55, (1, 0, 1), raw(50, 1)) == [0]
    assert tally.unseen == 1


def test_pauses_of_several_generations_wait_for_each_other() -> None:
    tally = Tally(counted(0), 0)
    assert settled(tally, 70, (2, 0, 1), raw(1, 0.2), raw(2, 50)) == []
    assert settled(tally, 75, (2, 0, 1), raw(60, 0.3)) == [0, 2, 0]
    assert settled(tally, 100, (3, 0, 2), raw(80, 0.2)) == []
    assert settled(tally, 205, (3, 0, 2)) == [None]


def test_among_several_generations_the_much_longer_pause_is_the_older() -> None:
    assert [pause.generation for pause in ranked([raw(1, 1), raw(3, 2)], [1, 0])] == [None, None]
    assert {pause.start_ns: pause.generation for pause in ranked([raw(1, 1), raw(3, 2), raw(6, 90)], [2, 1, 0])} == {
        1 * MS: None, 3 * MS: None, 6 * MS: 2,
    }  # fmt: skip


def reading(at_ms: float, ran_ms: float, waited_ms: float) -> Reading:
    return Reading(round(at_ms * MS), round(ran_ms * MS), round(waited_ms * MS))


def test_what_a_thread_waited_in_a_pause_lies_between_two_bounds() -> None:
    quiet = Readings(reading(7, 7, 1), reading(12, 12, 1), reading(29, 29, 1), reading(31, 31, 1))
    assert waited_ns(10 * MS, 30 * MS, quiet) == 0
    assert ran_ns(10 * MS, 30 * MS, quiet, 0) is None  # 17 to 20 ms
    preempted = Readings(reading(7, 0, 1), reading(12, 0, 1), reading(109, 50, 48), reading(111, 51, 48))
    assert waited_ns(10 * MS, 110 * MS, preempted) == 47 * MS
    assert ran_ns(10 * MS, 110 * MS, preempted, 47 * MS) == pytest.approx(51.5 * MS)


def test_what_was_waited_near_the_edges_may_be_of_the_pause_or_not() -> None:
    late = Readings(reading(7, 0, 0), reading(12, 0, 4), reading(29, 9, 4), reading(31, 9, 4))
    assert waited_ns(10 * MS, 30 * MS, late) is None
    unknown_before = Readings(None, reading(12, 0, 0), reading(29, 9, 0), reading(31, 9, 0))
    assert waited_ns(10 * MS, 30 * MS, unknown_before) is None
    assert waited_ns(10 * MS, 100 * MS, unknown_before) == 1 * MS  # 0 to 2 ms, and 5 % of the length are 4.5
    assert waited_ns(10 * MS, 30 * MS, Readings(first=reading(12, 0, 0))) is None


class FakeObserver:
    """Gives back what it is told to."""

    interval_s = 0.005
    open_tid = None

    def __init__(self, method: GcMethod) -> None:
        self.method = method
        self.lost = 0
        self.open_since_ns: int | None = None
        self.ended: list[RawPause] = []
        self.closed = False

    def drain(self) -> list[RawPause]:
        ended, self.ended = self.ended, []
        return ended

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def observers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[FakeObserver]]:
    """Those opened, by method."""
    opened: dict[str, list[FakeObserver]] = {"watchpoint": [], "poll": [], "ring": []}

    def opener(method: GcMethod) -> Any:
        def open_(*_: object) -> FakeObserver:
            opened[method].append(FakeObserver(method))
            return opened[method][-1]

        return open_

    monkeypatch.setattr(watchpoint, "open", opener("watchpoint"))
    monkeypatch.setattr(choice, "Ring", opener("ring"))
    monkeypatch.setattr(choice, "Poll", opener("poll"))
    return opened


def test_the_method_follows_the_rate(observers: object) -> None:
    state: Any = FakeState()
    chooser = Chooser(1, state)
    assert chooser.open(None).method == "watchpoint"
    assert not chooser.better("watchpoint", MOST_WATCHED_PER_S)
    assert chooser.better("watchpoint", 420)
    assert chooser.open(420).method == "poll"
    assert chooser.because == "420 collections/s: a watchpoint would cost the service"
    assert not chooser.better("poll", 0.9 * MOST_WATCHED_PER_S)  # not to and fro
    assert chooser.better("poll", 0.4 * MOST_WATCHED_PER_S)
    state.runtime.version = (3, 15, 2)
    assert chooser.open(420).method == "ring"


def test_a_refused_watchpoint_is_not_asked_for_again(observers: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "perf events not permitted (perf_event_paranoid 4)")

    monkeypatch.setattr(watchpoint, "open", refuse)
    state: Any = FakeState()
    chooser = Chooser(1, state)
    assert chooser.open(None).method == "poll"
    assert chooser.because == "perf events not permitted (perf_event_paranoid 4)"
    assert not chooser.better("poll", 0)


@pytest.fixture
def process(clock: Clock, observers: object) -> Iterator[tuple[Watched, FakeState]]:
    state: Any = FakeState()
    watching = Watched(target(os.getpid()).processes[0], state, Stacks(), clock.now_ns)
    yield watching, state
    watching.close()


def test_a_switch_neither_loses_nor_doubles_a_pause(
    process: tuple[Watched, FakeState], clock: Clock, observers: dict[str, list[FakeObserver]]
) -> None:
    watching, state = process
    begin_ns = clock.now_ns

    def at(now_ms: float) -> None:
        clock.now_ns = begin_ns + round(now_ms * MS)
        watching.tick(clock.now_ns)

    def pause(start_ms: float, length_ms: float) -> RawPause:
        start_ns = begin_ns + round(start_ms * MS)
        return RawPause(start_ns, start_ns + round(length_ms * MS), generation=0)

    first = observers["watchpoint"][0]
    first.ended = [pause(1, 2)]
    state.counters = counted(150)
    at(5)
    first.open_since_ns = begin_ns  # not while a collection runs
    at(300)
    assert not observers["poll"]
    first.open_since_ns = None
    first.ended = [pause(301, 2)]
    at(305)
    (second,) = observers["poll"]
    assert first.closed and not second.closed
    second.ended = [pause(301.4, 1.5), pause(304, 1)]
    at(310)
    starts = [round(1000 * each.start_s, 1) for each in watching.pauses]
    assert starts == [1, 301, 304]
    at(1310)  # now it is quiet
    assert second.closed
    collector = watching.collector()
    assert collector.method == "poll"
    assert collector.because.endswith("watchpoint for 0.3 s of it")
    assert (collector.generations[0].collections, collector.unseen) == (150, 147)
    assert collector.max_gap_ms == pytest.approx(1000)
    assert (collector.frozen, collector.long_lived, collector.pending) == (3, 5, 1)


def test_a_watchpoint_that_fails_is_replaced(
    process: tuple[Watched, FakeState], clock: Clock, observers: dict[str, list[FakeObserver]]
) -> None:
    watching, _ = process

    def fail() -> list[RawPause]:
        raise OSError(5, "no more")

    observers["watchpoint"][0].drain = fail  # type: ignore[method-assign]
    watching.tick(clock.now_ns)
    watching.tick(clock.now_ns + 5 * MS)
    assert observers["watchpoint"][0].closed
    assert watching.collector().because.startswith("the watchpoint failed: no more")


def test_messages_come_whole_and_once() -> None:
    descriptor = memory_file("messages")
    reader = messages.Reader(descriptor)
    order = messages.Order(zero_ns=5, workers=target(os.getpid()).workers, family=(1, 2))
    messages.write(descriptor, order)
    size = os.fstat(descriptor).st_size
    assert list(reader.read(messages.Order)) == [order]
    assert list(reader.read(messages.Order)) == []
    messages.write(descriptor, order)
    os.ftruncate(descriptor, 2 * size - 1)
    assert list(reader.read(messages.Order)) == []
    os.close(descriptor)


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_nonsense(data: bytes) -> None:
    descriptor = memory_file("nonsense")
    try:
        os.write(descriptor, data)
        with contextlib.suppress(messages.Nonsense):
            assert not list(messages.Reader(descriptor).read(messages.Report))
    finally:
        os.close(descriptor)


PYTHON = "/usr/bin/python3.12"


def family(tree: Tree, *pids: int, since_boot: bool) -> Family:
    """The family of these pids; who began after boot (else: from now on) is born."""
    boot_ns = time.monotonic_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return Family(pids, boot_ns if since_boot else time.monotonic_ns(), tree.proc)


def test_newcomers_are_pythons_born_below_the_service(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(10, "python3.12 app.py", exe=PYTHON)
    tree.process(11, "python3.12 app.py", exe=PYTHON, parent=10)
    watched_family = family(tree, 10, 11, since_boot=True)
    assert watched_family.born() == []
    tree.process(20, "python3.12 app.py", exe=PYTHON, parent=11, NSpid="20 7")
    tree.process(21, "python3.12 other.py", exe=PYTHON, parent=1)
    tree.process(22, "sh -c python3.12", exe="/bin/sh", parent=10)
    tree.process(23, "python3.12 job.py", exe=PYTHON, parent=22)
    tree.process(24, "python3.12 -c from_multiprocessing", exe=PYTHON, parent=10)
    tracker = "from multiprocessing.resource_tracker import main;main(5)"
    tree.write("proc/24/cmdline", f"python3.12\0-c\0{tracker}\0")
    assert watched_family.born() == []  # still between fork and exec, for all we know
    assert [(process.pid, process.ns_pid) for process in watched_family.born()] == [(20, 7), (23, 23)]
    tree.process(22, "python3.12 job.py", exe=PYTHON, parent=10)
    assert [process.pid for process in watched_family.born()] == [22]
    assert watched_family.born() == []


def test_who_was_there_before_the_window_is_no_newcomer(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(10, "python3.12 app.py", exe=PYTHON)
    tree.process(20, "python3.12 app.py", exe=PYTHON, parent=10)
    watched_family = family(tree, 10, since_boot=False)
    assert [watched_family.born() for _ in range(3)] == [[], [], []]


def test_intervals_are_stretched_to_stay_within_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    now = pace.Pace()
    used_s = 0.0
    monkeypatch.setattr(now, "used_s", lambda: used_s)
    at_ns = time.monotonic_ns()
    for _ in range(20):
        used_s += 0.24 / now.stretch  # 24 % of a core at the full rate
        at_ns += 1_000 * MS
        now.adapt(at_ns, 8, polled=True)
    assert 2.9 < now.stretch < 4.0
    assert now.slowest >= now.stretch
    for _ in range(20):
        used_s += 0.02 / now.stretch
        at_ns += 1_000 * MS
        now.adapt(at_ns, 8, polled=True)
    assert now.stretch == 1
    for _ in range(20):
        used_s += 0.06 / now.stretch
        at_ns += 1_000 * MS
        now.adapt(at_ns, 1, polled=True)
    assert 2.4 < now.stretch <= 3  # one process alone may use less, but a pause of 5 ms shall be found
    for _ in range(20):
        used_s += 0.12 / now.stretch
        at_ns += 1_000 * MS
        now.adapt(at_ns, 1, polled=False)
    assert 5 < now.stretch <= 6  # where the kernel times the pauses


def test_what_is_done_once_stretches_nothing() -> None:
    now = pace.Pace()
    with now.beside():
        end_s = time.process_time() + 0.1
        while time.process_time() < end_s:
            pass
    assert now.used_s() >= 0.1
    assert not now.adapt(time.monotonic_ns() + 1_000 * MS, 1, polled=True)


def test_walks_are_bounded_and_long_collections_come_first() -> None:
    stacks, now_ns = Stacks(), 10**12
    allowed = sum(stacks.may_walk(now_ns + at * MS, long=False) for at in range(1000))
    assert 35 <= allowed <= 50
    assert stacks.may_walk(now_ns + 1000 * MS, long=True)
