"""perf_event_open(2) without a library: a hardware watchpoint, its records in one ring a CPU, errors in words.

The structures are those of <linux/perf_event.h>; the man page perf_event_open(2) describes them.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from perftools.target.proc import HOST

_SYSCALL = {"x86_64": 298, "aarch64": 241}  # asm/unistd_64.h, asm-generic/unistd.h
_FLAG_FD_CLOEXEC = 8
_TYPE_BREAKPOINT = 5
_BREAKPOINT_WRITE = 2  # HW_BREAKPOINT_W, <linux/hw_breakpoint.h>
_SAMPLE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6  # PERF_SAMPLE_IP, TID, TIME, ID
_INHERIT = 1 << 1
_EXCLUDE_KERNEL, _EXCLUDE_HYPERVISOR = 1 << 5, 1 << 6
_WATERMARK = 1 << 14
_SAMPLE_ID_ALL = 1 << 18
_USE_CLOCKID = 1 << 25
_INHERIT_THREAD, _REMOVE_ON_EXEC = 1 << 35, 1 << 36
_ATTRIBUTES = struct.Struct("<IIQQQQQIIQQQQIiQIHH")
"""struct perf_event_attr up to PERF_ATTR_SIZE_VER5, which Linux 4.1 knows (since when there is use_clockid)."""
_IOC_SET_OUTPUT = 0x2405  # _IO('$', 5)

_RECORD_LOST, _RECORD_THROTTLE, _RECORD_SAMPLE = 2, 5, 9
_HEADER = struct.Struct("<IHH")  # type, misc, size
_SAMPLE_BODY = struct.Struct("<QIIQQ")  # ip, pid, tid, time, id
_LOST_BODY = struct.Struct("<QQIIQQ")  # id, lost; of sample_id_all: pid, tid, time, id
_BODY_SIZES = {_RECORD_SAMPLE: _SAMPLE_BODY.size, _RECORD_LOST: _LOST_BODY.size}
_LONGEST = _HEADER.size + _LOST_BODY.size
_ROOM = 2 * _LONGEST
"""With less room than a sample and the note of a loss before it need, the kernel may have dropped a record."""
_RING_BYTES = 32 << 10
"""Of one CPU: 800 samples. perf_event_mlock_kb lets an ordinary user lock 516 KiB a CPU, in all processes together."""
_HEAD, _TAIL = 1024 // 8, 1032 // 8
"""data_head and data_tail in struct perf_event_mmap_page, in units of eight bytes."""


class Sample(NamedTuple):
    """The watched memory was written. CLOCK_MONOTONIC; `tid` as our pid namespace counts."""

    time_ns: int
    tid: int
    ip: int
    """Address of the instruction: of the one after the store on x86-64, of the store on aarch64."""
    event: int
    """The event that was opened: what a thread inherits reports under its parent's."""


class Gap(NamedTuple):
    """Records are missing between two times."""

    since_ns: int
    until_ns: int
    dropped: int
    """As far as the kernel says; 0 where it may have dropped some and will say so in a later record."""


def watch_writes(address: int, size: int, *, inherit: bool) -> bytes:
    """A perf_event_attr: a sample for each write to `size` bytes at `address` by user code, and no wake-up.

    With `inherit` threads born later are watched too and forked processes are not; an exec ends it (Linux 5.13).
    """
    flags = _EXCLUDE_KERNEL | _EXCLUDE_HYPERVISOR | _WATERMARK | _SAMPLE_ID_ALL | _USE_CLOCKID
    if inherit:
        flags |= _INHERIT | _INHERIT_THREAD | _REMOVE_ON_EXEC
    period, watermark = 1, 0xFFFFFFFF
    return _ATTRIBUTES.pack(
        _TYPE_BREAKPOINT, _ATTRIBUTES.size, 0, period, _SAMPLE, 0, flags, watermark, _BREAKPOINT_WRITE, address, size,
        0, 0, 0, time.CLOCK_MONOTONIC, 0, 0, 0, 0,
    )  # fmt: skip


def open_event(attributes: bytes, tid: int, cpu: int) -> int:
    """The descriptor of an event of one thread on one CPU. Raises OSError, its errno perf_event_open's."""
    number = _SYSCALL.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, f"perf events are not known on {os.uname().machine}")
    no_group = -1
    descriptor = _syscall()(
        ctypes.c_long(number), attributes, ctypes.c_int(tid), ctypes.c_int(cpu), ctypes.c_int(no_group),
        ctypes.c_ulong(_FLAG_FD_CLOEXEC),
    )  # fmt: skip
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor


@functools.cache
def _syscall() -> Callable[..., int]:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return function


