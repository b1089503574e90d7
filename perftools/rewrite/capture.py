"""Runs any command and records the calls that it makes of one function, in all of its Python processes."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from perftools.rewrite import calls
from perftools.rewrite.calls import Calls
from perftools.rewrite.capturing import hook

_PARTS = Path(__file__).with_name("capturing")
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Captured(NamedTuple):
    """How the command ended, and what was recorded."""

    status: int
    """Its exit code; 128 and the signal's number where a signal ended it, as a shell says it."""
    calls: Calls | None
    why_not: str
    """Why nothing was recorded; "" where something was."""


def is_target(text: str) -> bool:
    """Is it MODULE:FUNCTION, or MODULE:Class.method?"""
    return _TARGET.fullmatch(text) is not None


def capture(target: str, command: Sequence[str]) -> Captured:
    """Run a command to its end in the foreground. Raises OSError where it cannot be run.

    The recording reaches every Python that reads PYTHONPATH, children of any kind included.
    """
    with tempfile.TemporaryDirectory(prefix="perftools-capture-") as folder:
        for name in ("sitecustomize.py", "hook.py"):
            shutil.copyfile(_PARTS / name, os.path.join(folder, name))
        Path(folder, "target").write_text(target, encoding="utf-8")
        records = Path(folder, "calls")
        records.mkdir(mode=0o700)
        known = os.environ.get("PYTHONPATH")
        path = f"{folder}{os.pathsep}{known}" if known else folder
        # no .pyc: the folder is gone in a moment
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, preexec_fn=_bound())  # noqa: PLW1509
        with _passed_on(process):
            status = process.wait()
        files = sorted(records.iterdir())
        contents = [content for content in map(_content, files) if content.startswith(hook.MAGIC)]
    status = status if status >= 0 else 128 - status
    if not contents:
        return Captured(status, None, f"no Python of the command imported {target.partition(':')[0]}")
    try:
        found = calls.decode(contents, torn=True)
    except ValueError as error:
        return Captured(status, None, f"what was recorded cannot be read: {error}")
    return Captured(status, found, _why_not(found))


def _why_not(found: Calls) -> str:
    if found.calls:
        return ""
    if found.start.refused:
        return f"calls of {found.function} cannot be recorded: {found.start.refused}"
    if found.seen:
        return f"none of {found.seen} calls of {found.function} could be recorded: their values are too large"
    return f"{found.function} was imported and never called through its module's name"


def _content(path: Path) -> bytes:
    """A process's file as far as it may reach; empty where it is no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(hook.MOST_FILE_BYTES)
    except OSError:
        return b""


@contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """What would end us ends the command, and we outlive it to gather what was recorded."""

    def pass_on(number: int, _frame: object) -> None:
        if number != signal.SIGINT or not _at_terminal():  # a terminal interrupts the command itself
            process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _at_terminal() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _bound() -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork nothing may be loaded
    parent = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # we died before the kernel knew of the bond
            os._exit(1)

    return bind
