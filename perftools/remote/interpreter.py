"""One process's CPython: its version, where its structures lie, its threads. Verified before anything relies on it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from perftools.remote import debug_offsets, locate
from perftools.remote.memory import Memory, Unreadable, sane
from perftools.remote.offsets import Layout, Version, published_layout, table_layout

MAX_INTERPRETERS = 16
MAX_THREADS = 4096
_ATTEMPTS = 5


class Runtime(NamedTuple):
    """A CPython found in a process and checked: what every other reader builds on."""

    memory: Memory
    address: int
    """Of `_PyRuntime`."""
    version: Version
    layout: Layout
    debug_offsets: Mapping[str, int]
    """`_Py_DebugOffsets` by "group.field" from 3.13 on, else empty."""


class Thread(NamedTuple):
    """A thread state (PyThreadState)."""

    address: int
    interpreter: int
    frame: int
    """Its innermost frame, 0 where it runs no Python."""
    pthread: int
    native_id: int | None
    """Kernel thread id as the thread's own pid namespace counts; None before 3.11."""


def attach(pid: int) -> Runtime:
    """Find and verify the CPython in a process. Raises Unreadable, its code set: no right, gone, an unknown build."""
    return open_runtime(Memory(pid))


def open_runtime(memory: Memory) -> Runtime:
    """As `attach`, on memory that is open already. Raises Unreadable."""
    found = locate.find_runtime(memory)
    version = debug_offsets.published_version(memory, found.runtime)
    offsets: Mapping[str, int] = {}
    if version is not None:
        offsets = debug_offsets.read(memory, found.runtime, version)
        layout = published_layout(offsets)
    if found.version_symbol is not None:
        compiled = debug_offsets.version_of(memory.u64(found.version_symbol))
        if version not in (None, compiled):
            raise Unreadable(f"_PyRuntime says {version}, Py_Version {compiled}", "V-BUILD")
        version = compiled
    if version is None and found.version:
        major, minor, micro = (int(part) for part in found.version.split("."))
        version = (major, minor, micro)
    if version is None:
        raise Unreadable(f"the version of CPython in {found.path} cannot be told", "V-VERSION")
    if not offsets:
        layout = table_layout(version)
    runtime = Runtime(memory, found.runtime, version, layout, offsets)
    _verify(runtime)
    return runtime


def threads(runtime: Runtime) -> Iterator[Thread]:
    """All thread states of all interpreters; a list that changes under our hands ends early. Raises Unreadable."""
    memory, layout = runtime.memory, runtime.layout
    seen: set[int] = set()
    interpreter = memory.u64(runtime.address + layout.interpreters_head)
    for _ in range(MAX_INTERPRETERS):
        if not sane(interpreter) or interpreter in seen:
            return
        seen.add(interpreter)
        address = memory.u64(interpreter + layout.threads_head)
        while sane(address) and address not in seen and len(seen) < MAX_THREADS:
            seen.add(address)
            thread, address = _read_thread(runtime, address)
            if thread.interpreter != interpreter:
                break
            yield thread
        interpreter = memory.u64(interpreter + layout.interpreter_next)


def thread_at(runtime: Runtime, address: int) -> Thread:
    """The thread state at an address; nothing says that there is one. Raises Unreadable."""
    return _read_thread(runtime, address)[0]


def native_id(runtime: Runtime, thread: Thread) -> int | None:
    """The thread's kernel id as its own pid namespace counts; before 3.11 glibc's word for it, to be checked.

    CPython records it from 3.11 on. `tid` lies 720 bytes into glibc's `struct pthread` on x86-64 (nptl/descr.h).
    """
    if thread.native_id is not None:
        return thread.native_id
    if os.uname().machine != "x86_64" or not sane(thread.pthread):
        return None
    try:
        return runtime.memory.i32(thread.pthread + 720)
    except Unreadable as error:
        if error.code:
            raise
        return None


def _read_thread(runtime: Runtime, address: int) -> tuple[Thread, int]:
    """A thread state and its successor."""
    memory, layout = runtime.memory, runtime.layout
    size = max(layout.pthread, layout.native_thread_id or 0, layout.thread_frame, layout.thread_interpreter) + 8
    data = memory.read(address, size)

    def field(offset: int) -> int:
        return int(struct.unpack_from("<Q", data, offset)[0])

    frame = field(layout.thread_frame)
    if layout.cframe_frame is not None and frame:
        frame = memory.u64(frame + layout.cframe_frame)
    native_id = None if layout.native_thread_id is None else field(layout.native_thread_id)
    thread = Thread(address, field(layout.thread_interpreter), frame, field(layout.pthread), native_id)
    return thread, field(layout.thread_next)


def _verify(runtime: Runtime) -> None:
    """Refuse a layout that does not fit: threads must point back to their interpreter, frames to a code object.

    This also finds builds with another object header (Py_TRACE_REFS), whose type pointers lie elsewhere.
    """
    found = 0
    for _ in range(_ATTEMPTS):  # the process runs on: a frame may end before its code is read
        for thread in threads(runtime):
            found += 1
            if _has_code(runtime, thread):
                return
    if not found:
        raise Unreadable("no thread is where this version keeps it (starting, or an unusual build)", "V-BUILD")
    if not runtime.debug_offsets:
        raise Unreadable("no frame is where this version keeps it (idle in C, or an unusual build)", "V-BUILD")


def _has_code(runtime: Runtime, thread: Thread) -> bool:
    """Whether one of the thread's innermost frames points to an object whose type is called "code"."""
    memory, layout = runtime.memory, runtime.layout
    frame = thread.frame
    for _ in range(3):  # shims between Python and C have none
        if not sane(frame):
            return False
        try:
            code = memory.pointer(frame + layout.frame_code, alignment=1) & ~7
            if memory.text(memory.pointer(memory.pointer(code + 8) + 24, alignment=1)) == "code":
                return True
            frame = memory.u64(frame + layout.frame_back)
        except Unreadable as error:
            if error.code:
                raise
            return False
    return False
