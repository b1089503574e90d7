"""Pairing of starts and ends: all collections are found where all writes are, and none is ever invented."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.pairing import Pairing
from perftools.collect.gc.perf_events import Sample

SET, CLEAR, OTHER_SET, OTHER_CLEAR = 0x10, 0x20, 0x30, 0x40


class Process:
    """Writes as collections make them, and the truth about those."""

    def __init__(self, alternating: bool, seed: int) -> None:
        self.alternating = alternating
        self.random = random.Random(seed)
        self.writes: list[tuple[Sample, bool]] = []
        self.pauses: list[RawPause] = []

    def write(self, tid: int, ip: int, *, leaves: bool) -> int:
        time_ns = len(self.writes) * 10 + 10
        self.writes.append((Sample(time_ns, tid, ip, event=tid), leaves))
        return time_ns

    def collect(self, threads: int, *, others_attempt: bool = True) -> None:
        explicit = self.random.random() < 0.3
        tid = self.random.randrange(threads)
        start_ns = self.write(tid, OTHER_SET if explicit and self.alternating else SET, leaves=True)
        while not self.alternating and self.random.random() < 0.3:  # attempts of finalizers
            self.write(self.random.randrange(threads) if others_attempt else tid, SET, leaves=True)
        stop_ns = self.write(tid, OTHER_CLEAR if explicit else CLEAR, leaves=False)
        self.pauses.append(RawPause(start_ns, stop_ns, tid))


def watched(pairing: Pairing, process: Process, *, unseen: set[int], looks: float) -> list[RawPause]:
    """What is found where these threads are not watched, and the flag is looked at after this share of the writes."""
    found = pairing.confirm(False)
    for write, held in process.writes:
        if write.tid not in unseen:
            found += pairing.add(write)
        if process.random.random() < looks:
            found += pairing.confirm(held)
    return found + pairing.confirm(False)


@given(st.booleans(), st.integers(1, 4), st.integers(0, 60), st.integers(), st.sampled_from([0.05, 0.3, 1.0]))
@settings(deadline=None)
def test_all_collections_are_found(alternating: bool, threads: int, count: int, seed: int, looks: float) -> None:
    process = Process(alternating, seed)
    for _ in range(count):
        process.collect(threads)
    pairing = Pairing(alternating=alternating)
    found = watched(pairing, process, unseen=set(), looks=looks)
    assert set(found) <= set(process.pauses)
    known = {write.ip for write, held in process.writes if not held}
    if looks == 1.0 or len(known) == 1:
        assert found == process.pauses
        assert pairing.lost == 0
    assert len(process.pauses) - len(found) <= pairing.lost
    assert pairing.start is None


def test_a_burst_before_the_first_look_is_found_by_the_end_of_a_call_of_gc_collect() -> None:
    pairing = Pairing(alternating=True)
    found = pairing.confirm(False)
    for number in range(1, 40, 2):
        found += pairing.add(Sample(number, 1, SET, 1)) + pairing.add(Sample(number + 1, 1, CLEAR, 1))
    found += pairing.add(Sample(41, 1, OTHER_SET, 1)) + pairing.add(Sample(42, 1, OTHER_CLEAR, 1))
    found += pairing.confirm(False)
    assert found == [RawPause(number, number + 1, 1) for number in range(1, 42, 2)]
    assert pairing.lost == 0


@given(st.booleans(), st.integers(2, 4), st.integers(0, 60), st.integers(), st.sampled_from([0.05, 0.3, 1.0]))
@settings(deadline=None)
def test_threads_that_are_not_watched_make_no_pause(
    alternating: bool, threads: int, count: int, seed: int, looks: float
) -> None:
    process = Process(alternating, seed)
    for _ in range(count):
        process.collect(threads, others_attempt=False)
    found = watched(Pairing(alternating=alternating), process, unseen={0}, looks=looks)
    assert set(found) <= {pause for pause in process.pauses if pause.tid != 0}


def taught(*, alternating: bool = False) -> Pairing:
    """One that has seen a collection already."""
    pairing = Pairing(alternating=alternating)
    pairing.confirm(False)
    pairing.add(Sample(1, 1, SET, 1))
    pairing.add(Sample(2, 1, CLEAR, 1))
    assert pairing.confirm(False) == [RawPause(1, 2, 1)]
    return pairing


def test_a_collection_that_runs_is_known_by_its_start() -> None:
    pairing = taught()
    pairing.add(Sample(10, 7, SET, 1))
    pairing.add(Sample(11, 8, SET, 1))
    assert pairing.confirm(True) == []
    assert pairing.start == Sample(10, 7, SET, 1)
    assert pairing.add(Sample(20, 7, CLEAR, 1)) == [RawPause(10, 20, 7)]
    assert pairing.start is None
    assert pairing.lost == 0


def test_an_end_whose_start_was_not_seen_is_lost() -> None:
    pairing = taught()
    assert pairing.add(Sample(10, 7, CLEAR, 1)) == []
    assert pairing.lost == 1


def test_an_attempt_within_a_collection_that_was_not_seen_to_start_is_no_start() -> None:
    pairing = taught()
    pairing.confirm(True)
    assert pairing.add(Sample(10, 7, SET, 1)) == []
    assert pairing.add(Sample(20, 7, CLEAR, 1)) == []
    assert pairing.lost == 1
    pairing.add(Sample(30, 7, SET, 1))
    assert pairing.add(Sample(40, 7, CLEAR, 1)) == [RawPause(30, 40, 7)]


def test_nothing_is_paired_over_an_interruption() -> None:
    for alternating in (False, True):
        pairing = taught(alternating=alternating)
        pairing.add(Sample(10, 7, SET, 1))
        pairing.interrupt()
        assert pairing.start is None
        assert pairing.add(Sample(20, 7, CLEAR, 1)) == []
        assert pairing.lost == 2


def test_a_start_whose_end_was_missed_is_given_up() -> None:
    pairing = taught()
    pairing.add(Sample(10, 7, SET, 1))
    pairing.confirm(False)
    assert pairing.start is None
    assert pairing.lost == 1


def test_what_is_never_understood_does_not_pile_up() -> None:
    pairing = Pairing(alternating=False)
    for number in range(25_000):
        assert pairing.add(Sample(number, 1, number, 1)) == []
    assert 20_000 < pairing.lost <= 25_000
