"""The keeper, seen from the tool: started, told when to end, listened to."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import Self

from perftools.collect import child
from perftools.collect.allocations import debuggers
from perftools.collect.allocations.folder import MOST_BYTES
from perftools.collect.allocations.orders import Order, Report
from perftools.collect.allocations.preflight import Plan
from perftools.collect.messages import Nonsense, Reader, write

_PROGRAM = "perftools.collect.allocations.keeper"


class Visit:
    """The keeper at work. It goes on by itself when this ends early: it must not be killed."""

    def __init__(self, found: Plan, span_s: float) -> None:
        self.span_s = span_s
        self.capture = -1
        """The capture file, once the keeper has sent it."""
        self._order, self._output, self._log = map(child.memory_file, ("order", "reports", "log"))
        self._leash, theirs = socket.socketpair()
        self._leash.setblocking(False)
        order = Order(
            pid=found.worker.pid,
            start_ticks=found.worker.start_ticks,
            base=found.base,
            uid=found.uid,
            gid=found.gid,
            span_s=span_s,
            most_bytes=MOST_BYTES,
        )
        write(self._order, order)
        self._reader = Reader(self._output)
        self.report: Report | None = None
        """The latest."""
        with theirs:
            descriptors = (self._order, theirs.fileno(), self._output)
            self._keeper = subprocess.Popen(
                (sys.executable, "-P", "-m", _PROGRAM, *map(str, descriptors)),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=descriptors,
                env=child.python_environment() | {"PATH": debuggers.PATH},
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leash.close()
        for descriptor in (self._order, self._output, self._log, self.capture):
            if descriptor >= 0:
                os.close(descriptor)

    def step(self) -> bool:
        """Take in what the keeper says; whether it has ended."""
        ended = self._keeper.poll() is not None
        with contextlib.suppress(Nonsense):
            for report in self._reader.read(Report):
                self.report = report
        if self.capture < 0:
            with contextlib.suppress(OSError):
                _, descriptors, _, _ = socket.recv_fds(self._leash, 64, 1)
                self.capture = descriptors[0] if descriptors else -1
        return ended

    def let_go(self) -> None:
        """Ask the keeper to take memray out now; it does so after an errand that is under way."""
        with contextlib.suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)

    def last_words(self) -> str:
        """The last line that the keeper wrote."""
        lines = os.pread(self._log, 1 << 16, 0).decode(errors="replace").strip().splitlines()
        return "".join(char for char in lines[-1] if char.isprintable())[:200] if lines else "it said nothing"
