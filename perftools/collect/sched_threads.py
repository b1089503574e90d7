"""One thread, followed over the span: its scheduler's counters, and how often it waited for the GIL."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import NamedTuple

from perftools.collect.gil_waiters import futex_numbers, waits_in
from perftools.record import ThreadSched

LATELY_S = 1.0
"""A thread that has not run for so long does not wait for the GIL: who does wakes every 5 ms."""
_LONGEST = 16384
_NS = 1e-9
_STATUS = re.compile(
    rb"\AName:\t(.*)\n(?:.*\n)*?State:\t(\w)(?:.*\n)*?"
    rb"voluntary_ctxt_switches:\t(\d+)\nnonvoluntary_ctxt_switches:\t(\d+)"
)


class Counters(NamedTuple):
    """Since the thread began."""

    run_ns: int = 0
    wait_ns: int = 0
    voluntary: int = 0
    involuntary: int = 0


class _ThreadFile:
    """A file of one thread that is read again and again: several times cheaper where it is held open."""

    __slots__ = ("_descriptor", "_folder", "_held", "_path")

    def __init__(self, folder: int, path: str, *, held: bool) -> None:
        self._folder, self._path, self._held = folder, path, held
        self._descriptor: int | None = None

    def read(self) -> bytes:
        """Its text. Raises OSError: the thread has ended, or we have no right."""
        if self._descriptor is not None:
            return os.pread(self._descriptor, _LONGEST, 0)
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        if self._held:
            self._descriptor = descriptor
            return os.pread(descriptor, _LONGEST, 0)
        try:
            return os.read(descriptor, _LONGEST)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class ThreadWatch:
    """Follows one thread, from `begin` on.

    `folder` is a descriptor of its process's /proc/PID/task. `area` is where it stands when it waits for the GIL; None
    where that is not looked at. `held`: keep its files open.
    """

    __slots__ = (
        "_area",
        "_before",
        "_changed_s",
        "_counters",
        "_futex",
        "_line",
        "_schedstat",
        "_status",
        "_syscall",
        "gil_waits",
        "looks",
        "name",
        "tid",
    )

    def __init__(self, folder: int, tid: str, area: range | None, *, held: bool) -> None:
        self.tid = int(tid)
        self.name = ""
        self.looks = self.gil_waits = 0
        self._area = area
        self._futex = futex_numbers()
        self._schedstat = _ThreadFile(folder, f"{tid}/schedstat", held=held)
        self._syscall = _ThreadFile(folder, f"{tid}/syscall", held=held)
        self._status = _ThreadFile(folder, f"{tid}/status", held=False)
        self._line = b""
        self._changed_s = 0.0
        self._before = self._counters = Counters()

    def begin(self, now_s: float, *, born: bool) -> bool:
        """Read its counters for the first time, False where it has ended; one `born` within the span has all anew."""
        self.survey()
        if not self.count(now_s):
            return False
        self._before = Counters() if born else self._counters
        return True

    def count(self, now_s: float) -> bool:
        """Read its counters; False where it has ended, also where another thread has its id now."""
        try:
            line = self._schedstat.read()
            if line != self._line:
                run, wait, _ = line.split()
                run_ns, wait_ns = int(run), int(wait)
                if run_ns < self._counters.run_ns:
                    return False
                self._line, self._changed_s = line, now_s
                self._counters = self._counters._replace(run_ns=run_ns, wait_ns=wait_ns)
        except (OSError, ValueError):
            return False
        return True

    def look(self, weight: int) -> None:
        """See whether it waits for the GIL; this look stands for so many."""
        if self._area is not None:
            with suppress(OSError):
                self.gil_waits += weight * waits_in(self._area, self._syscall.read(), self._futex)
                self.looks += weight

    def ran_lately(self, now_s: float) -> bool:
        return now_s - self._changed_s <= LATELY_S

    def survey(self) -> bool:
        """Read its name and its switches; whether it sleeps uninterruptibly."""
        with suppress(OSError):
            match = _STATUS.search(self._status.read())
            if match:
                self.name = match[1].decode(errors="replace")
                self._counters = self._counters._replace(voluntary=int(match[3]), involuntary=int(match[4]))
                return match[2] == b"D"
        return False

    def result(self, pid: int) -> ThreadSched | None:
        """What it did since the span's start; None where it neither ran nor waited."""
        run_ns, wait_ns, voluntary, involuntary = (
            max(now - before, 0) for now, before in zip(self._counters, self._before, strict=True)
        )
        if not run_ns and not wait_ns:
            return None
        return ThreadSched(
            pid=pid,
            tid=self.tid,
            name=self.name,
            run_s=run_ns * _NS,
            wait_s=wait_ns * _NS,
            voluntary=voluntary,
            involuntary=involuntary,
            looks=self.looks,
            gil_waits=self.gil_waits,
        )

    def close(self) -> None:
        """Let go of its files; what was counted stays."""
        self._schedstat.close()
        self._syscall.close()
