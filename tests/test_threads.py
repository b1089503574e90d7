from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest

from perftools.collect.threads import ThreadsRecorder
from perftools.record import Missing, Threads
from tests.observed import target


def spin(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def test_the_cpu_of_each_thread_that_ran_is_counted_round_by_round() -> None:
    asleep, spinning = threading.Event(), threading.Event()
    sleeper = threading.Thread(target=asleep.wait)
    used: dict[str, float] = {}

    def work() -> None:
        used["tid"] = threading.get_native_id()
        spinning.wait()
        spin(0.2)
        used["cpu_s"] = time.thread_time()
        asleep.wait()

    worker = threading.Thread(target=work)
    for thread in (sleeper, worker):
        thread.start()
    try:
        recorder = ThreadsRecorder(target(os.getpid()))
        recorder.begin_round(0, "active", 1.0)
        spinning.set()
        while "cpu_s" not in used:
            time.sleep(0.01)
        recorder.end_round()
        recorder.begin_round(1, "active", 1.0)
        recorder.end_round()
        result = recorder.result()
    finally:
        asleep.set()
        spinning.set()
        sleeper.join()
        worker.join()
    assert isinstance(result, Threads)
    first = {part.tid: part for part in result.times if part.round == 0}
    assert first[int(used["tid"])].run_s == pytest.approx(used["cpu_s"], abs=0.05)
    assert sleeper.native_id not in first, "threads that never ran are left out"
    assert int(used["tid"]) not in {part.tid for part in result.times if part.round == 1}
    rounds = {part.round: part for part in result.rounds}
    assert rounds[0].cpu_s >= 0.2
    assert rounds[0].duration_s >= 0.2
    assert rounds[1].cpu_s < rounds[0].cpu_s
    assert rounds[1].start_s >= rounds[0].start_s + rounds[0].duration_s


def test_threads_that_are_born_or_end_within_a_round_are_in_the_process_time() -> None:
    recorder = ThreadsRecorder(target(os.getpid()))
    recorder.begin_round(0, "active", 1.0)
    brief = threading.Thread(target=spin, args=(0.1,))
    brief.start()
    brief.join()
    done, hold = threading.Event(), threading.Event()

    def born() -> None:
        spin(0.1)
        done.set()
        hold.wait()

    late = threading.Thread(target=born)
    late.start()
    done.wait()
    recorder.end_round()
    hold.set()
    late.join()
    result = recorder.result()
    assert isinstance(result, Threads)
    times = {part.tid: part.run_s for part in result.times}
    assert times[late.native_id or 0] >= 0.095
    assert brief.native_id not in times or brief.native_id == late.native_id
    assert result.rounds[0].cpu_s >= 0.195


def test_a_process_that_ends_keeps_the_rounds_it_lived_through() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    recorder = ThreadsRecorder(target(sleeper.pid, os.getpid()))
    recorder.begin_round(0, "active", 1.0)
    recorder.end_round()
    recorder.begin_round(1, "active", 1.0)
    sleeper.kill()
    sleeper.wait()
    recorder.end_round()
    result = recorder.result()
    assert isinstance(result, Threads)
    assert [part.round for part in result.rounds if part.pid == sleeper.pid] == [0]
    assert [part.round for part in result.rounds if part.pid == os.getpid()] == [0, 1]


def test_nothing_followed_through_a_round_is_missing() -> None:
    assert isinstance(ThreadsRecorder(target(os.getpid())).result(), Missing)


def test_a_hundred_and_fifty_threads_are_read_in_no_time() -> None:
    hold = threading.Event()
    threads = [threading.Thread(target=hold.wait) for _ in range(150)]
    for thread in threads:
        thread.start()
    try:
        recorder = ThreadsRecorder(target(os.getpid()))
        for number in range(10):
            recorder.begin_round(number, "active", 2.0)
            recorder.end_round()
        result = recorder.result()
    finally:
        hold.set()
        for thread in threads:
            thread.join()
    assert isinstance(result, Threads)
    assert result.cost.cpu_s < 0.02 * 20  # 2 % of a core over ten rounds of 2 s, on a slow machine
