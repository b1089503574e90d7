"""Real process trees, on the Pythons of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import perftools
from perftools import errors, target
from perftools.record import Target
from tests.pythons import python_with, pythons

pytestmark = pytest.mark.live

PATIENCE_S = 20.0
Start = Callable[..., "subprocess.Popen[bytes]"]

POOL = """
import multiprocessing, sys, time
def work(count):
    return sum(number * number for number in range(count))
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    with multiprocessing.Pool(2) as pool:
        while True:
            pool.map(work, [20000] * 20)
"""
WSGI = """
def app(environ, start):
    start("200 OK", [])
    return [b"x"]
"""
ASGI = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
"""
IDLE = "import time\ntime.sleep(600)\n"
THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\ntime.sleep(600)\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command in its own session; the whole session ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*command: str, **more: object) -> subprocess.Popen[bytes]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(
            subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **(streams | more))  # type: ignore[call-overload]
        )
        return started[-1]

    yield run
    for process in started:
        for ending in (signal.SIGCONT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, ending)
    for process in reversed(started):  # a tracer before what it holds
        process.communicate()


def script(folder: Path, text: str, name: str = "app.py") -> str:
    (folder / name).write_text(text)
    return name


def find_when(ready: Callable[[Target], bool], **named: int | str) -> Target:
    """The target once it looks as expected; the last one seen where it never does."""
    deadline = time.monotonic() + PATIENCE_S
    found: Target | None = None
    while time.monotonic() < deadline:
        with contextlib.suppress(errors.CannotObserve):
            found = target.find(**named)  # type: ignore[arg-type]
            if ready(found):
                return found
        time.sleep(0.05)
    assert found is not None, f"nothing found for {named}"
    return found


def roles(found: Target) -> list[str]:
    return sorted(process.role for process in found.processes)


def assert_each_leads_to(found: Target) -> None:
    for process in found.processes:
        again = target.find(pid=process.pid)
        assert again.root_pid == found.root_pid
        assert {one.pid for one in again.processes} == {one.pid for one in found.processes}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("version", [version for version in pythons() if version in ((3, 9), (3, 11), (3, 13))])
@pytest.mark.parametrize(("method", "processes", "helpers"), [("fork", 3, 0), ("spawn", 4, 1), ("forkserver", 5, 2)])
def test_a_pool(
    start: Start, tmp_path: Path, version: tuple[int, int], method: str, processes: int, helpers: int
) -> None:
    launched = start(pythons()[version], script(tmp_path, POOL), method)
    found = find_when(lambda seen: len(seen.processes) == processes and len(seen.workers) >= 2, pid=launched.pid)
    assert len(found.processes) == processes
    assert roles(found).count("helper") == helpers
    assert found.root_pid == launched.pid
    assert all((process.python or "").startswith("{}.{}.".format(*version)) for process in found.processes)
    assert_each_leads_to(found)
    target.preflight(found)


def test_gunicorn_and_its_port(start: Start, tmp_path: Path) -> None:
    python = next(iter(python_with("gunicorn")), None)
    if python is None:
        pytest.skip("no gunicorn")
    port = free_port()
    script(tmp_path, WSGI)
    start(python, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "app:app")
    found = find_when(lambda seen: len(seen.processes) == 3, port=port)
    assert roles(found) == ["master", "worker", "worker"]
    assert found.processes[0].role == "master"
    assert_each_leads_to(found)
    target.preflight(found)


def test_uvicorn_workers_behind_a_shell(start: Start, tmp_path: Path) -> None:
    python = next(iter(python_with("uvicorn")), None)
    if python is None:
        pytest.skip("no uvicorn")
    script(tmp_path, ASGI)
    command = f"{python} -m uvicorn --workers 2 --port {free_port()} app:app; true"
    shell = start("sh", "-c", command)
    found = find_when(lambda seen: len(seen.processes) == 4, pid=shell.pid)
    assert roles(found) == ["helper", "master", "worker", "worker"]
    assert found.root_pid != shell.pid
    assert_each_leads_to(found)
    target.preflight(found)


