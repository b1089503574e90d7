"""The running frames of another process, walked without stopping it.

The innermost frame is read first and its callers later, while the process runs on: stacks can be torn, and every
pointer may be stale. Walks are bounded and checked; what fails a check raises `Unreadable` for that thread alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from perftools.remote import opcodes, positions
from perftools.remote.interpreter import Runtime, Thread, threads
from perftools.remote.memory import MAX_READ, Unreadable, sane
from perftools.remote.offsets import Version
from perftools.remote.positions import Place
from perftools.remote.strings import read_name, read_names

MAX_FRAMES = 200
"""Stale frames can form a cycle: a walk without a bound hung for minutes on 3.13."""
_MAX_LOCALS = 4096
_MAX_STACK = 1024
_NEAR = 8192
"""Bytes before the innermost frame that are read with it: half a chunk of the data stack (Python/pystate.c)."""
_BYTES_DATA = 32
"""PyBytesObject.ob_sval."""
_OWNED_BY_C = 3
"""FRAME_OWNED_BY_CSTACK, from 3.14 on FRAME_OWNED_BY_INTERPRETER and above: a shim between Python and C."""
_TAGS = 7
"""From 3.14 on the executable is a _PyStackRef, whose low bits are tags."""


@dataclass(eq=False)
class Code:
    """What does not change while a code object lives."""

    address: int
    file: str
    function: str
    """co_qualname from 3.11 on, else co_name."""
    first_line: int
    locals: tuple[str, ...]
    """Names of the slots: locals, cells, free variables."""
    stack_size: int
    start: int
    """Address of the instructions."""
    size: int
    """Of the instructions, in bytes."""
    version: Version
    lines: bytes
    """The line table, in the form of the version."""
    loops: tuple[tuple[int, int], ...] | None = None
    """Its `for` loops (opcodes.for_loops), once they are asked for."""
    _places: dict[int, Place | None] = field(default_factory=dict, repr=False)

    def line_at(self, offset: int) -> int:
        """The line of an instruction; the function's own where it has none (not started, or made by the compiler)."""
        if offset < 0:
            return self.first_line
        if self.version >= (3, 11, 0):
            place = self.place_at(offset)
            return self.first_line if place is None else place.line
        if self.version >= (3, 10, 0):
            return positions.linetable_line(self.lines, self.first_line, offset) or self.first_line
        return positions.lnotab_line(self.lines, self.first_line, offset)

    def place_at(self, offset: int) -> Place | None:
        """Where in its lines an instruction comes from; None before 3.11 and where the table is silent."""
        if self.version < (3, 11, 0) or offset < 0:
            return None
        if offset not in self._places:
            self._places[offset] = positions.place(self.lines, self.first_line, offset)
        return self._places[offset]


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


class Codes:
    """Code objects read before, by address. One may be freed and another take its place: its fields are compared."""

    def __init__(self, limit: int = 4096) -> None:
        self._codes: dict[int, tuple[bytes, Code]] = {}
        self._limit = limit

    def get(self, runtime: Runtime, address: int, head: bytes) -> Code:
        """The code object at `address`, whose fields are `head`. Raises Unreadable."""
        identity = head[8 : runtime.layout.code_lines + 8]  # without the reference count
        known = self._codes.get(address)
        if known is not None and known[0] == identity:
            return known[1]
        code = _read_code(runtime, address, head)
        if len(self._codes) >= self._limit:
            self._codes.clear()
        self._codes[address] = (identity, code)
        return code


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
    raw = list(_chain(runtime, thread.frame))
    layout = runtime.layout
    size = 8 + max(layout.code_lines, layout.code_bytes)
    addresses = list({_u64(data, layout.frame_code) & ~_TAGS: None for _, data in raw})
    heads = dict(zip(addresses, runtime.memory.read_many([(code, size) for code in addresses]), strict=True))
    frames = []
    for address, data in raw:
        code = _u64(data, layout.frame_code) & ~_TAGS
        head = heads[code]
        if head is None or not sane(code):
            raise Unreadable(f"{code:#x} is no code object")
        frames.append(_frame(runtime, address, codes.get(runtime, code, head), data))
    return tuple(frames)


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
    code = frame.code
    if code.loops is None:
        bytecode = runtime.memory.read(code.start, code.size) if 0 < code.size <= MAX_READ else b""
        code.loops = opcodes.for_loops(code.version, bytecode)
    return sum(start <= frame.offset < end for start, end in code.loops)


def _chain(runtime: Runtime, address: int) -> Iterator[tuple[int, bytes]]:
    """The frames from `address` outwards, shims left out: where each is, and what it begins with. Raises Unreadable."""
    memory, layout = runtime.memory, runtime.layout
    fields = (layout.frame_code, layout.frame_back, layout.frame_globals, layout.frame_instruction)
    size = 8 + max(*fields, layout.frame_owner or 0)
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


def _read_code(runtime: Runtime, address: int, head: bytes) -> Code:
    memory, layout = runtime.memory, runtime.layout
    if memory.text(memory.pointer(_u64(head, 8) + 24, alignment=1)) != "code":  # PyTypeObject.tp_name
        raise Unreadable(f"{address:#x} is no code object")
    first_line, stack_size = (
        struct.unpack_from("<i", head, offset)[0] for offset in (layout.code_first_line, layout.code_stack_size)
    )
    if not 0 <= first_line < 1 << 30 or not 0 <= stack_size < 1 << 20:
        raise Unreadable(f"{address:#x} is no code object")
    names: list[int] = []
    for offset in layout.code_locals_names:
        count = memory.i64(_u64(head, offset) + 16)
        if not 0 <= count <= _MAX_LOCALS:
            raise Unreadable(f"{count} variables in one function")
        names += memory.u64s(_u64(head, offset) + layout.tuple_items, count) if count else ()
    variables = read_names(runtime, names)
    start, size = address + layout.code_bytes, _u64(head, 16) * 2  # ob_size in code units
    if runtime.version < (3, 11, 0):
        co_code = _u64(head, layout.code_bytes)
        start, size = co_code + _BYTES_DATA, memory.i64(co_code + 16)
    return Code(
        address,
        read_name(runtime, _u64(head, layout.code_file)),
        read_name(runtime, _u64(head, layout.code_name)),
        first_line,
        tuple(name or "" for name in variables),
        min(stack_size, _MAX_STACK),
        start,
        size,
        runtime.version,
        _read_bytes(runtime, _u64(head, layout.code_lines)),
    )


def _read_bytes(runtime: Runtime, address: int) -> bytes:
    size = runtime.memory.i64(address + 16)
    if not 0 <= size <= MAX_READ:
        raise Unreadable(f"{address:#x} is no bytes object")
    return runtime.memory.read(address + _BYTES_DATA, size)


def _u64(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<Q", data, offset)[0])
