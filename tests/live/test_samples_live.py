"""py-spy on real processes of the Pythons of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perftools.collect.samples import SamplesRecorder
from perftools.collect.threads import ThreadsRecorder
from perftools.collect.window import observe
from perftools.errors import Gone
from perftools.record import Observations, Quality, Samples, Target, Threads
from tests.observed import target
from tests.pythons import pythons

pytestmark = pytest.mark.live

PATIENCE_S = 30.0
REPOSITORY = Path(__file__).parents[2]

# Two functions that share the CPU 70 to 30, in one thread of several of which the others sleep.
TARGET = """
import ctypes, sys, threading, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY

def hot(n):
    total = 0.0
    for i in range(n):
        total += i * 0.5
    return total

def cool(n):
    total = 0.0
    for i in range(n):
        total += i * 0.5
    return total

def work():
    while True:
        hot(7000)
        cool(3000)

def doze():
    while True:
        time.sleep(0.5)

for _ in range(int(sys.argv[1])):
    threading.Thread(target=doze, daemon=True).start()
worker = threading.Thread(target=work, name="the worker", daemon=True)
worker.start()
print(getattr(worker, "native_id", 0), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def running(python: str, sleepers: int = 3) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A target, and the kernel's id of its busy thread."""
    command = [python, "-c", TARGET, str(sleepers)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def watch(service: Target, window_s: float) -> tuple[Observations, Quality]:
    recorders = [SamplesRecorder(service), ThreadsRecorder(service)]
    return observe(
        service, recorders, window_s=window_s, exact=True, enough=lambda seen: False, after_round=lambda seen: None
    )


def leaves(samples: Samples, kind: str) -> Counter[str]:
    """How often each function was running, in one kind of round."""
    stacks = (samples.stacks[stack] for stream in samples.streams if stream.kind == kind for stack in stream.stacks)
    return Counter(samples.frames[stack[0]][0] for stack in stacks)


def watchers(pid: int) -> list[int]:
    """The py-spys on a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"--pid" in words and str(pid).encode() in words:
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14)], ids="{0[0]}.{0[1]}".format)
def test_the_hot_function_is_seen_with_its_share(version: tuple[int, int]) -> None:
    python = pythons().get(version)
    if python is None:
        pytest.skip(f"no CPython {version[0]}.{version[1]} here")
    with running(python) as (process, tid):
        observations, quality = watch(target(process.pid, python=".".join(map(str, version))), 2.5)
    samples, threads = observations.samples, observations.threads
    assert isinstance(samples, Samples), samples
    assert isinstance(threads, Threads)
    old = version <= (3, 10)
    seen = leaves(samples, "gil" if old else "active")
    assert seen["hot"] + seen["cool"] >= 40
    assert 0.5 < seen["hot"] / (seen["hot"] + seen["cool"]) < 0.88
    assert seen["hot"] + seen["cool"] > 0.8 * seen.total(), "threads that sleep are not taken for busy ones"
    assert leaves(samples, "gil")["hot"] > 0, "even a short window has a round of GIL holders"
    busiest = max(samples.streams, key=lambda stream: len(stream.stacks))
    assert busiest.thread == "the worker"
    assert busiest.tid == (None if old else tid)
    assert max(threads.times, key=lambda part: part.run_s).tid == tid
    assert quality.loaded
    assert 0 < quality.observer_cpu_s < 0.5 * quality.window_s


def test_a_window_of_four_seconds_has_four_rounds_of_which_one_looks_at_gil_holders() -> None:
    with running(sys.executable) as (process, _):
        observations, quality = watch(target(process.pid), 4.0)
    assert isinstance(observations.samples, Samples)
    kinds = [run.kind for run in observations.samples.runs]
    assert 3 <= quality.rounds == len(kinds) <= 4
    assert kinds.count("gil") == 1
    for run in observations.samples.runs:
        longest = max(len(stream.stacks) for stream in observations.samples.streams if stream.round == run.round)
        assert longest <= run.ticks


def test_one_window_over_many_workers_stays_within_its_budget() -> None:
    with contextlib.ExitStack() as stack:
        pids = [stack.enter_context(running(sys.executable))[0].pid for _ in range(6)]
        observations, quality = watch(target(*pids), 3.0)
    assert isinstance(observations.samples, Samples)
    assert len({run.pid for run in observations.samples.runs}) >= 3, "they take turns"
    assert observations.samples.cost.cpu_s < 0.25 * quality.window_s  # 0.06 asked for; other programs run beside us


def test_a_stopped_target_is_told_and_left_stopped() -> None:
    with running(sys.executable) as (process, _):
        process.send_signal(signal.SIGSTOP)
        _, quality = watch(target(process.pid), 1.0)
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert any("was stopped" in warning for warning in quality.warnings)
    assert not quality.loaded
    assert state == "T"


def test_a_target_that_dies_at_once_is_gone() -> None:
    with running(sys.executable) as (process, _):
        service = target(process.pid)
        process.kill()
        with pytest.raises(Gone):
            watch(service, 1.0)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_whatever_ends_us_nothing_is_left_behind_and_the_target_runs(name: str, tmp_path: Path) -> None:
    with running(sys.executable) as (process, _):
        observer = subprocess.Popen(
            [sys.executable, "-m", "tests.live.observing", str(process.pid)],
            cwd=REPOSITORY,
            env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert observer.stderr
        assert observer.stderr.readline() == b"round\n"
        wait_until(lambda: bool(watchers(process.pid)))
        observer.send_signal(signal.Signals[name])
        said, _ = observer.communicate(timeout=PATIENCE_S)
        wait_until(lambda: not watchers(process.pid), PATIENCE_S if name == "SIGINT" else 5.0)
        assert process.poll() is None
        assert progressing(process.pid)
    if name == "SIGINT":
        ended, stacks = said.split()
        assert (observer.returncode, ended) == (0, b"interrupted")
        assert int(stacks) > 20
    else:
        assert observer.returncode == -signal.Signals[name]
    assert list(tmp_path.iterdir()) == []


def wait_until(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    deadline_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def progressing(pid: int) -> bool:
    """Whether it still uses CPU."""
    before_s = time.clock_gettime((~pid << 3) | 2)
    time.sleep(0.2)
    return time.clock_gettime((~pid << 3) | 2) > before_s
