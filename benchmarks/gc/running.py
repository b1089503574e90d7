"""Runs the target: on any Python, quiet or beside programs that want every CPU."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .compare import Known
from .pythons import Python

TARGET = Path(__file__).with_name("target.py")
_HOG = "import ctypes; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)\nwhile True: pass"  # PR_SET_PDEATHSIG, SIGKILL


class Truth(NamedTuple):
    """What one process knows of its own collections."""

    pauses: list[Known]
    unseen_ns: int
    """How much longer each was than its callbacks can see."""
    child: int | None


class Target:
    """A started target; `say` and `hear` are one line each."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.pid = process.pid
        self.process = process
        self._folder = folder

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Raises RuntimeError where it has ended."""
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"the target ended ({self.process.wait()})")
        return line.strip()

    def truth(self, pid: int | None = None) -> Truth:
        """Its own or its child's, once it has said "done"."""
        told = json.loads((self._folder / f"{pid or self.pid}.json").read_text())
        pauses = [Known(*row) for row in told["pauses"]]
        return Truth(pauses, told["unseen_ns"], told["child"])


@contextlib.contextmanager
def target(python: Python, folder: Path, kind: str, *arguments: object, prefix: Sequence[str] = ()) -> Iterator[Target]:
    """It is ready, and killed in the end. `prefix`: a command that runs another one."""
    command = [*prefix, python.executable, str(TARGET), kind, *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **python.environment},
        start_new_session=True,
    )
    with process:
        try:
            started = Target(process, folder)
            started.hear()
            yield started
        finally:
            process.kill()


@contextlib.contextmanager
def hogs(count: int) -> Iterator[None]:
    """So many programs that want a CPU each, without a pause."""
    programs = [subprocess.Popen([sys.executable, "-c", _HOG]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()
