"""Real processes to observe: the reference service under uvicorn or gunicorn, and its load."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from perftools_benchmarks.settings import VARIABLE

BENCHMARKS = (sys.executable, "-m", "perftools_benchmarks")
PATIENCE_S = 60.0
"""For a start on a busy machine."""


class Service(NamedTuple):
    """A service that answers."""

    pid: int
    """Of its root: the only process, or the master."""
    url: str


@contextlib.contextmanager
def reference(form: str, *, workers: int = 1, server: str = "serve", users: int = 20_000) -> Iterator[Service]:
    """The reference service in that form, every worker ready; `server`: our own "serve", "uvicorn" or "gunicorn"."""
    settings = json.dumps({"form": form, "users": users, "allow_tracing": True})
    count = ["--workers", str(workers)]
    if server == "serve":
        command = [*BENCHMARKS, "serve", "--form", form, "--users", str(users), *count]
        command += ["--allow-tracing", "--parent", str(os.getpid())]
        ready = r"listening on (?P<url>\S+) pid"
    elif server == "uvicorn":
        command = [sys.executable, "-m", "uvicorn", "--port", "0", *count]
        command += ["--no-access-log", "--factory", "perftools_benchmarks.asgi:create"]
        ready = r"(?s)(?=.*running on (?P<url>\S+) )" + ".*Application startup complete" * workers
    else:
        command = [sys.executable, "-m", "gunicorn", "--config", str(Path(__file__).with_name("gunicorn_conf.py"))]
        command += ["--bind", "127.0.0.1:0", *count, "perftools_benchmarks.wsgi:create()"]
        ready = r"(?s)Listening at: (?P<url>\S+) " + ".*worker ready" * workers
    with running(command, ready=ready, environment={VARIABLE: settings}) as (process, said):
        yield Service(process.pid, said["url"])


@contextlib.contextmanager
def loaded(service: Service, *, busy: float = 0.5, candidates: int = 500) -> Iterator[None]:
    """Load that keeps `busy` cores of the service busy, running by the time the body begins."""
    command = [*BENCHMARKS, "load", service.url, "--busy", str(busy), "--candidates", str(candidates)]
    command += ["--seconds", "120", "--parent", str(os.getpid())]
    with running(command, ready="sending"):
        yield


@contextlib.contextmanager
def running(
    command: Sequence[str], *, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], re.Match[str]]]:
    """A process that has printed what matches `ready`, and the match; ended with all that it started."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            yield process, _wait(process, output, ready)
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL for what is left of its session's process group."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def line_of(file: str | None, statement: str) -> int:
    """The one line of a source file that holds `statement`."""
    lines = Path(file or "").read_text().splitlines()
    found = [number for number, line in enumerate(lines, 1) if statement in line]
    assert len(found) == 1, (statement, found)
    return found[0]


def children(pid: int) -> list[int]:
    """The child processes of a single-threaded parent, or of its main thread."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def ended(pids: Sequence[int], *, within_s: float = 15) -> bool:
    """Whether all of them end in that time; a zombie has ended."""
    deadline = time.monotonic() + within_s
    while any(map(_runs, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _wait(process: subprocess.Popen[bytes], output: IO[bytes], ready: str) -> re.Match[str]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        text = os.pread(output.fileno(), 1 << 20, 0).decode(errors="replace")
        if match := re.search(ready, text):
            return match
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} is not ready:\n{text}")
        time.sleep(0.05)
