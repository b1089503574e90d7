"""Runs one program, and ends it with all that it started: `python supervise.py PARENT FD SECONDS TRACEABLE ARGV…`.

It is a process of its own so that nothing outlives the tool, whatever ends that: it hears of the death of its parent
(PR_SET_PDEATHSIG), and orphans of the program become its own children (PR_SET_CHILD_SUBREAPER), so that none can slip
away. To the descriptor FD go two lines of JSON: {"pid": …} or {"error": …} at once, and `Report` in the end.
SIGTERM ends the program, in order if it can do that within the grace.

Only the standard library is imported: it starts in 20 ms, and its memory is not counted as the program's (ru_maxrss
survives execve(2), so that a child forked from a large process would inherit its peak).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TypedDict

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_PTRACER = 1, 36, 0x59616D61  # <linux/prctl.h>
_GRACE_S = 3.0
_UNKILLABLE_S = 10.0
"""After that a process that the kernel holds is given up."""
_TAIL_BYTES = 64 << 10
_PIPE_BYTES = 64 << 10
_MOST_READS = 16
"""Before the clock is looked at again: it may write as fast as we read."""


class Report(TypedDict):
    """What became of the program."""

    status: int | None
    """Exit code, or the negative number of the signal; None where we ended it."""
    timed_out: bool
    stdout: str
    stderr: str
    """The last 64 KiB of each."""
    max_rss_bytes: int
    """Of the largest of its processes (ru_maxrss)."""
    cpu_s: float
    """User and system time of all of them."""


class _Program:
    """The program, its output so far and what its processes used."""

    def __init__(self, argv: list[str], *, traceable: bool) -> None:
        prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork nothing may be loaded

        def bind() -> None:
            prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
            if traceable:  # by siblings too, where Yama lets ancestors alone (ptrace_scope 1)
                prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=bind,  # noqa: PLW1509 (calls the kernel only, in a process of one thread)
        )
        assert self._process.stdout
        assert self._process.stderr
        self.pid = self._process.pid
        self.status: int | None = None
        self.max_rss_bytes = 0
        self.cpu_s = 0.0
        self.tails = {self._process.stdout.fileno(): bytearray(), self._process.stderr.fileno(): bytearray()}
        self.open = set(self.tails)
        for descriptor in self.tails:
            os.set_blocking(descriptor, False)

    def read(self) -> None:
        """Take what it has written; the oldest is forgotten."""
        for descriptor in tuple(self.open):
            tail = self.tails[descriptor]
            with contextlib.suppress(BlockingIOError):
                for _ in range(_MOST_READS):
                    part = os.read(descriptor, _PIPE_BYTES)
                    if not part:
                        self.open.discard(descriptor)
                        break
                    tail += part
                    del tail[:-_TAIL_BYTES]

    def reap(self) -> bool:
        """Collect those of its processes that have ended; False where none is left."""
        while True:
            try:
                pid, status, usage = os.wait3(os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            self.max_rss_bytes = max(self.max_rss_bytes, usage.ru_maxrss << 10)
            self.cpu_s += usage.ru_utime + usage.ru_stime
            if pid == self.pid:
                self.status = self._process.returncode = os.waitstatus_to_exitcode(status)

    def end(self) -> None:
        """Kill whatever is left of it."""
        give_up_s = time.monotonic() + _UNKILLABLE_S
        while self.reap() and time.monotonic() < give_up_s:
            for pid in _descendants():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
        self.read()


def main() -> None:
    parent, out, seconds, traceable = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "1"
    os.set_inheritable(out, False)
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM), 0, 0, 0)
    prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)
    waking, wake = os.pipe()
    for descriptor in (waking, wake):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if os.getppid() != parent:  # it died before the kernel knew of the bond
        return
    try:
        program = _Program(sys.argv[5:], traceable=traceable)
    except OSError as error:
        _write(out, {"error": error.strerror or str(error)})
        return
    _write(out, {"pid": program.pid})
    timed_out = _watch(program, waking, asked, time.monotonic() + seconds)
    status = program.status  # before we kill it, which is no end of its own
    program.end()
    stdout, stderr = (bytes(tail).decode(errors="replace") for tail in program.tails.values())
    report: Report = {
        "status": status,
        "timed_out": timed_out,
        "stdout": stdout,
        "stderr": stderr,
        "max_rss_bytes": program.max_rss_bytes,
        "cpu_s": program.cpu_s,
    }
    _write(out, report)


def _watch(program: _Program, waking: int, asked: list[int], deadline_s: float) -> bool:
    """Until the program ends, is to end, or its time is over; whether it was that."""
    give_up_s = None
    while True:
        alive = program.reap()
        program.read()
        now = time.monotonic()
        if program.status is not None or not alive:
            return False
        if asked and give_up_s is None:
            give_up_s = now + _GRACE_S
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, signal.SIGTERM)
        if give_up_s is not None and now >= give_up_s:
            return False
        if now >= deadline_s:
            return True
        until_s = deadline_s if give_up_s is None else min(deadline_s, give_up_s)
        select.select([waking, *program.open], [], [], max(0.0, until_s - now))
        with contextlib.suppress(BlockingIOError):
            os.read(waking, 4096)


def _descendants() -> Iterator[int]:
    """Every process below this one."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as stat:
                # "PID (COMM) STATE PPID …" (proc(5)); the name may hold anything
                parents.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    below = [os.getpid()]
    for pid in below:
        below += parents.get(pid, [])
    yield from below[1:]


def _write(descriptor: int, message: object) -> None:
    """Whole, whatever its length; nobody need listen any more."""
    text = memoryview(json.dumps(message).encode() + b"\n")
    with contextlib.suppress(BrokenPipeError):
        while text:
            text = text[os.write(descriptor, text) :]


if __name__ == "__main__":
    main()
