"""The watcher on real processes that collect when they are told to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from perftools.collect.gc import choice
from perftools.collect.gc.recorder import GcRecorder
from perftools.collect.gc.trigger import Stacks
from perftools.collect.gc.watched import Watched
from perftools.record import Gc, Missing, Pause
from perftools.remote import gc_state, interpreter
from tests.live.services import children, ended
from tests.observed import target
from tests.pythons import readable_pythons

pytestmark = pytest.mark.live

PROGRAM = Path(__file__).with_name("gc_watched_target.py")
ROOT = str(Path(__file__).parents[2])
PATIENCE_S = 20.0
FULL, YOUNG = 4, 12


class Service:
    """The program under watch."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process

    def does(self, command: str) -> None:
        """Run a command to its end."""
        self.begins(command)
        assert self._process.stdout
        assert self._process.stdout.readline() == "done\n"

    def begins(self, command: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()


@contextlib.contextmanager
def running(python: str = sys.executable) -> Iterator[Service]:
    process = subprocess.Popen(
        [python, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Service(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextlib.contextmanager
def recording(*pids: int) -> Iterator[GcRecorder]:
    """A recorder that has begun to watch."""
    recorder = GcRecorder(target(*pids))
    try:
        recorder.begin_round(0, "active", PATIENCE_S)
        until(recorder, lambda: isinstance(recorder.result(), Gc) or reported(recorder))
        yield recorder
    finally:
        recorder.close()


def reported(recorder: GcRecorder) -> bool:
    result = recorder.result()
    return isinstance(result, Missing) and "had begun" not in result.reason


def until(recorder: GcRecorder, holds: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    assert callable(holds)
    while not holds():
        assert time.monotonic() < deadline, recorder.result()
        recorder.step()
        time.sleep(0.02)


def seen(recorder: GcRecorder) -> Gc:
    """What was seen up to now, reports on their way included."""
    now_s = time.monotonic()
    until(recorder, lambda: time.monotonic() > now_s + 0.5)
    result = recorder.result()
    assert isinstance(result, Gc), result
    return result


def generations(gc: Gc, pid: int) -> list[int]:
    """Collections by generation, from the counters."""
    (collector,) = [each for each in gc.collectors if each.pid == pid]
    return [generation.collections for generation in collector.generations]


def triggers(gc: Gc, pause: Pause) -> list[tuple[str, int]]:
    """Function and line, leaf first."""
    return [(gc.frames[at][0], gc.frames[at][2]) for at in gc.stacks[pause.stack]] if pause.stack is not None else []


@pytest.mark.parametrize("version", list(readable_pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_every_collection_is_counted_and_the_line_of_the_long_ones_named(version: tuple[int, int]) -> None:
    with running(readable_pythons()[version]) as service, recording(service.pid) as recorder:
        service.does(f"young {YOUNG}")
        service.does(f"full {FULL}")
        gc = seen(recorder)
        threads = {int(name) for name in os.listdir(f"/proc/{service.pid}/task")}
    assert generations(gc, service.pid) == [YOUNG, 0, FULL]
    (collector,) = gc.collectors
    assert collector.enabled is False
    full = [pause for pause in gc.pauses if pause.generation == 2]
    assert len(full) == FULL  # whatever the method
    if collector.method == "watchpoint":
        assert Counter(pause.generation for pause in gc.pauses) == {0: YOUNG, 2: FULL}
        assert collector.unseen == 0
    assert min(pause.duration_ms for pause in full) > max(
        (pause.duration_ms for pause in gc.pauses if pause.generation == 0), default=0
    )
    line = PROGRAM.read_text().splitlines().index("        gc.collect()  # long") + 1
    named = [pause for pause in full if triggers(gc, pause)[:1] == [("collect_all", line)]]
    assert len(named) >= FULL - 1, [triggers(gc, pause) for pause in full]
    assert all(pause.thread_id not in threads for pause in named)  # a thread of its own, that has ended
    assert sum(charge.looks for charge in gc.charges) > 0
    assert all(pause.waited_ms is None or 0 <= pause.waited_ms <= pause.duration_ms for pause in full)


def test_a_child_born_in_the_window_is_watched() -> None:
    with running() as service, recording(service.pid) as recorder:
        service.does("fork")
        (child,) = children(service.pid)
        until(recorder, lambda: any(each.pid == child for each in recorder.result().collectors))  # type: ignore[union-attr]
        until(recorder, lambda: generations(recorder.result(), child)[2] == 3)  # type: ignore[arg-type]
        gc = seen(recorder)
    assert generations(gc, service.pid) == [0, 0, 0]
    assert [pause.generation for pause in gc.pauses if pause.pid == child] == [2, 2, 2]
    spans = {each.pid: each for each in gc.collectors}
    assert spans[child].start_s > spans[service.pid].start_s
    assert "1 of 1 processes born in the window" in gc.cost.complete


def test_many_collections_are_not_watched_by_a_watchpoint() -> None:
    with running() as service, recording(service.pid) as recorder:
        first = seen(recorder).collectors[0]
        service.does("fast 2.5")
        gc = seen(recorder)
    if first.method != "watchpoint":
        pytest.skip(f"no watchpoint here: {first.because}")
    (collector,) = gc.collectors
    young = generations(gc, service.pid)[0]
    assert young > 2.5 * choice.MOST_WATCHED_PER_S, "this machine is too busy to collect so often"
    assert "poll" in f"{collector.method} {collector.because}"
    assert "would cost the service" in collector.because or collector.method == "watchpoint"
    assert len(gc.pauses) + collector.unseen == pytest.approx(young, abs=1)


def test_of_two_workers_one_may_end() -> None:
    with running() as lasting, running() as ending, recording(lasting.pid, ending.pid) as recorder:
        ending.does("full 1")
        seen(recorder)
        os.kill(ending.pid, signal.SIGKILL)
        lasting.does("full 2")
        gc = seen(recorder)
    assert generations(gc, ending.pid) == [0, 0, 1]
    assert generations(gc, lasting.pid) == [0, 0, 2]
    spans = {each.pid: each for each in gc.collectors}
    assert spans[ending.pid].end_s < spans[lasting.pid].end_s


def test_polling_finds_the_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.Chooser, "_watchpoint", lambda self: self.refuse("watchpoint", "not in this test"))
    with running() as service:
        process = target(service.pid).processes[0]
        stacks = Stacks()
        state = gc_state.find(interpreter.attach(service.pid))
        watched = Watched(process, state, stacks, time.monotonic_ns())
        service.begins(f"full {FULL}")
        end_ns = time.monotonic_ns() + int(PATIENCE_S * 1e9)
        while watched.collector().generations[2].collections < FULL and time.monotonic_ns() < end_ns:
            time.sleep(max(0.0, 1e-9 * (watched.next_ns - time.monotonic_ns())))
            watched.tick(time.monotonic_ns())
        for _ in range(5):
            watched.tick(time.monotonic_ns())
        collector = watched.collector()
        watched.close()
    assert (collector.method, collector.because) == ("poll", "not in this test")
    full = [pause for pause in watched.pauses if pause.generation == 2]
    assert len(full) == FULL
    assert sum(pause.stack is not None for pause in full) >= FULL - 1
    assert any(function == "collect_all" for function, _, _ in stacks.frames)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up a capability")
def test_without_right_it_says_so() -> None:
    program = (
        "import sys, time\n"
        "from perftools.collect.gc.recorder import GcRecorder\n"
        "from tests.observed import target\n"
        "recorder = GcRecorder(target(int(sys.argv[1])))\n"
        "recorder.begin_round(0, 'active', 5.0)\n"
        "end = time.monotonic() + 10\n"
        "while 'had begun' in getattr(recorder.result(), 'reason', '') and time.monotonic() < end:\n"
        "    recorder.step(); time.sleep(0.02)\n"
        "print(recorder.result().code, recorder.result().remedy)\n"
        "recorder.close()\n"
    )
    library = ctypes.CDLL(None)

    def give_up_tracing() -> None:
        library.prctl(24, 19, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_PTRACE; at exec it leaves the other sets too

    with running() as service:
        answer = subprocess.run(
            [sys.executable, "-c", program, str(service.pid)],
            env=os.environ | {"PYTHONPATH": ROOT}, preexec_fn=give_up_tracing,
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert answer.stdout.startswith("V-NORIGHT run it as root"), answer


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_the_watcher_dies_with_the_tool(number: signal.Signals) -> None:
    program = (
        "import sys, time\n"
        "from perftools.collect.gc.recorder import GcRecorder\n"
        "from tests.observed import target\n"
        "recorder = GcRecorder(target(int(sys.argv[1])))\n"
        "recorder.begin_round(0, 'active', 30.0)\n"
        "while not hasattr(recorder.result(), 'pauses'):\n"
        "    recorder.step(); time.sleep(0.02)\n"
        "print('watching', flush=True)\n"
        "time.sleep(60)\n"
    )
    with running() as service:
        tool = subprocess.Popen(
            [sys.executable, "-c", program, str(service.pid)],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": ROOT},
        )  # fmt: skip
        with tool:
            try:
                assert tool.stdout
                assert tool.stdout.readline() == "watching\n"
                watchers = children(tool.pid)
                assert len(watchers) == 1
                tool.send_signal(number)
                tool.wait(10)
                assert ended(watchers, within_s=5)
            finally:
                tool.kill()
        service.does("young 1")
