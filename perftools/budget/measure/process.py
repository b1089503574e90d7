"""Programs of the project, run under `supervise.py`: no shell, bounded in time and output, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from perftools.record import Part

_SUPERVISE = str(Path(__file__).with_name("supervise.py"))
_START_S = 30.0
_END_S = 20.0
"""The supervisor's own grace, and what it takes to kill many processes."""
_MOST_BYTES = 4 << 20
"""Two tails of 64 KiB in JSON, where each character may be written as six."""


class Ended(Part, frozen=True):
    """What became of a program: `supervise.Report`."""

    status: int | None
    timed_out: bool
    stdout: str
    stderr: str
    max_rss_bytes: int
    cpu_s: float

    @property
    def last_words(self) -> str:
        """What it said last, as one line of printable text."""
        if self.timed_out:
            return "its time was over"
        said = next(
            (line for text in (self.stderr, self.stdout) for line in reversed(text.splitlines()) if line.strip()), ""
        )
        return printable(said) or f"exit code {self.status}"


class _Started(Part, frozen=True):
    pid: int = 0
    error: str = ""


class Running:
    """A program that runs; whoever starts it stops it, in whatever way he ends."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        timeout_s: float,
        traceable: bool = False,
    ) -> None:
        """Start it, in a session of its own. Raises OSError where it cannot be run.

        `traceable`: siblings may read its memory where Yama (ptrace_scope 1) allows it to ancestors alone. It dies with
        the thread that starts it, so that must be one that lives as long as it is needed.
        """
        reader, writer = os.pipe()
        try:
            head = [sys.executable, "-I", "-S", _SUPERVISE, str(os.getpid()), str(writer), str(timeout_s)]
            self._supervisor = subprocess.Popen(
                [*head, "1" if traceable else "0", *argv],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(writer,),
                start_new_session=True,
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._reader = reader
        self._held = b""
        self._ended: Ended | None = None
        self._deadline_s = time.monotonic() + timeout_s + _END_S
        try:
            started = self._started()
        except BaseException:
            self.stop()
            raise
        self.pid = started.pid
        if started.error:
            self.stop()
            raise OSError(f"{argv[0]}: {started.error}")

    def over(self) -> bool:
        """Whether it has ended."""
        return self._ended is not None or self._supervisor.poll() is not None

    def finish(self) -> Ended:
        """Wait for its end."""
        if self._ended is None:
            self._read(self._deadline_s, whole=True)
            self._close()
        assert self._ended
        return self._ended

    def stop(self) -> Ended:
        """End it: in order where it can do that within a few seconds. Idempotent."""
        if self._ended is None:
            with undisturbed():
                self._supervisor.send_signal(signal.SIGTERM)  # nothing where it has been reaped
                self._read(time.monotonic() + _END_S, whole=True)
                self._close()
        assert self._ended
        return self._ended

    def _started(self) -> _Started:
        self._read(time.monotonic() + _START_S, whole=False)
        first, newline, self._held = self._held.partition(b"\n")
        return msgspec.json.decode(first, type=_Started) if newline else _Started(error="does not start")

    def _read(self, deadline_s: float, *, whole: bool) -> None:
        """Read up to the first newline, or the whole."""
        while (whole or b"\n" not in self._held) and len(self._held) < _MOST_BYTES:
            ready, _, _ = select.select([self._reader], [], [], max(0.0, deadline_s - time.monotonic()))
            part = os.read(self._reader, 1 << 16) if ready else b""
            if not part:
                return
            self._held += part

    def _close(self) -> None:
        os.close(self._reader)
        if self._supervisor.poll() is None:
            try:
                self._supervisor.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()  # its program dies with it
                self._supervisor.wait()
        try:
            self._ended = msgspec.json.decode(self._held, type=Ended)
        except msgspec.DecodeError:  # it was killed
            self._ended = Ended(None, False, "", "its supervisor was killed", 0, 0.0)


def run(argv: Sequence[str], *, folder: Path, environment: Mapping[str, str], timeout_s: float) -> Ended:
    """Run a program to its end. Raises OSError where it cannot be run."""
    started = Running(argv, folder=folder, environment=environment, timeout_s=timeout_s)
    try:
        return started.finish()
    finally:
        started.stop()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and requests to end, for as long as tidying up takes; they are heard afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    heard = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}
    for each in heard:  # no mask: a signal would come to another thread, and from there to this one
        signal.signal(each, lambda number, _: waiting.append(number))
    try:
        yield
    finally:
        for each, handler in heard.items():
            signal.signal(each, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)


def printable(text: str, most: int = 200) -> str:
    """Text of others for a message of ours: one line, no control characters, at most so long."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line if len(line) <= most else f"{line[: most - 1]}…"
