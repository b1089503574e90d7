"""The running frames of another process, walked without stopping it.

The innermost frame is read first and its callers later, while the process runs on: stacks can be torn, and every
pointer may be stale. Walks are bounded and checked; what fails a check raises `Unreadable` for that thread alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perftools.remote import opcodes
from perftools.remote.code import Code, Codes
from perftools.remote.interpreter import Runtime, Thread, threads
from perftools.remote.memory import MAX_READ, Unreadable, sane
from perftools.remote.positions import Place

MAX_FRAMES = 200
"""Stale frames can form a cycle: a walk without a bound hung for minutes on 3.13."""
_NEAR = 8192
"""Bytes before the innermost frame that are read with it: half a chunk of the data stack (Python/pystate.c)."""
_OWNED_BY_C = 3
"""FRAME_OWNED_BY_CSTACK, from 3.14 on FRAME_OWNED_BY_INTERPRETER and above: a shim between Python and C."""
_TAGS = 7
"""From 3.14 on the executable is a _PyStackRef, whose low bits are tags."""


class Frame(NamedTuple):
    """One running function."""

    address: int
    code: Code
    offset: int
    """Of the instruction, in bytes from the code's start; -1 before the first."""
    globals: int
    locals: int
    """Address of the first slot; the value stack follows the last one."""

    @property
    def line(self) -> int:
        return self.code.line_at(self.offset)

    @property
    def place(self) -> Place | None:
        """Lines and columns of what it executes; None before 3.11 and where the table is silent."""
        place = self.code.place_at(self.offset)
        return place if place is not None and place.column >= 0 else None


class Stack(NamedTuple):
    """One thread's frames, innermost first; or why they could not be read."""

    thread: Thread
    frames: tuple[Frame, ...]
    problem: str = ""


def walk(runtime: Runtime, codes: Codes) -> Iterator[Stack]:
    """The stacks of all threads that run Python. Raises Unreadable where not even the threads can be read."""
    for thread in threads(runtime):
        try:
            frames = read_stack(runtime, thread, codes)
        except Unreadable as error:
            if error.code:
                raise
            yield Stack(thread, (), error.reason)
        else:
            if frames:
                yield Stack(thread, frames)


def read_stack(runtime: Runtime, thread: Thread, codes: Codes) -> tuple[Frame, ...]:
    """A thread's frames, innermost first, at most MAX_FRAMES. Raises Unreadable."""
    frames = []
    for frame in parse_frames(runtime, list(_chain(runtime, thread.frame)), codes):
        if isinstance(frame, Unreadable):
            raise frame
        frames.append(frame)
    return tuple(frames)


def parse_frames(runtime: Runtime, raw: Sequence[tuple[int, bytes]], codes: Codes) -> list[Frame | Unreadable]:
    """Frames out of their addresses and first bytes; for each that is none, why."""
    layout = runtime.layout
    size = 8 + max(layout.code_lines, layout.code_bytes)
    addresses = list({_u64(data, layout.frame_code) & ~_TAGS: None for _, data in raw})
    heads = dict(zip(addresses, runtime.memory.read_many([(code, size) for code in addresses]), strict=True))
    frames: list[Frame | Unreadable] = []
    for address, data in raw:
        code = _u64(data, layout.frame_code) & ~_TAGS
        head = heads[code]
        try:
            if head is None or not sane(code):
                raise Unreadable(f"{code:#x} is no code object")
            frames.append(_frame(runtime, address, codes.get(runtime, code, head), data))
        except Unreadable as error:
            if error.code:
                raise
            frames.append(error)
    return frames


def innermost(runtime: Runtime, thread: Thread) -> tuple[int, bytes]:
    """The innermost frame's address, and its code and instruction as they stand there: to notice a thread at rest.

    Raises Unreadable.
    """
    layout = runtime.layout
    for address, data in _chain(runtime, thread.frame):
        instruction = layout.frame_instruction
        return address, data[layout.frame_code :][:8] + data[instruction : instruction + 8]
    return 0, b""


def for_loops_around(runtime: Runtime, frame: Frame) -> int:
    """In how many `for` loops of its function a frame stands: so many iterators are on its value stack."""
    return sum(start <= frame.offset < end for start, end in frame.code.loops(runtime))


def _chain(runtime: Runtime, address: int) -> Iterator[tuple[int, bytes]]:
    """The frames from `address` outwards, shims left out: where each is, and what it begins with. Raises Unreadable."""
    memory, layout = runtime.memory, runtime.layout
    size = frame_size(runtime)
    near, start = b"", 0
    if runtime.version >= (3, 11, 0) and sane(address):
        # Frames of one thread follow one another (its data stack): one read has most of them, and at one instant
        page = address - address % 4096
        starts = (page - _NEAR, page)  # the chunk may begin between them
        pieces = memory.read_many([(first, address + size - first) for first in starts])
        near, start = next(((piece, first) for piece, first in zip(pieces, starts, strict=True) if piece), (b"", 0))
    seen: set[int] = set()
    frames = 0
    while address and frames < MAX_FRAMES and len(seen) < 2 * MAX_FRAMES:
        if not sane(address) or address in seen:
            raise Unreadable("a cycle of stale frames" if address in seen else f"{address:#x} is no frame")
        seen.add(address)
        at = address - start
        data = near[at : at + size] if 0 <= at <= len(near) - size else memory.read(address, size)
        if layout.frame_owner is None or data[layout.frame_owner] < _OWNED_BY_C:
            frames += 1
            yield address, data
        address = _u64(data, layout.frame_back)


def frame_size(runtime: Runtime) -> int:
    """Bytes of a frame's beginning that hold what is read of it."""
    layout = runtime.layout
    fields = (layout.frame_code, layout.frame_back, layout.frame_globals, layout.frame_instruction)
    return 8 + max(*fields, layout.frame_owner or 0)


def is_calling(runtime: Runtime, frame: Frame) -> bool:
    """Whether the frame stands on a call; if it is the innermost one, its time is spent inside C. Raises Unreadable."""
    if frame.offset < 0:
        return False
    return opcodes.is_call(runtime.version, runtime.memory.u8(frame.code.start + frame.offset))


def _frame(runtime: Runtime, address: int, code: Code, data: bytes) -> Frame:
    layout, version = runtime.layout, runtime.version
    if version >= (3, 11, 0):
        offset = _u64(data, layout.frame_instruction) - code.start
        if not -2 <= offset < MAX_READ or offset % 2:
            raise Unreadable("the instruction lies outside the code")
    else:
        offset = struct.unpack_from("<i", data, layout.frame_instruction)[0]
        offset *= 2 if version >= (3, 10, 0) and offset > 0 else 1
        if not -2 <= offset < MAX_READ:
            raise Unreadable("the instruction lies outside the code")
    return Frame(address, code, max(offset, -1), _u64(data, layout.frame_globals), address + layout.frame_locals)


def _u64(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<Q", data, offset)[0])
