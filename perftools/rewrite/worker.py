"""Runs one of our modules in a process of its own: bounded in time and memory, and dead as soon as we are."""

from __future__ import annotations

import ctypes
import os
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_TAIL = 2000
_MOST_OUTPUT = 64 << 20


class Ended(NamedTuple):
    """What a worker left behind."""

    output: bytes
    """What it wrote to the descriptor that its last argument names."""
    errors: str
    """The end of its stderr."""
    status: int | None
    """Exit code or negative signal; None where its time was over."""


def run(
    module: str,
    job: bytes,
    *,
    environment: Mapping[str, str],
    timeout_s: float,
    memory_bytes: int | None = None,
    options: Sequence[str] = ("-P",),
) -> Ended:
    """Run `python -m module FD` with the job on stdin, and gather what it writes to that descriptor.

    Its stdout is thrown away: what it runs may print. Whatever it started ends with it.
    """
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        stdin.write(job)
        stdin.seek(0)
        reader, writer = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, *options, "-m", module, str(writer)],
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=(writer,),
                env=environment,
                start_new_session=True,
                # calls the kernel only: takes no lock that another thread may hold at the fork
                preexec_fn=_bound(memory_bytes),  # noqa: PLW1509
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        try:
            output, in_time = _read(reader, time.monotonic() + timeout_s)
            if in_time:
                try:
                    process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    in_time = False
        finally:
            os.close(reader)
            _end(process)
        stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - _TAIL))
        errors = stderr.read(_TAIL).decode("utf-8", "replace")
    return Ended(output, errors, process.returncode if in_time else None)


def _read(descriptor: int, deadline_s: float) -> tuple[bytes, bool]:
    """Everything up to the end, and whether that came in time."""
    parts: list[bytes] = []
    held = 0
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while held <= _MOST_OUTPUT:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not selector.select(left_s):
                return b"".join(parts), False
            part = os.read(descriptor, 1 << 16)
            if not part:
                return b"".join(parts), True
            parts.append(part)
            held += len(part)
    return b"".join(parts), False


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # its own children too, where it has ended itself
    process.wait()


def _bound(memory_bytes: int | None) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork nothing may be loaded
    parent = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # we died before the kernel knew of the bond
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    return bind
