"""Starts the service of a scenario, and its load; all of it gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .. import prctl
from ..diagnosis.service import end
from ..serve import POOLS
from .ready import LINE
from .scenarios import Load, Service, Setting

SERVICES = Path(__file__).with_name("services")
READY_WITHIN_S = 60.0
_HOG = "import os; from perftools_benchmarks import prctl; prctl.end_with(os.getppid())\nwhile True: pass"


class NotServing(Exception):
    """It did not start."""


@contextlib.contextmanager
def code(of: str) -> Iterator[Path]:
    """A copy of a set's services, in a folder whose name says nothing."""
    with tempfile.TemporaryDirectory(prefix="service-") as folder:
        copied = shutil.copytree(SERVICES / of.replace("-", "_"), Path(folder, "app"))
        yield copied


@contextlib.contextmanager
def running(service: Service, setting: Setting, folder: Path, tasks: Path | None = None) -> Iterator[tuple[int, int]]:
    """The service in that setting, every worker ready: the pid of its root, its port. Raises NotServing.

    `folder`: of its code. `tasks`: the control group's file that takes its pid.
    """
    port = _free_port()
    environment = {**os.environ, **dict.fromkeys(POOLS, str(setting.native)), "PYTHONUNBUFFERED": "1"}
    environment |= {"PORT": str(port), "WORKERS": str(setting.workers), "THREADS": str(setting.threads)}
    environment |= {"VARIANT": setting.variant, "PYTHONDONTWRITEBYTECODE": "1"}
    us = os.getpid()

    def begin() -> None:
        prctl.end_with(us)
        if tasks is not None:
            tasks.write_text(str(os.getpid()))

    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            _command(service, setting, port),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=begin,  # noqa: PLW1509  we run no threads
        )
        try:
            _wait(process, output.fileno(), setting.workers if service.server != "reference" else 1, port)
            yield process.pid, port
        finally:
            end(process)


def _command(service: Service, setting: Setting, port: int) -> list[str]:
    python, workers, address = sys.executable, str(setting.workers), f"127.0.0.1:{port}"
    if service.server == "reference":
        benchmarks = [python, "-m", "perftools_benchmarks", "serve", "--form", "batch", "--port", str(port)]
        return [*benchmarks, "--workers", workers, "--threads", str(setting.native), "--allow-tracing"]
    if service.server == "uvicorn":
        uvicorn = [python, "-m", "uvicorn", "--port", str(port), "--workers", workers, "--lifespan", "off"]
        return [*uvicorn, "--no-access-log", "--log-level", "warning", f"{service.app}:app"]
    if service.server == "script":
        return [python, f"{service.app}.py"]
    threads = ["--threads", str(setting.threads)] if service.server == "gthread" else []
    gunicorn = [python, "-m", "gunicorn", "--bind", address, "--workers", workers, *threads]
    return [*gunicorn, "--log-level", "warning", f"{service.app}:app"]


def _wait(process: subprocess.Popen[bytes], output: int, workers: int, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        said = os.pread(output, 1 << 20, 0).decode(errors="replace")
        if len(re.findall(rf"{LINE}|^listening on", said, re.MULTILINE)) >= workers:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotServing(f"{process.args!r}: {said[-600:]}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """Clients that load a service."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._counted_s = time.monotonic()

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()

    def rate(self) -> float:
        """Requests that were answered in a second, since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        answered, _ = json.loads(self.hear())
        before, self._counted_s = self._counted_s, time.monotonic()
        return float(answered / (self._counted_s - before))


@contextlib.contextmanager
def loaded(load: Load, port: int) -> Iterator[Running]:
    """The load, from a process of its own."""
    us = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: prctl.end_with(us),  # noqa: PLW1509  we run no threads
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps({**load._asdict(), "port": port}).encode() + b"\n")
        process.stdin.flush()
        clients = Running(process)
        clients.hear()
        yield clients
    finally:
        end(process)


@contextlib.contextmanager
def hogs(count: int) -> Iterator[None]:
    """So many programs beside it that want a CPU each."""
    programs = [subprocess.Popen([sys.executable, "-c", _HOG]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()