def in_words(code: int) -> str:
    """What an errno of perf_event_open(2), or of mapping a ring, means to the engineer who reads it."""
    filtered = HOST.status("self").get("Seccomp") == "2"
    if code in (errno.EACCES, errno.EPERM):
        if _permitted_on_ourselves():
            return "perf events not permitted for a process of this owner"
        if filtered:
            return "perf events not permitted (a seccomp filter, as containers have it)"
        paranoid = HOST.text("proc/sys/kernel/perf_event_paranoid", 16).strip()
        return f"perf events not permitted (perf_event_paranoid = {paranoid})"
    if code == errno.ENOSYS:
        return "this kernel has no perf events" + (", or a seccomp filter hides them" if filtered else "")
    if code in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return "this machine has no hardware breakpoints (some virtual machines do not)"
    reasons = {
        errno.ENOSPC: "no debug register is free (a debugger may hold them)",
        errno.EMFILE: "too many open files (ulimit -n)",
        errno.ENFILE: "too many open files on this machine",
        errno.ENOMEM: "the kernel has no memory for perf events",
        errno.EINVAL: "this kernel knows no such perf event",
    }
    return reasons.get(code, f"perf events: {os.strerror(code)}")


def _permitted_on_ourselves() -> bool:
    ourselves, any_cpu = 0, -1
    try:
        os.close(open_event(watch_writes(mmap.PAGESIZE, 4, inherit=False), ourselves, any_cpu))
    except OSError:
        return False
    return True


def online_cpus() -> list[int]:
    """Their numbers. The format of the list: cpuset(7)."""
    numbers: list[int] = []
    for piece in HOST.text("sys/devices/system/cpu/online").strip().split(","):
        first, _, last = piece.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def parse(data: bytes, last_ns: int, now_ns: int) -> Iterator[Sample | Gap]:
    """The records in `data`; what does not fit ends them with a Gap.

    `last_ns` is the time of the record before them, `now_ns` that of the read.
    """
    at = 0
    while at < len(data):
        kind, size = 0, 0
        if len(data) - at >= _HEADER.size:
            kind, _, size = _HEADER.unpack_from(data, at)
        body, end = at + _HEADER.size, at + size
        if end < body + _BODY_SIZES.get(kind, 0) or end > len(data):
            yield Gap(last_ns, now_ns, 1)
            return
        if kind == _RECORD_SAMPLE:
            ip, _, tid, last_ns, event = _SAMPLE_BODY.unpack_from(data, body)
            yield Sample(last_ns, tid, ip, event)
        elif kind == _RECORD_LOST:
            _, count, _, _, until_ns, _ = _LOST_BODY.unpack_from(data, body)
            yield Gap(last_ns, until_ns, count)
            last_ns = until_ns
        elif kind == _RECORD_THROTTLE:
            yield Gap(last_ns, now_ns, 1)
        at = end


class Ring:
    """The records of all events of one CPU: of the event that it is made for, and of those redirected to it."""

    def __init__(self, descriptor: int) -> None:
        """Map the ring of an event, which may be closed then; holds two descriptors more. Raises OSError."""
        pages = max(1, _RING_BYTES // mmap.PAGESIZE)
        self._descriptor = os.dup(descriptor)
        self._size = pages * mmap.PAGESIZE
        try:
            self._map = mmap.mmap(descriptor, mmap.PAGESIZE + self._size)  # shared, to be read and written
        except OSError:
            os.close(self._descriptor)
            raise
        self._data = memoryview(self._map)
        self._control = self._data[: mmap.PAGESIZE].cast("Q")
        self._last_ns = time.monotonic_ns()

    def take(self, descriptor: int) -> None:
        """Let another event of the same CPU write here. Raises OSError."""
        fcntl.ioctl(descriptor, _IOC_SET_OUTPUT, self._descriptor)

    def read(self) -> list[Sample | Gap]:
        """What has come since the last call."""
        head, tail = self._control[_HEAD], self._control[_TAIL]
        if head == tail:
            return []
        used = min(head - tail, self._size)
        start = mmap.PAGESIZE + tail % self._size
        end = min(start + used, len(self._data))
        data = bytes(self._data[start:end])
        data += self._data[mmap.PAGESIZE : mmap.PAGESIZE + used - len(data)]
        self._control[_TAIL] = head
        now_ns = time.monotonic_ns()
        records = list(parse(data, self._last_ns, now_ns))
        for record in records:
            self._last_ns = record.time_ns if isinstance(record, Sample) else record.until_ns
        if self._size - used < _ROOM:
            records.append(Gap(self._last_ns, now_ns, 0))
        return records

    def close(self) -> None:
        """Unmap it."""
        os.close(self._descriptor)
        self._control.release()
        self._data.release()
        self._map.close()
