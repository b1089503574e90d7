"""Where the threads and tasks of real processes wait, and what an audit makes of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from perftools.collect.waits import WaitsRecorder
from perftools.collect.waits_process import ProcessWaits, Stacks
from perftools.record import Missing, Waits
from perftools.remote.memory import Unreadable
from tests.live.command import watching
from tests.live.services import children, line_of, running
from tests.observed import process, target
from tests.pythons import pythons

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("waits_target.py")
SERVICE = Path(__file__).with_name("waiting_target.py")
PLACES = {
    "ours.recv(1)": {"recvfrom"},
    "time.sleep(600)": {"clock_nanosleep", "select", "pselect6"},  # the last two until 3.10
    "with taken:": {"futex"},
    "queue.Queue().get()": {"futex"},
}
"""Where a thread of the target stands, and in what."""


@contextmanager
def started(*python: str, computing: int = 0) -> Iterator[subprocess.Popen[str]]:
    command = [*(python or (sys.executable,)), str(TARGET), str(computing)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def watched(recorder: WaitsRecorder, seconds: float) -> Waits:
    with closing(recorder):
        recorder.begin_round(0, "active", seconds)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            recorder.step()
            time.sleep(0.02)
        recorder.end_round()
        found = recorder.result()
    assert isinstance(found, Waits), found
    return found


def calls_at(seen: Waits, line: int) -> dict[str, int]:
    """What is waited in below a line of the target, by looks."""
    found: dict[str, int] = {}
    for wait in seen.waits:
        frames = [seen.frames[at] for at in seen.stacks[wait.stack]]
        if any(file == str(TARGET) and at == line for _, file, at in frames):
            found[wait.call] = found.get(wait.call, 0) + wait.looks
    return found


@pytest.mark.parametrize("version", sorted(pythons()), ids=lambda version: ".".join(map(str, version)))
def test_each_waiting_thread_is_seen_at_its_line_and_in_its_call(version: tuple[int, int]) -> None:
    with started(pythons()[version]) as process:
        seen = watched(WaitsRecorder(target(process.pid)), 0.8)
    looks = seen.looks[0]
    assert looks.looks >= 4
    for statement, calls in PLACES.items():
        found = calls_at(seen, line_of(str(TARGET), statement))
        assert sum(found.values()) >= looks.looks - looks.failed, (statement, found, looks)
        assert set(found) <= calls
    idle = [wait for wait in seen.waits if "_worker" in seen.frames[seen.stacks[wait.stack][0]][0]]
    assert sum(wait.looks for wait in idle) >= 3 * (looks.looks - looks.failed), "idle pool threads are seen, too"


def test_a_thread_that_has_not_run_is_not_walked_again_and_one_that_has_is() -> None:
    with started() as process_:
        watch = ProcessWaits(process(process_.pid), Stacks())
        with closing(watch):
            watch.look(time.monotonic())
            walked = watch.reads
            for _ in range(5):
                watch.look(time.monotonic())
            assert watch.reads == walked, "nobody has moved"
            assert process_.stdin
            process_.stdin.write("60\n")
            process_.stdin.flush()
            deadline = time.monotonic() + 20
            while watch.reads == walked and time.monotonic() < deadline:
                watch.look(time.monotonic())
            assert watch.reads > walked
            looks, waits = watch.result()
            assert max(wait.longest_s for wait in waits) > 0
            assert looks.running <= looks.looks


def test_threads_that_compute_run_or_wait_for_the_gil_and_stand_nowhere() -> None:
    with started(computing=3) as process_:
        seen = watched(WaitsRecorder(target(process_.pid)), 1.5)
    looks = seen.looks[0]
    assert looks.gil is not None
    assert looks.running + looks.gil >= 2 * looks.looks, looks
    line = line_of(str(TARGET), "sum(range(1000))")
    assert sum(calls_at(seen, line).values()) <= 0.2 * 3 * looks.looks, calls_at(seen, line)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare(1)")
def test_threads_of_another_pid_namespace_are_found_by_their_own_ids() -> None:
    with started("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable) as outer:
        (inner,) = children(outer.pid)
        inside = target(inner)
        inside = replace(inside, processes=(replace(inside.processes[0], ns_pid=1),))
        seen = watched(WaitsRecorder(inside), 0.6)
    for statement in PLACES:
        assert (
            sum(calls_at(seen, line_of(str(TARGET), statement)).values()) >= seen.looks[0].looks - seen.looks[0].failed
        )


def test_the_budget_is_kept() -> None:
    with started(computing=2) as process_:
        began_s = time.monotonic()
        frugal = watched(WaitsRecorder(target(process_.pid), budget_cores=0.002), 1.0)
        span_s = time.monotonic() - began_s
        usual = watched(WaitsRecorder(target(process_.pid)), 1.0)
    assert frugal.looks[0].looks < usual.looks[0].looks
    assert frugal.cost.cpu_s < 0.15 + 0.1 * span_s


def test_a_process_that_ends_keeps_what_was_seen() -> None:
    with started() as process_:
        recorder = WaitsRecorder(target(process_.pid))
        with closing(recorder):
            recorder.begin_round(0, "active", 1.0)
            recorder.step()
            process_.kill()
            process_.wait()
            for _ in range(8):
                time.sleep(0.02)
                recorder.step()
            recorder.begin_round(1, "active", 1.0)
            seen = recorder.result()
    assert isinstance(seen, Waits)
    assert seen.looks[0].looks >= 1 and "ended" in seen.cost.complete


def test_a_process_that_is_no_python_is_missing_with_its_reason() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(Unreadable):
            ProcessWaits(process(sleeper.pid), Stacks())
        recorder = WaitsRecorder(target(sleeper.pid))
        recorder.begin_round(0, "active", 1.0)
        recorder.step()
        missing = recorder.result()
        assert isinstance(missing, Missing) and missing.reason
    finally:
        sleeper.kill()
        sleeper.wait()


@contextmanager
def service(kind: str) -> Iterator[int]:
    """Its pid, under the load of four clients."""
    with (
        running([sys.executable, str(SERVICE), kind], ready=r"port (?P<port>\d+)") as (process, said),
        running([sys.executable, str(SERVICE), "clients", said["port"]], ready="go"),
    ):
        yield process.pid


def test_a_service_whose_requests_wait_is_told_where_and_an_idle_one_is_idle() -> None:
    with service("threads") as threads, service("tasks") as tasks, started() as idle, ExitStack() as stack:
        pids = (threads, tasks, idle.pid)
        commands = [stack.enter_context(watching(pid, "--window", "4", "--json", "--no-save")) for pid in pids]
        reports = [json.loads(command.communicate(timeout=100)[0]) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 4]
    for found, text, kind in zip(
        reports, ("# a thread waits here", "# a task waits here"), ("thread", "task"), strict=False
    ):
        top = found["observations"]["waits"]["lines"][0]
        line = line_of(str(SERVICE), text)
        assert (top["where"]["line"], top["kind"]) == (line, kind), found["observations"]["waits"]
        assert top["mean"] > 1
        assert found["verdict"].startswith("Not CPU-bound: ") and f"{SERVICE.name}:{line}" in found["verdict"]
    assert reports[0]["observations"]["waits"]["lines"][0]["what"] == "socket recv"
    assert reports[2]["observations"]["waits"]["lines"] == []
    assert "Not CPU-bound" not in reports[2]["verdict"]
