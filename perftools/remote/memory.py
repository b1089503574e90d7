"""Another process's memory, read without stopping it (process_vm_readv(2)).

The process runs on while it is read, so nothing that is read can be trusted: every read is bounded, every address
checked, and whatever does not fit raises `Unreadable`.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Callable, Sequence

MAX_READ = 1 << 20
"""Bytes in one read."""
MAX_RANGES = 1024
"""Ranges in one call (IOV_MAX, limits.h)."""
LOWEST_ADDRESS = 4096
HIGHEST_ADDRESS = 1 << (48 if os.uname().machine == "aarch64" else 47)
"""User space as the kernel gives it without a hint (Linux, Documentation: x86/x86_64/mm.rst, arm64/memory.rst)."""

Range = tuple[int, int]
"""Address, size in bytes."""


class Unreadable(Exception):
    """Memory that cannot be read, or does not hold what it should.

    `code` is set where the process as a whole cannot be read: "V-NORIGHT", "V-GONE", "V-BUILD", "V-VERSION".
    """

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


@functools.cache
def _process_vm_readv() -> Callable[..., int]:
    try:
        function = ctypes.CDLL(None, use_errno=True).process_vm_readv
    except AttributeError as error:
        raise Unreadable("the C library has no process_vm_readv", "V-NORIGHT") from error
    pointer = ctypes.POINTER(_IoVec)
    function.argtypes = (ctypes.c_int, pointer, ctypes.c_ulong, pointer, ctypes.c_ulong, ctypes.c_ulong)
    function.restype = ctypes.c_ssize_t
    return function


def sane(address: int, alignment: int = 8) -> bool:
    """Whether an object can lie there at all."""
    return LOWEST_ADDRESS <= address < HIGHEST_ADDRESS and not address % alignment


class Memory:
    """The memory of one process. `calls` counts system calls: what a walk costs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.calls = 0

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at `address`. Raises Unreadable."""
        if size == 0:
            return b""
        self._check(address, size)
        data = self._fetch([(address, size)])
        if len(data) != size:
            raise Unreadable(f"only {len(data)} of {size} bytes at {address:#x} are mapped")
        return data

    def read_many(self, ranges: Sequence[Range]) -> list[bytes | None]:
        """Several ranges in as few calls as possible; None for each that cannot be read."""
        results: list[bytes | None] = [None] * len(ranges)
        wanted = [
            index for index, (address, size) in enumerate(ranges) if 0 < size <= MAX_READ and sane(address, alignment=1)
        ]
        while wanted:
            batch, total = [], 0
            for index in wanted[:MAX_RANGES]:
                total += ranges[index][1]
                if total > MAX_READ:
                    break
                batch.append(index)
            try:
                data = self._fetch([ranges[index] for index in batch])
            except Unreadable as error:
                if error.code:
                    raise
                data = b""
            start = done = 0
            for index in batch:
                end = start + ranges[index][1]
                if end > len(data):
                    done += 1  # the kernel stops at the first range that fails: go on after it
                    break
                results[index] = data[start:end]
                start, done = end, done + 1
            wanted = wanted[done:]
        return results

    def window(self, ranges: Sequence[Range]) -> Callable[[], bytes]:
        """What reads the same ranges again and again, in one call and at half the price of `read`. Raises Unreadable.

        The ranges are read in their order, and come one after the other.
        """
        for address, size in ranges:
            self._check(address, size)
        total = sum(size for _, size in ranges)
        buffer = ctypes.create_string_buffer(total)
        local = _IoVec(ctypes.addressof(buffer), total)
        remote = (_IoVec * len(ranges))(*(_IoVec(*item) for item in ranges))
        call = _process_vm_readv()

        def look() -> bytes:
            self.calls += 1
            count = call(self.pid, local, 1, remote, len(ranges), 0)
            if count == total:
                return buffer.raw
            if count < 0:
                raise _refused(ranges[0][0])
            raise Unreadable(f"only {count} of {total} bytes at {ranges[0][0]:#x} are mapped")

        return look

    def u64(self, address: int) -> int:
        """The unsigned 64-bit integer at `address`."""
        return int.from_bytes(self.read(address, 8), "little")

    def u64s(self, address: int, count: int) -> tuple[int, ...]:
        """`count` unsigned 64-bit integers from `address` on."""
        return struct.unpack(f"<{count}Q", self.read(address, 8 * count))

    def i64(self, address: int) -> int:
        """The signed 64-bit integer at `address`: a Py_ssize_t."""
        return int.from_bytes(self.read(address, 8), "little", signed=True)

    def i32(self, address: int) -> int:
        """The signed 32-bit integer at `address`."""
        return int.from_bytes(self.read(address, 4), "little", signed=True)

    def u8(self, address: int) -> int:
        """The byte at `address`."""
        return self.read(address, 1)[0]

    def pointer(self, address: int, alignment: int = 8) -> int:
        """The pointer at `address`, checked to be one that can be followed. Raises Unreadable where it is not."""
        value = self.u64(address)
        if not sane(value, alignment):
            raise Unreadable(f"{value:#x} at {address:#x} is no pointer")
        return value

    def text(self, address: int, limit: int = 256) -> str:
        """The NUL-terminated UTF-8 text at `address`, at most `limit` bytes long."""
        data = b""
        while len(data) < limit:
            at = address + len(data)
            piece = self.read(at, min(64 - at % 64, limit - len(data)))  # a short text may end at its page's end
            end = piece.find(b"\0")
            data += piece if end < 0 else piece[:end]
            if end >= 0:
                break
        else:
            raise Unreadable(f"the text at {address:#x} does not end")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"the text at {address:#x} is no UTF-8") from error

    def _check(self, address: int, size: int) -> None:
        if not 0 < size <= MAX_READ:
            raise Unreadable(f"a read of {size} bytes is out of bounds")
        if not sane(address, alignment=1):
            raise Unreadable(f"{address:#x} is no address")

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        """The bytes of all ranges, one after the other; short where the kernel stopped at one that is not mapped."""
        self.calls += 1
        total = sum(size for _, size in ranges)
        buffer = ctypes.create_string_buffer(total)
        local = _IoVec(ctypes.addressof(buffer), total)
        remote = (_IoVec * len(ranges))(*(_IoVec(*item) for item in ranges))
        count = _process_vm_readv()(self.pid, local, 1, remote, len(ranges), 0)
        if count >= 0:
            return buffer.raw[:count]
        raise _refused(ranges[0][0])


def _refused(address: int) -> Unreadable:
    """Why the kernel's last call failed."""
    number = ctypes.get_errno()
    if number == errno.EPERM:
        return Unreadable("the kernel does not let us read this process's memory", "V-NORIGHT")
    if number == errno.ENOSYS:
        return Unreadable("the kernel has no process_vm_readv", "V-NORIGHT")
    if number == errno.ESRCH:
        return Unreadable("the process has ended", "V-GONE")
    return Unreadable(f"{address:#x}: {os.strerror(number)}")
