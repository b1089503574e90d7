"""A hardware watchpoint on the collector's `collecting` flag: each start and end of a collection, timed by the kernel.

One event a thread and CPU, one ring a CPU. Nothing wakes us: the rings are read when `drain` is called, every 5 ms.
Each write costs the target a debug exception, and each context switch of a watched thread the debug registers.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.collect.gc import perf_events
from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.pairing import Pairing
from perftools.collect.gc.perf_events import Gap, Ring, Sample
from perftools.record import GcMethod
from perftools.remote.memory import Unreadable

if TYPE_CHECKING:
    from perftools.remote.gc_state import GcState

MAX_DESCRIPTORS = 4096
"""Threads × CPUs: 64 threads on 64 CPUs. Each is an event that the kernel allocates, and again for a thread born."""
_SPARE_DESCRIPTORS = 64
"""Left to the rest of our process."""
_ROUNDS = 8
_GUARD_NS = 100_000
"""Some µs lie between a write and its record: a look at the flag so near to one proves nothing."""
_RELIST_NS = 100_000_000


class TooMany(OSError):
    """Too many threads × CPUs to watch each."""


class NoRight(PermissionError):
    """The kernel does not let us watch the process."""


def open(pid: int, state: GcState) -> Watchpoint:  # noqa: A001 (used as watchpoint.open)
    """Watch a process from now on, threads born later too.

    Raises TooMany, NoRight or another OSError, `strerror` saying why in words; Unreadable where the process is gone.
    """
    watchpoint = Watchpoint(pid, state)
    try:
        with _in_words():
            watchpoint.watch()
    except BaseException:
        watchpoint.close()
        raise
    return watchpoint


class Watchpoint:
    """An Observer; `open` makes one."""

    method: GcMethod = "watchpoint"
    interval_s = 0.005

    def __init__(self, pid: int, state: GcState) -> None:
        self._pid = pid
        self._address, self._size = state.collecting_address, state.collecting_size
        self._flag = state.runtime.memory.window([(self._address, self._size)])
        self._pairing = Pairing(alternating=state.runtime.version < (3, 13, 0))
        self._inherits = True
        self._descriptors: dict[int, list[int]] = {}
        """Thread -> its events."""
        self._rings: dict[int, Ring] = {}
        """CPU -> its ring."""
        self._ends = select.poll()
        self._since_ns = 0
        self._pending: deque[Sample] = deque()
        """Read, but not known to be all up to their time."""
        self._last: Sample | None = None
        self._look: tuple[int, bool] | None = None
        """When the flag was read last, and what it was."""
        self._dropped = 0
        self._relist_ns = 0

    @property
    def lost(self) -> int:
        """Writes to the flag that the kernel dropped, or that could not be paired."""
        return self._dropped + self._pairing.lost

    @property
    def open_since_ns(self) -> int | None:
        """Start of the collection that runs, where it was seen."""
        return self._pairing.start.time_ns if self._pairing.start else None

    @property
    def open_tid(self) -> int | None:
        """The thread that runs it."""
        return self._pairing.start.tid if self._pairing.start else None

    def watch(self) -> None:
        """Open the events of every thread. Raises OSError, Unreadable."""
        cpus = perf_events.online_cpus()
        for _ in range(_ROUNDS):  # a thread may be born of one that is not watched yet
            if not self._add_threads(cpus):
                break
        if not self._descriptors.get(self._pid):
            raise Unreadable("the process has ended", "V-GONE")
        # the first event of the main thread hangs up when the process ends, or executes another program
        self._ends.register(self._descriptors[self._pid][0], 0)
        self._since_ns = self._relist_ns = time.monotonic_ns()
        self._look_at_flag()

    def drain(self) -> list[RawPause]:
        """The collections that have ended, by start. Raises Unreadable where it ended or changed its program."""
        if not self._inherits and time.monotonic_ns() - self._relist_ns > _RELIST_NS:
            self._follow_threads()
        # A write is made with the GIL held, and its record is complete before its thread goes on, so before the next
        # write. What a ring does not show yet is therefore younger than all that was written before we look.
        horizon_ns = time.monotonic_ns()
        gap = self._read_rings()
        pauses = [] if gap else self._use_look(horizon_ns)
        while self._pending and self._pending[0].time_ns <= horizon_ns:
            sample = self._pending.popleft()
            if gap and gap.since_ns < sample.time_ns:
                self._pairing.interrupt()
                gap = None
            pauses += self._add(sample)
        if gap:
            self._pairing.interrupt()
        try:
            if self._ends.poll(0):
                raise Unreadable("the process has ended, or executes another program", "V-GONE")
            self._look_at_flag()
        except Unreadable:
            if not pauses:  # else the next call says it
                raise
        return pauses

    def close(self) -> None:
        """Remove the watchpoint from every thread; idempotent."""
        for ring in self._rings.values():
            ring.close()
        for descriptors in self._descriptors.values():
            for descriptor in descriptors:
                os.close(descriptor)
        self._rings, self._descriptors = {}, {}

    def _add(self, sample: Sample) -> list[RawPause]:
        last = self._last
        if last and (last.tid, last.ip) == (sample.tid, sample.ip) and last.event != sample.event:
            return []  # the same write, of a thread whose own event was opened beside the one that it inherits
        self._last = sample
        return self._pairing.add(sample)

    def _read_rings(self) -> Gap | None:
        """Add what has come to `_pending`, but what lies in a gap; the gap, where there is one."""
        records = [record for ring in self._rings.values() for record in ring.read()]
        samples = [record for record in records if isinstance(record, Sample) and record.time_ns > self._since_ns]
        if samples:
            self._pending = deque(sorted([*self._pending, *samples]))
        gaps = [record for record in records if isinstance(record, Gap)]
        if not gaps:
            return None
        since_ns, until_ns = min(gap.since_ns for gap in gaps), max(gap.until_ns for gap in gaps)
        kept = [sample for sample in self._pending if not since_ns < sample.time_ns <= until_ns]
        dropped = sum(gap.dropped for gap in gaps)
        self._dropped += dropped + len(self._pending) - len(kept)
        self._pending = deque(kept)
        return Gap(since_ns, until_ns, dropped)

    def _look_at_flag(self) -> None:
        value = int.from_bytes(self._flag(), "little")
        if value not in (0, 1):
            raise Unreadable(f"the flag at {self._address:#x} holds {value}", "V-BUILD")
        self._look = (time.monotonic_ns(), bool(value))

    def _use_look(self, now_ns: int) -> list[RawPause]:
        """Confirm what the flag held at the last look, where no write was made around that time."""
        if self._look is None:
            return []
        at_ns, collecting = self._look
        after = self._pending[0].time_ns if self._pending else now_ns
        before = self._last.time_ns if self._last else self._since_ns - _GUARD_NS
        return self._pairing.confirm(collecting) if before + _GUARD_NS <= at_ns < after - _GUARD_NS else []

    def _follow_threads(self) -> None:
        """Where the kernel cannot let new threads inherit: watch them from the next listing on."""
        self._relist_ns = time.monotonic_ns()
        for tid in self._descriptors.keys() - self._threads():
            for descriptor in self._descriptors.pop(tid):
                os.close(descriptor)
        with _in_words():
            self._add_threads(perf_events.online_cpus())

    def _threads(self) -> set[int]:
        try:
            return set(map(int, os.listdir(f"/proc/{self._pid}/task")))
        except FileNotFoundError as error:
            raise Unreadable("the process has ended", "V-GONE") from error

    def _add_threads(self, cpus: list[int]) -> bool:
        """Open the events of the threads that are not watched yet; whether there were any."""
        born = self._threads() - self._descriptors.keys()
        wanted = len(born) * len(cpus)
        free = min(MAX_DESCRIPTORS - sum(map(len, self._descriptors.values())), _descriptors_free() - 2 * len(cpus))
        if wanted > free:
            raise TooMany(errno.EMFILE, f"{len(born)} threads × {len(cpus)} CPUs: only {free} descriptors are left")
        for tid in sorted(born):
            self._descriptors[tid] = []
            with contextlib.suppress(ProcessLookupError):  # it has ended
                for cpu in cpus:
                    self._descriptors[tid].append(self._open_event(tid, cpu))
                    self._to_ring(self._descriptors[tid][-1], cpu)
        return bool(born)

    def _open_event(self, tid: int, cpu: int) -> int:
        attributes = perf_events.watch_writes(self._address, self._size, inherit=self._inherits)
        try:
            return perf_events.open_event(attributes, tid, cpu)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._inherits or self._rings:
                raise
        # An older kernel would let forked processes inherit as well, and programs that they execute: none shall.
        self._inherits = False
        return self._open_event(tid, cpu)

    def _to_ring(self, descriptor: int, cpu: int) -> None:
        if cpu in self._rings:
            self._rings[cpu].take(descriptor)
        else:
            self._rings[cpu] = Ring(descriptor)


def _descriptors_free() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft - len(os.listdir("/proc/self/fd")) - _SPARE_DESCRIPTORS


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Say what an error of perf_event_open means."""
    try:
        yield
    except TooMany:
        raise
    except OSError as error:
        code = error.errno or 0
        kind = {errno.EMFILE: TooMany, errno.ENFILE: TooMany, errno.EACCES: NoRight, errno.EPERM: NoRight}
        raise kind.get(code, OSError)(code, perf_events.in_words(code)) from error
