"""`perf demo` from end to end: a true report, and nothing left behind however it ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import perftools_benchmarks.forms.lists
import pytest

from tests.live.services import children, ended, line_of, running

pytestmark = pytest.mark.live

DEMO = [sys.executable, "-m", "perftools", "demo", "--window", "8"]
LISTS = perftools_benchmarks.forms.lists.__file__


def test_it_finds_the_loop_of_its_own_service_and_says_what_to_type_next(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    first_screen = "\n".join(done.stdout.splitlines()[:24])
    assert "[1] HIGH  list-hot-path" in first_screen
    inner = f"forms/lists.py:{line_of(LISTS, 'for a, b in zip(left, right)')} dot()"
    outer = f"forms/lists.py:{line_of(LISTS, 'for candidate in candidates')} Lists.score()"
    assert inner in first_screen or outer in first_screen  # one cause, led by the loop that was read often enough
    assert "audit PID" in first_screen
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def watching(*, temporary: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A demo whose window has begun, with the processes that it has started: service, load and sampler."""
    command = ["env", f"TMPDIR={temporary}", *DEMO]
    with running(command, ready="watching pid") as (process, _):
        started: list[int] = []
        deadline = time.monotonic() + 20
        while len(started) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
            started = children(process.pid)
        assert len(started) >= 3
        yield process, started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    with watching(temporary=tmp_path) as (process, started):
        process.send_signal(number)
        assert ended(started)
        code = process.wait(30)
    assert (
        code
        in {
            signal.SIGINT: (0, 3, 4),  # the report of what there was: enough, not one stack yet, or too little
            signal.SIGTERM: (128 + signal.SIGTERM,),
            signal.SIGHUP: (128 + signal.SIGHUP,),
            signal.SIGKILL: (-signal.SIGKILL,),
        }[number]
    )
    assert not list(tmp_path.iterdir())


def test_ctrl_c_before_the_window_ends_it() -> None:
    with tempfile.TemporaryFile() as nothing:
        process = subprocess.Popen(DEMO, stdout=nothing, stderr=subprocess.PIPE, start_new_session=True)
        assert process.stderr
        with process:
            assert b"starting" in process.stderr.readline()
            deadline = time.monotonic() + 20
            while not (started := children(process.pid)) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert ended(started)
            assert b"Traceback" not in process.stderr.read()