def test_a_thread_id(start: Start, tmp_path: Path) -> None:
    launched = start(sys.executable, script(tmp_path, THREADED))
    found = find_when(lambda seen: seen.processes[0].threads == 2, pid=launched.pid)
    assert found.processes[0].threads == 2
    tids = {int(name) for name in os.listdir(f"/proc/{launched.pid}/task")} - {launched.pid}
    assert [target.find(pid=tid).root_pid for tid in tids] == [launched.pid]


def test_the_program_that_launched_it_is_no_part_of_it(start: Start, tmp_path: Path) -> None:
    script(tmp_path, IDLE)
    service = str(tmp_path / "app.py")
    runner = script(tmp_path, f"import subprocess, sys\nsubprocess.run([sys.executable, {service!r}])\n", "runner.py")
    launched = start(sys.executable, runner)
    found = find_when(lambda seen: True, name=re.escape(service) + "$")
    assert len(found.processes) == 1
    assert found.root_pid != launched.pid
    assert [process.pid for process in target.find(pid=launched.pid).processes] == [launched.pid]


def test_find_is_quick(start: Start, tmp_path: Path) -> None:
    launched = start(sys.executable, script(tmp_path, IDLE))
    find_when(lambda seen: True, pid=launched.pid)
    before = time.process_time()
    target.find(pid=launched.pid)
    assert time.process_time() - before < 1.0


def test_stopped_then_gone(start: Start, tmp_path: Path) -> None:
    launched = start(sys.executable, script(tmp_path, IDLE))
    found = find_when(lambda seen: True, pid=launched.pid)
    (process,) = found.processes
    os.kill(process.pid, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and "T" not in Path(f"/proc/{process.pid}/stat").read_text().split(")")[1][:3]:
        time.sleep(0.01)
    with pytest.raises(errors.Stopped):
        target.preflight(found)
    assert target.alive(process)
    launched.kill()
    launched.wait()
    assert not target.alive(process)
    with pytest.raises(errors.Gone):
        target.preflight(found)
    with pytest.raises(errors.NoProcess):
        target.find(pid=process.pid)


TRACER = """
import ctypes, sys, time
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
print(ptrace(0x4206, int(sys.argv[1]), None, None), flush=True)  # PTRACE_SEIZE
time.sleep(600)
"""


def test_a_traced_process(start: Start, tmp_path: Path) -> None:
    launched = start(sys.executable, script(tmp_path, IDLE))
    found = find_when(lambda seen: True, pid=launched.pid)
    tracer = start(sys.executable, script(tmp_path, TRACER, "tracer.py"), str(launched.pid), stdout=subprocess.PIPE)
    assert tracer.stdout is not None
    if tracer.stdout.readline() != b"0\n":
        pytest.skip("ptrace(2) is refused here")
    with pytest.raises(errors.Traced, match=rf"tracer\.py .*\(pid {tracer.pid}\)"):
        target.preflight(found)


AS_OTHER_USER = """
import json, sys
from perftools import errors, target
try:
    target.preflight(target.find(pid=int(sys.argv[1])))
except errors.PerftoolsError as error:
    print(json.dumps([error.code, error.message, error.commands]))
"""


def test_another_users_process(start: Start, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    launched = start(sys.executable, script(tmp_path, IDLE))
    find_when(lambda seen: True, pid=launched.pid)
    reader = _python_for_all()
    if reader is None:
        pytest.skip("no Python of our version that other users may run")
    path = os.pathsep.join([str(Path(perftools.__file__).parents[1]), *filter(None, sys.path)])
    done = subprocess.run(
        [reader, "-c", AS_OTHER_USER, str(launched.pid)],
        user=65534,
        group=65534,
        extra_groups=[],
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, message, commands = json.loads(done.stdout)
    assert code == "E-PTRACE"
    assert f"pid {launched.pid} (owner root, uid 0; you are " in message
    assert "uid 65534" in message
    assert len(commands) == 1
    assert commands[0].startswith("sudo /")


def _python_for_all() -> str | None:
    """A Python of our version, so that it can load our compiled modules, which another user may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        probe = [path, "-c", "import sys"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            if subprocess.run(probe, user=65534, group=65534, cwd="/", timeout=10, check=False).returncode == 0:
                return path
    return None
