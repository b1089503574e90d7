"""Programs of the project end with all that they started, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from perftools.budget.measure.process import Running, printable, run, undisturbed

_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN) if "stubborn" in sys.argv else None
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(sleep)
apart = subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:  # a daemon: of another session, and its parent ends at once
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1] + ".daemon", "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists(sys.argv[1] + ".daemon") or not open(sys.argv[1] + ".daemon").read():
    time.sleep(0.01)
open(sys.argv[1] + ".new", "w").write(f"{os.getpid()} {child.pid} {apart.pid} " + open(sys.argv[1] + ".daemon").read())
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600 if "end" not in sys.argv else 0)
"""


def _family(path: Path) -> list[psutil.Process]:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, "the family does not come up"
        time.sleep(0.01)
    return [psutil.Process(int(pid)) for pid in path.read_text().split()]


def _gone(processes: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + 20
    while any(_runs(each) for each in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def _run(code: str, *arguments: str, timeout_s: float = 30):
    return run(_python(code, *arguments), folder=Path("/"), environment=os.environ, timeout_s=timeout_s)


@pytest.mark.parametrize("how", ["stop", "time", "end"])
def test_children_of_another_session_and_daemons_end_too(tmp_path, how):
    pids = tmp_path / "pids"
    argv = _python(_FAMILY, str(pids), how, "stubborn" if how == "time" else "")
    started = Running(argv, folder=tmp_path, environment=os.environ, timeout_s=1.5 if how == "time" else 60)
    family = _family(pids) if how != "end" else []
    ended = started.stop() if how == "stop" else started.finish()
    assert _gone(
        family or [psutil.Process(int(pid)) for pid in pids.read_text().split() if psutil.pid_exists(int(pid))]
    )
    assert ended.timed_out == (how == "time")
    assert ended.status == {"stop": -signal.SIGTERM, "time": None, "end": 0}[how]
    assert started.over() and started.stop() is ended


_TOOL = """
import os, sys
from pathlib import Path
from perftools.budget.measure.process import Running
running = Running(sys.argv[1:], folder=Path("/"), environment=os.environ, timeout_s=60)
running.finish()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_tool_that_is_killed(tmp_path, number):
    pids = tmp_path / "pids"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    tool = subprocess.Popen(_python(_TOOL, *_python(_FAMILY, str(pids))), env=environment)
    try:
        family = _family(pids)
        tool.send_signal(number)
        tool.wait(timeout=10)
        assert _gone(family)
    finally:
        tool.kill()
        tool.wait()


def test_what_it_says_and_uses_is_told():
    ended = _run("import sys; print('out'); print('err', file=sys.stderr); b = bytearray(100 << 20); sys.exit(3)")
    assert (ended.status, ended.stdout, ended.stderr, ended.timed_out) == (3, "out\n", "err\n", False)
    assert 100 << 20 < ended.max_rss_bytes < 300 << 20
    assert ended.cpu_s > 0
    assert ended.last_words == "err"


def test_its_peak_is_not_that_of_whoever_starts_it():
    ours = bytearray(300 << 20)
    ours[::4096] = b"x" * len(ours[::4096])
    assert _run("pass").max_rss_bytes < 100 << 20
    del ours


def test_of_much_output_the_end_is_kept():
    ended = _run("import sys\nfor n in range(300_000): print(n)\nsys.stderr.write('e' * 10_000_000)")
    assert ended.stdout.endswith("299999\n")
    assert len(ended.stdout) == len(ended.stderr) == 64 << 10


def test_output_without_end_does_not_stop_the_clock():
    ended = _run("import sys\nwhile True: sys.stdout.write('x' * 65536)", timeout_s=1)
    assert ended.timed_out and ended.last_words == "its time was over"


def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(OSError, match="/no/such/program: No such file"):
        run(["/no/such/program"], folder=Path("/"), environment=os.environ, timeout_s=5)


def test_signals_wait_until_all_is_tidied_up():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("SIGINT"))
    try:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            assert _run("print(1)").stdout == "1\n"
            assert heard == []
        assert heard == ["SIGINT"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_text_of_others_is_one_printable_line():
    assert printable("a\x1b[31m\n b\u202e") == "a[31m b"
    assert len(printable("x" * 1000)) == 200
