from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perftools.collect import pyspy
from perftools.collect.recorder import Kind
from perftools.collect.samples import SamplesRecorder
from perftools.record import Missing, Samples
from tests import fake_pyspy
from tests.observed import target

STACKS = {'Thread 7 "w"': [["main", "hot"], ["main", "cold"], ["main", "hot"]], "Thread 8": [["main"]]}


@pytest.fixture
def idle() -> Iterator[int]:
    """A process that uses no CPU."""
    sleeper = subprocess.Popen(["sleep", "60"])
    yield sleeper.pid
    sleeper.kill()
    sleeper.wait()


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that uses all it can get."""
    spinner = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    yield spinner.pid
    spinner.kill()
    spinner.wait()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(behaviour: str, threads: dict[str, list[list[str]]] | None = None) -> None:
        path = fake_pyspy.install(tmp_path, behaviour, threads)
        monkeypatch.setattr(pyspy, "binary", lambda: path)

    return install


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def rounds(recorder: SamplesRecorder, *kinds: Kind, duration_s: float = 5.0) -> None:
    """Rounds that end when the runs have."""
    others = children()
    for number, kind in enumerate(kinds):
        recorder.begin_round(number, kind, duration_s)
        end_s = time.monotonic() + duration_s
        while children() != others and time.monotonic() < end_s:
            recorder.step()
            time.sleep(0.02)
        recorder.end_round()


def test_rounds_are_merged_each_distinct_stack_once(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.WELL, STACKS)
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active", "active")
    first = recorder.result()
    rounds(recorder, "gil")
    samples = recorder.result()
    assert isinstance(samples, Samples)
    assert samples == recorder.result() != first
    assert len(samples.stacks) == len(set(samples.stacks)) == 3
    assert len(samples.frames) == len(set(samples.frames)) == 3
    assert [(stream.tid, stream.thread, len(stream.stacks)) for stream in samples.streams[:2]] == [
        (7, "w", 3),
        (8, "", 1),
    ]
    hot, cold, again = (samples.stacks[stack] for stack in samples.streams[0].stacks)
    assert hot == again != cold
    assert samples.frames[hot[0]][0] == "hot", "leaf first"
    assert [run.kind for run in samples.runs] == ["active", "active", "gil"]
    assert all(run.errors == 2 for run in samples.runs)
    assert samples.cost.lost == 6
    assert samples.cost.cpu_s > 0


def test_targets_up_to_3_10_are_sampled_by_the_gil_alone(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.WELL, {'Thread 0x7FC61B7FE6C0 "w"': [["main"]]})
    recorder = SamplesRecorder(target(idle, python="3.9.18"))
    rounds(recorder, "active")
    samples = recorder.result()
    assert isinstance(samples, Samples)
    assert [(run.kind, stream.kind, stream.tid) for run, stream in zip(samples.runs, samples.streams, strict=True)] == [
        ("gil", "gil", None)
    ]


def test_no_stacks_of_an_idle_process_is_what_was_seen(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.WELL)
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active")
    samples = recorder.result()
    assert isinstance(samples, Samples)
    assert samples.streams == ()


def test_no_stacks_of_a_busy_process_is_samples_lost(busy: int, installed: Callable[..., None]) -> None:
    installed(f"time.sleep(0.3)\n{fake_pyspy.WELL}")
    recorder = SamplesRecorder(target(busy))
    rounds(recorder, "active")
    missing = recorder.result()
    assert isinstance(missing, Missing)
    assert (missing.code, "samples lost" in missing.reason) == ("E-SAMPLES", True)


def test_reads_that_fail_are_samples_lost_too(idle: int, installed: Callable[..., None]) -> None:
    installed('write(); say("Samples: 0 Errors: 300")')
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active")
    missing = recorder.result()
    assert isinstance(missing, Missing)
    assert "300 of 499 reads of the stacks failed" in missing.reason


@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [
        (fake_pyspy.REFUSED, "E-PTRACE", "does not let"),
        ("print('Error: Unsupported version of Python: 3.99.0'); sys.exit(1)", "E-VERSION", "3.99.0"),
        ("print('Error: Failed to find python version from target process'); sys.exit(1)", "E-NOTPYTHON", "no CPython"),
        ("print('Error: out of \\x1b[2Jluck'); sys.exit(1)", "E-TOOL", "out of [2Jluck"),
        ("sys.exit(0)", "E-TOOL", "no file"),
    ],
)
def test_what_went_wrong_has_a_code_and_no_terminal_escapes(
    idle: int, installed: Callable[..., None], behaviour: str, code: str, words: str
) -> None:
    installed(behaviour)
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active")
    missing = recorder.result()
    assert isinstance(missing, Missing)
    assert missing.code == code
    assert words in missing.reason
    assert "sudo" not in missing.reason


def test_a_process_that_ended_is_gone(installed: Callable[..., None]) -> None:
    installed("sys.exit(1)")
    sleeper = subprocess.Popen(["sleep", "0.1"])
    recorder = SamplesRecorder(target(sleeper.pid))
    recorder.begin_round(0, "active", 0.2)
    sleeper.wait()
    recorder.end_round()
    missing = recorder.result()
    assert isinstance(missing, Missing)
    assert missing.code == "E-GONE"


def test_without_py_spy_it_says_so(idle: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyspy, "binary", lambda: None)
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active")
    missing = recorder.result()
    assert isinstance(missing, Missing)
    assert (missing.code, missing.remedy is not None) == ("E-TOOL", True)


def test_what_the_guard_ended_is_told(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.LATE, STACKS)
    recorder = SamplesRecorder(target(idle))
    rounds(recorder, "active")
    assert [f"process {idle} fell behind" in warning for warning in recorder.warnings] == [True]
    samples = recorder.result()
    assert isinstance(samples, Samples)
    assert "1 ended early by the guard" in samples.cost.complete


def test_a_round_that_ends_early_keeps_what_it_has(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.SLEEPS, STACKS)
    recorder = SamplesRecorder(target(idle))
    recorder.begin_round(0, "active", 20.0)
    time.sleep(0.5)
    recorder.end_round()
    samples = recorder.result()
    assert isinstance(samples, Samples)
    assert len(samples.streams) == 2
    assert samples.runs[0].duration_s < 10


def test_closing_ends_what_runs(idle: int, installed: Callable[..., None]) -> None:
    installed(fake_pyspy.DEAF)
    others = children()
    recorder = SamplesRecorder(target(idle))
    recorder.begin_round(0, "active", 20.0)
    assert len(children()) == len(others) + 1
    recorder.close()
    recorder.close()
    assert children() == others
