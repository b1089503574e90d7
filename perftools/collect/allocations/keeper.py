"""The program that lets memray into a worker and takes it out again, whatever becomes of the tool.

    python -P -m perftools.collect.allocations.keeper ORDER LEASH REPORTS

All three are numbers of inherited descriptors: the order is read once, reports are appended, and the leash is a socket
that tells when to end: its other end is closed, by the tool or by the tool's death. The capture file's descriptor is
sent through it.

A debugger that is killed half-way can leave the process stopped. So nothing kills one: the keeper has a session of its
own, ignores the signals that ask it to end, and has no time limit; `rescue.py` asks gdb to let go of a process that
does nothing. Where the keeper itself is killed (SIGKILL, a container that ends), a timer inside the target ends it.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import msgspec

from perftools.collect.allocations.folder import Folder
from perftools.collect.allocations.orders import Cut, Halt, Order, Report
from perftools.collect.allocations.rescue import PATIENCE_S, Rescue
from perftools.collect.allocations.stall import LOOK_S, Watch
from perftools.collect.child import cpu_time_s, memory_file
from perftools.collect.messages import Reader, write
from perftools.target.proc import HOST

SPARE_S = 20
"""So long after the planned end, tracking ends by itself (`memray attach --duration`)."""
NICE = -10
IDLE = f"it did nothing for {PATIENCE_S:.0f} s, and so came to no place where memray can get in; send it requests"
_MEMRAY = (sys.executable, "-P", "-m", "perftools.collect.allocations.letting_in")
_GDB = ("--method", "gdb")
_CHECK_S = 0.05
UNMAPPED_S = 5.0
"""How long the tracker may take to let go of the capture file."""
_LONGEST_WORDS = 300


class Keeper:
    """One visit to one process."""

    def __init__(self, order: Order, leash: socket.socket, output: int) -> None:
        self._order = order
        self._leash = leash
        self._output = output
        self._report = Report(stage="attaching")
        self._path = ""

    def run(self) -> None:
        """Let memray in, wait, take it out. Raises OSError where there is no place for the capture file."""
        order, capture = self._order, -1
        folder = Folder.make(order.pid, order.base, order.uid, order.gid)
        self._path = folder.path
        try:
            self._tell()
            duration = str(math.ceil(order.span_s) + SPARE_S)
            halt, failed = self._errand("attach", "--output", folder.path, "--no-compress", "--duration", duration)
            try:
                capture = folder.open()
            except OSError:
                failed = failed or "it wrote no capture file"
        finally:
            folder.remove()
        self._tell(attach=halt, failed=failed)
        if not failed:
            self._tell(stage="tracking")
            self._track(capture)
        if self._is_there() and (not failed or self._is_tracked()):
            self._tell(stage="detaching")
            halt, words = self._errand("detach")
            ended = self._wait_untracked(
                SPARE_S + UNMAPPED_S if words else UNMAPPED_S
            )  # by its own timer, at the latest
            self._tell(detach=halt, failed=failed or ("" if ended else words))
        self._tell(stage="ended", left=self._left(), spent_s=_spent_s())

    def _tell(self, **changes: Any) -> None:
        self._report = msgspec.structs.replace(self._report, **changes)
        write(self._output, self._report)

    def _errand(self, verb: str, *options: str) -> tuple[Halt, str]:
        """Run `memray VERB` to its end, looking at the process meanwhile; and what it said where it failed."""
        command = [*_MEMRAY, verb, *_GDB, *options, str(self._order.pid)]
        log = memory_file("memray")
        try:
            watch = Watch(self._order.pid)
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
                rescue = Rescue(self._order.pid, process.pid)
                while process.poll() is None:
                    watch.look()
                    rescue.look(halted=watch.halted)
                    time.sleep(LOOK_S)
            watch.look()
            words = last_words(os.pread(log, 1 << 16, 0)) if process.returncode else ""
            return watch.close(), IDLE if words and rescue.asked else words
        except OSError as error:
            return Halt(), f"{verb}: {error.strerror}"
        finally:
            os.close(log)

    def _track(self, capture: int) -> None:
        """Until the time is over, the file is large, the process has ended, or the leash is let go."""
        order = self._order
        cut: Cut = ""
        with contextlib.suppress(OSError):  # the tool may have ended
            socket.send_fds(self._leash, [b"capture"], [capture])
        start_s, before = time.monotonic(), self._cpu_s()
        while not cut and time.monotonic() < start_s + order.span_s:
            told, _, _ = select.select([self._leash], [], [], _CHECK_S)
            if told:
                cut = "asked"
            elif os.fstat(capture).st_size > order.most_bytes:
                cut = "large"
            elif not self._is_there():
                cut = "gone"
        self._tell(
            span_s=time.monotonic() - start_s,
            cpu_s=max(0.0, self._cpu_s() - before),
            capture_bytes=os.fstat(capture).st_size,
            cut=cut,
        )

    def _is_there(self) -> bool:
        stat = HOST.stat(self._order.pid)
        return stat is not None and stat.start_ticks == self._order.start_ticks and stat.state not in "ZX"

    def _cpu_s(self) -> float:
        try:
            return cpu_time_s(self._order.pid)
        except OSError:  # it has ended
            return 0.0

    def _is_tracked(self) -> bool:
        """Whether the process still writes the capture file: the name of its folder is like no other."""
        return self._path in HOST.text(f"proc/{self._order.pid}/maps", 16 << 20)

    def _wait_untracked(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while self._is_tracked():
            if time.monotonic() > deadline:
                return False
            time.sleep(_CHECK_S)
        return True

    def _left(self) -> str:
        """What is wrong with the process now. One that was left stopped is let go: only our debugger stopped it."""
        if not self._is_there():
            return "it has ended"
        status = HOST.status(self._order.pid)
        if status.get("State", "")[:1] == "T" and status.get("TracerPid") == "0":
            with contextlib.suppress(OSError):
                os.kill(self._order.pid, signal.SIGCONT)
            time.sleep(_CHECK_S)
            status = HOST.status(self._order.pid)
        if status.get("TracerPid", "0") != "0":
            return f"process {status['TracerPid']} traces it"
        if status.get("State", "")[:1] in ("t", "T"):
            return f"it is stopped (state {status['State']})"
        return "memray is still in it" if self._is_tracked() else ""


def _spent_s() -> float:
    """CPU seconds of this program and of all that it has started."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def last_words(said: bytes) -> str:
    """The end of what memray printed, on one line of printable characters."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    text = "".join(char for char in " ".join(lines[-3:]) if char.isprintable())
    return text[-_LONGEST_WORDS:] or "it said nothing"


def main(arguments: list[str]) -> int:
    """Run the order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # as root: the worker stands still while the debugger waits for a CPU
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        with open("/proc/self/autogroup", "w") as group:  # sched(7): else nice counts within our session alone
            group.write(str(NICE))
    descriptor, leash, output = map(int, arguments)
    (order,) = Reader(descriptor).read(Order)
    with socket.socket(fileno=leash) as tool:
        Keeper(order, tool, output).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
