"""The watchpoint on real collectors, against what gc.callbacks says in them."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perftools.collect.gc import perf_events, watchpoint
from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.watchpoint import Watchpoint
from perftools.remote import gc_state, interpreter
from perftools.remote.memory import Unreadable
from tests.pythons import VERSIONS, pythons

pytestmark = pytest.mark.live

TARGET = str(Path(__file__).with_name("gc_target.py"))
PROMPT = """
import ctypes, gc, os, sys, threading, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
gc.disable()
def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread
print(flush=True)
for line in sys.stdin:
    exec(line)
    print(flush=True)
"""


class Target:
    """A Python that executes the lines that it is given; it collects when told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid
        self.answer()

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def do(self, line: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()


@contextlib.contextmanager
def started(*command: str) -> Iterator[Target]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Target(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _permitted() -> None:
    data = bytearray(8)
    address = id(data) & ~7  # any address of ours
    try:
        os.close(perf_events.open_event(perf_events.watch_writes(address, 4, inherit=False), os.getpid(), 0))
    except OSError as error:
        pytest.skip(perf_events.in_words(error.errno or 0))


@pytest.fixture
def target() -> Iterator[Target]:
    with started(sys.executable, "-c", PROMPT) as target:
        yield target


@contextlib.contextmanager
def watched(pid: int) -> Iterator[Watchpoint]:
    observer = watchpoint.open(pid, gc_state.find(interpreter.attach(pid)))
    try:
        settled(observer)
        yield observer
    finally:
        observer.close()


def settled(observer: Watchpoint) -> list[RawPause]:
    """All that has ended by now, the flag looked at in a quiet moment."""
    pauses = []
    for _ in range(3):
        time.sleep(0.005)
        pauses += observer.drain()
    return pauses


def drained_until(observer: Watchpoint, target: Target) -> list[RawPause]:
    pauses = []
    while not select.select([target.process.stdout], [], [], observer.interval_s)[0]:
        pauses += observer.drain()
    return pauses + settled(observer)


@pytest.mark.parametrize("version", VERSIONS, ids="{0[0]}.{0[1]}".format)
def test_every_collection_is_found_and_none_invented(version: tuple[int, int]) -> None:
    if version not in pythons():
        pytest.skip("no such CPython here")
    with started(pythons()[version], TARGET, "0.8", "0", "100000") as target, watched(target.pid) as observer:
        assert target.process.stdin
        target.process.stdin.write("\n")
        target.process.stdin.flush()
        pauses = drained_until(observer, target)
        truth = []
        while (line := target.answer()) != "end":
            truth.append(tuple(map(int, line.split())))
    assert len(truth) > 50
    assert len({tid for _, _, tid, _ in truth}) >= 3
    assert [pause.tid for pause in pauses] == [tid for _, _, tid, _ in truth]
    for pause, (start_ns, stop_ns, _, _) in zip(pauses, truth, strict=True):
        assert pause.start_ns <= start_ns <= stop_ns <= pause.stop_ns
    assert observer.lost == 0
    assert observer.open_since_ns is None


def test_a_collection_that_runs_is_seen_running(target: Target) -> None:
    target.do("class Slow: __del__ = lambda self: (print(flush=True), sys.stdin.readline())")
    with watched(target.pid) as observer:
        target.do("gc.collect()")
        settled(observer)
        target.do("cycle = Slow(); cycle.me = cycle; del cycle; gc.collect()")
        assert settled(observer) == []
        since_ns, tid = observer.open_since_ns, observer.open_tid
        assert since_ns
        assert tid == target.pid
        target.do("")
        (pause,) = settled(observer)
        assert pause.start_ns == since_ns
        assert observer.open_since_ns is None


@pytest.mark.parametrize("covered", [False, True], ids=["before its creator is watched", "after"])
def test_a_thread_born_while_events_are_opened(target: Target, monkeypatch: pytest.MonkeyPatch, covered: bool) -> None:
    opened, last = 0, len(perf_events.online_cpus()) - 1
    real_open = perf_events.open_event

    def open_event(attributes: bytes, tid: int, cpu: int) -> int:
        nonlocal opened
        if not opened and not covered:
            target.do(
                "gate = threading.Event(); thread = in_thread(lambda: (gate.wait(), [gc.collect() for _ in '123']))"
            )
        descriptor = real_open(attributes, tid, cpu)
        if opened == last and covered:
            target.do(
                "gate = threading.Event(); thread = in_thread(lambda: (gate.wait(), [gc.collect() for _ in '123']))"
            )
        opened += 1
        return descriptor

    monkeypatch.setattr(perf_events, "open_event", open_event)
    with watched(target.pid) as observer:
        assert opened == 2 * (last + 1)
        target.do("gc.collect(); gate.set(); thread.join(); gc.collect()")
        pauses = settled(observer)
        assert len(pauses) == 5
        assert len({pause.tid for pause in pauses}) == 2
        assert observer.lost == 0


def test_a_kernel_without_inheritance_by_threads(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = perf_events.open_event

    def open_event(attributes: bytes, tid: int, cpu: int) -> int:
        (flags,) = struct.unpack_from("<Q", attributes, 40)
        if flags & 1 << 35:
            raise OSError(errno.EINVAL, "as before Linux 5.13")
        assert not flags & 1 << 1, "forked processes would inherit"
        return real_open(attributes, tid, cpu)

    monkeypatch.setattr(perf_events, "open_event", open_event)
    with watched(target.pid) as observer:
        target.do("gate = threading.Event(); thread = in_thread(lambda: (gate.wait(), gc.collect()))")
        time.sleep(0.2)
        settled(observer)
        target.do("gate.set(); thread.join(); gc.collect()")
        assert [pause.tid == target.pid for pause in settled(observer)] == [False, True]
        time.sleep(0.2)
        settled(observer)
        held = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            target.do("in_thread(gc.collect).join()")
            time.sleep(0.12)
            settled(observer)
        assert len(os.listdir("/proc/self/fd")) <= held


@pytest.mark.parametrize("version", [(3, 12), (3, 13)], ids=["every write changes the flag", "an attempt may not"])
def test_a_ring_that_overflows_makes_no_pause(version: tuple[int, int]) -> None:
    if version not in pythons():
        pytest.skip("no such CPython here")
    with started(pythons()[version], "-c", PROMPT) as target:
        overflowed(target)


def overflowed(target: Target) -> None:
    target.do("seen = []; gc.callbacks.append(lambda phase, info: seen.append(time.monotonic_ns()))")
    with watched(target.pid) as observer:
        target.do("gc.collect(0)")
        assert len(settled(observer)) == 1
        collections = 1 + 2000 * len(perf_events.online_cpus())
        target.do(f"for _ in range({collections - 1}): gc.collect(0)")
        pauses = settled(observer)
        assert 0 < len(pauses) < collections - 1
        while not (last := settled(observer)) and collections < 20_000:
            target.do("gc.collect(0)")
            collections += 1
        assert last
        seen = list(map(int, target.do("print(*seen, end='')").split()))
        truth = list(zip(seen[::2], seen[1::2], strict=True))
        assert len(truth) == collections
        for pause in pauses + last:
            assert sum(pause.start_ns <= stop_ns and start_ns <= pause.stop_ns for start_ns, stop_ns in truth) == 1
        # a CPU says what it lost with its next record, if the target ever runs there again
        assert 0 < observer.lost <= 2 * (collections - 1 - len(pauses) - len(last))


def test_processes_that_it_forks_are_not_watched(target: Target) -> None:
    with watched(target.pid) as observer:
        target.do("child = os.fork() or ([gc.collect() for _ in '12345'], os._exit(0)); os.waitpid(child, 0)")
        target.do("gc.collect()")
        (pause,) = settled(observer)
        assert pause.tid == target.pid


@pytest.mark.parametrize("end", ["os._exit(0)", "os.execv(sys.executable, ['python', '-c', 'input()'])"])
def test_the_end_of_the_process_or_its_program_is_told(target: Target, end: str) -> None:
    with watched(target.pid) as observer:
        assert target.process.stdin
        target.process.stdin.write(f"gc.collect(); {end}\n")
        target.process.stdin.flush()
        time.sleep(0.3)
        with pytest.raises(Unreadable) as told:
            settled(observer)
        assert told.value.code == "V-GONE"


def test_nothing_is_left_open(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    state = gc_state.find(interpreter.attach(target.pid))
    before = os.listdir("/proc/self/fd")
    observer = watchpoint.open(target.pid, state)
    assert len(os.listdir("/proc/self/fd")) > len(before)
    observer.close()
    observer.close()
    assert os.listdir("/proc/self/fd") == before
    monkeypatch.setattr(watchpoint, "MAX_DESCRIPTORS", 0)
    with pytest.raises(watchpoint.TooMany, match="only 0 descriptors"):
        watchpoint.open(target.pid, state)
    real_open = perf_events.open_event

    def open_one(attributes: bytes, tid: int, cpu: int) -> int:
        if cpu:
            raise OSError(errno.ENOSPC, "")
        return real_open(attributes, tid, cpu)

    monkeypatch.setattr(watchpoint, "MAX_DESCRIPTORS", 1000)
    monkeypatch.setattr(perf_events, "open_event", open_one)
    if len(perf_events.online_cpus()) > 1:
        with pytest.raises(OSError, match="debugger"):
            watchpoint.open(target.pid, state)
    assert os.listdir("/proc/self/fd") == before
