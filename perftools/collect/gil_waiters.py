"""Who waits for the GIL: a thread that stands in a futex inside `_PyRuntime`, as /proc/PID/task/TID/syscall shows it.

take_gil waits on the condition variable of the GIL, for 5 ms at a time, and on its mutex (Python/ceval_gil.h until
3.11, Python/ceval_gil.c from 3.12 on). Both lie in `_PyRuntime`: until 3.11 by themselves, from 3.12 on in the main
interpreter, which is a part of it. glibc waits inside them (nptl/pthread_cond_wait.c). Every other wait of a thread is
elsewhere: locks, queues and conditions on the heap, from 3.13 on also on the waiter's stack (Python/parking_lot.c);
sleeps and sockets in no futex. Seen to be so on 3.8 to 3.15.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from perftools.remote.debug_offsets import published_version
from perftools.remote.locate import file_mappings, find_runtime
from perftools.remote.memory import Memory, Unreadable

# futex and futex_wait, which have the address first (arch/x86/entry/syscalls/syscall_64.tbl, scripts/syscall.tbl)
_FUTEX = {"x86_64": frozenset({b"202", b"455"}), "aarch64": frozenset({b"98", b"455"})}
_GLIBC = re.compile(r"libc\.so\.6|libc-2\.\d+\.so")


def gil_area(pid: int) -> range:
    """The addresses at which a thread of the process waits when it waits for the GIL of the main interpreter.

    Raises Unreadable: no right, gone, no CPython found, no GIL, or it waits in a way that is not known.
    """
    if not futex_numbers():
        raise Unreadable(f"the system calls of {os.uname().machine} are not known", "V-BUILD")
    memory = Memory(pid)
    found = find_runtime(memory)
    if not uses_glibc(mapping.path for mapping in file_mappings(pid)):
        # musl's wait on the waiter's stack: src/thread/pthread_cond_timedwait.c
        raise Unreadable("its C library is not glibc: where its threads wait for the GIL is not known", "V-BUILD")
    if published_version(memory, found.runtime) is not None and memory.u64(found.runtime + 16):
        # _Py_DebugOffsets: cookie, version, free_threaded (3.13 on)
        raise Unreadable("a free-threaded build: its threads do not wait for a GIL", "V-BUILD")
    if not found.runtime_bytes:
        raise Unreadable(f"{found.path} does not tell the size of _PyRuntime", "V-BUILD")
    return range(found.runtime, found.runtime + found.runtime_bytes)


def uses_glibc(paths: Iterable[str]) -> bool:
    """Whether one of the mapped files is the GNU C library."""
    return any(_GLIBC.fullmatch(path.removesuffix(" (deleted)").rpartition("/")[2]) for path in paths)


def futex_numbers(machine: str | None = None) -> frozenset[bytes]:
    """Numbers of the system calls that wait for a futex; none for machines that are not known."""
    return _FUTEX.get(machine or os.uname().machine, frozenset())


def waits_in(area: range, syscall: bytes, futex: frozenset[bytes]) -> bool:
    """Whether /proc/PID/task/TID/syscall says that the thread waits for a futex in the area.

    It is "running", or the number of the system call and its arguments in hexadecimal, or "-1 …" (proc(5)).
    """
    fields = syscall.split(b" ", 2)
    return len(fields) == 3 and fields[0] in futex and int(fields[1], 16) in area
