"""Runs a case: a private copy of its code, its process, its load; all of it gone afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .labels import Case, Load

READY_WITHIN_S = 40.0
CPU_LIMIT_S = 600
_LOAD = Path(__file__).with_name("load.py")
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_PR_SET_PDEATHSIG = 1
_ALLOW_TRACERS = """
import ctypes
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY: prctl(2)
"""


class NotServing(Exception):
    """The case did not start, or ended early."""


@dataclass
class Running:
    """A started case."""

    pid: int
    root: Path
    """The folder of its code."""
    port: int
    python: str
    load: Callable[[], dict[str, Any]]
    """Ends the load and returns its counts; an empty dict for a case that feeds itself."""

    def cpu_s(self) -> float:
        """CPU seconds of all living processes of the service."""
        return session_cpu_s(self.pid)


@contextlib.contextmanager
def running(case: Case, python: str, warm_up_s: float) -> Iterator[Running]:
    """Start the case, wait until it is ready, put it under load, warm it up; end all of it on leaving.

    Raises NotServing, with the end of what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="service-") as folder, contextlib.ExitStack() as stack:
        root = Path(folder) / "app"
        shutil.copytree(case.folder, root, ignore=shutil.ignore_patterns("label.toml", "__pycache__"))
        port = _free_port()
        output = stack.enter_context(open(Path(folder) / "output", "w+b"))
        command = [part.format(python=python, port=port) for part in case.command]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment |= {"PORT": str(port), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        # Numeric libraries otherwise start a thread for each CPU: another matter than the one that is labelled.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        if _yama_restricts():
            (Path(folder) / "site").mkdir()
            (Path(folder) / "site" / "sitecustomize.py").write_text(_ALLOW_TRACERS, encoding="utf-8")
            environment["PYTHONPATH"] = str(Path(folder) / "site")
        process = subprocess.Popen(
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_bounded,  # noqa: PLW1509  we run no threads
        )
        stack.callback(end, process)
        try:
            _wait_until_ready(case, process, port, Path(output.name))
            load = stack.enter_context(loaded(case.load, port)) if case.load else dict
            time.sleep(warm_up_s)
            if process.poll() is not None:
                raise NotServing(f"ended with {process.returncode} while warming up")
            yield Running(process.pid, root, port, python, load)
        except NotServing as error:
            printed = Path(output.name).read_bytes()[-600:].decode(errors="replace")
            raise NotServing(f"{error}\n{printed}") from None


@contextlib.contextmanager
def loaded(load: Load, port: int) -> Iterator[Callable[[], dict[str, Any]]]:
    """The load from a process of its own; yields what ends it and returns its counts."""
    process = subprocess.Popen(
        [sys.executable, str(_LOAD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_bounded,  # noqa: PLW1509  we run no threads
    )
    assert process.stdin is not None
    counts: dict[str, Any] = {}

    def finish() -> dict[str, Any]:
        if not counts:
            counts.update(json.loads(process.communicate(timeout=30)[0] or b"{}"))
        return counts

    try:
        process.stdin.write(json.dumps(asdict(load) | {"port": port}).encode() + b"\n")
        process.stdin.flush()
        yield finish
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its session: politely, then by force."""
    for number, patience_s in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        for pid in _session(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            process.poll()
            if process.returncode is not None and not _session(process.pid):
                break
            time.sleep(0.02)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
    if process.stdout is not None:
        process.stdout.close()


def session_cpu_s(session: int) -> float:
    """User and system CPU seconds of the living processes of a session: fields 14 and 15 of proc_pid_stat(5)."""
    ticks = 0
    for pid in _session(session):
        with contextlib.suppress(OSError, ValueError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _session(session: int) -> list[int]:
    """The living processes of a session: field 6 of proc_pid_stat(5)."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session and fields[0] not in "ZX":
                    found.append(int(name))
    return found


def _wait_until_ready(case: Case, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotServing(f"ended with {process.returncode} before it was ready")
        if case.ready == "line":
            if b"\n" in output.read_bytes():
                return
        else:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        time.sleep(0.05)
    raise NotServing(f"not ready within {READY_WITHIN_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _yama_restricts() -> bool:
    try:
        return os.geteuid() != 0 and _YAMA.read_text().strip() == "1"
    except OSError:
        return False


def _bounded() -> None:
    """In the child: die with us, and never run on for long."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
