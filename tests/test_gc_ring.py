"""Collections by CPython 3.15's own statistics: each once, what was overwritten counted."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from perftools.collect.gc.observer import Observer, RawPause
from perftools.collect.gc.ring import Ring
from perftools.remote import gc_state, interpreter
from perftools.remote.gc_state import Counter, Entry
from tests.pythons import readable_pythons


class State:
    """A collector whose memory is what the test says."""

    def __init__(self, counted: int = 0) -> None:
        self.collecting = False
        self.counters = (Counter(counted, 0, 0), Counter(0, 0, 0), Counter(0, 0, 0))
        self.held: list[Entry] = []

    def look(self) -> tuple[bool, tuple[Counter, ...]]:
        return self.collecting, self.counters

    def entries(self) -> list[Entry]:
        return self.held


def _young(number: int) -> Entry:
    return Entry(0, 100 * number, 100 * number + 10, number, 5 * number, 20 * number)


def _pause(number: int, *, known: bool = True) -> RawPause:
    return RawPause(100 * number, 100 * number + 10, None, 0, *((5, 20) if known else (None, None)))


def _ring(state: State) -> Ring:
    ring = Ring(state)  # type: ignore[arg-type]  # it stands in
    observer: Observer = ring
    assert observer.method == "ring"
    return ring


def test_each_collection_is_told_once_with_what_it_did() -> None:
    state = State(counted=2)
    state.held = [_young(1), _young(2)]
    ring = _ring(state)
    assert ring.drain() == []
    state.held = [*state.held, _young(3), _young(4), Entry(2, 330, 390, 1, 7, 8)]
    assert ring.drain() == [_pause(3), RawPause(330, 390, None, 2, 7, 8), _pause(4)]
    assert ring.drain() == []
    assert ring.lost == 0


def test_what_was_overwritten_is_counted() -> None:
    state = State(counted=2)
    ring = _ring(state)
    state.held = [_young(number) for number in range(10, 21)]
    assert ring.drain() == [_pause(10, known=False), *(_pause(number) for number in range(11, 21))]
    assert ring.lost == 7
    state.held = []  # it is being written
    assert ring.drain() == []
    state.held = [_young(number) for number in range(12, 23)]
    assert ring.drain() == [_pause(21), _pause(22)]
    assert ring.lost == 7


def test_a_collection_that_runs_is_open() -> None:
    state = State()
    ring = _ring(state)
    state.collecting = True
    ring.drain()
    first_ns = ring.open_since_ns
    assert first_ns is not None
    ring.drain()
    assert ring.open_since_ns == first_ns
    state.held = [Entry(0, first_ns - 5, time.monotonic_ns(), 1, 0, 0)]  # it has ended, and another one runs
    assert len(ring.drain()) == 1
    assert ring.open_since_ns is not None
    assert ring.open_since_ns > first_ns
    state.collecting = False
    ring.drain()
    assert ring.open_since_ns is None
    ring.close()


_TARGET = """
import gc, json, sys, time
gc.disable()
truth = []
def note(phase, info):
    if phase == "start":
        truth.append([time.monotonic_ns()])
    else:
        truth[-1] += [time.monotonic_ns(), info["generation"], info["collected"]]
class Node: pass
kept = [[] for _ in range(50_000)]
gc.callbacks.append(note)
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    for _ in range(number):
        node = Node()
        node.itself = node
    gc.collect((0, 0, 1, 0, 2)[number % 5])
    time.sleep(0.005)
print(json.dumps(truth), flush=True)
sys.stdin.readline()
"""


@pytest.mark.live
def test_a_process_is_observed_exactly() -> None:
    version, python = max(readable_pythons().items())
    if version < (3, 15):
        pytest.skip("no CPython 3.15 or later on this machine")
    process = subprocess.Popen([python, "-c", _TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        ring = Ring(gc_state.find(interpreter.attach(process.pid)))
        before = ring.drain()
        print(file=process.stdin, flush=True)
        pauses, total, end_s = list(before), 0, time.monotonic() + 20
        while total < 60 and time.monotonic() < end_s:
            pauses += ring.drain()
            total = len(pauses) + ring.lost
            time.sleep(ring.interval_s)
        truth = json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()
    assert before == []
    assert total == len(truth) == 60
    assert len(pauses) > 20  # a busy machine may lose some
    by_start = {start_ns: (stop_ns, generation, collected) for start_ns, stop_ns, generation, collected in truth}
    for pause in pauses:
        start_ns = max(start_ns for start_ns in by_start if start_ns <= pause.start_ns)
        stop_ns, generation, collected = by_start.pop(start_ns)
        assert pause.start_ns <= pause.stop_ns <= stop_ns
        assert pause.generation == generation
        assert pause.collected in (collected, None)
