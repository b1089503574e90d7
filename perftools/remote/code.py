"""Code objects in another process: names, line table, loops. They do not change, and so are read once."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from perftools.remote import opcodes, positions
from perftools.remote.interpreter import Runtime
from perftools.remote.memory import MAX_READ, Unreadable
from perftools.remote.offsets import Version
from perftools.remote.positions import Place
from perftools.remote.strings import read_name, read_names

_MAX_LOCALS = 4096
_MAX_STACK = 1024
_BYTES_DATA = 32
"""PyBytesObject.ob_sval."""


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
    _loops: tuple[tuple[int, int], ...] | None = field(default=None, repr=False)
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

    def loops(self, runtime: Runtime) -> tuple[tuple[int, int], ...]:
        """Its `for` loops, as `opcodes.for_loops` gives them. Raises Unreadable."""
        if self._loops is None:
            bytecode = runtime.memory.read(self.start, self.size) if 0 < self.size <= MAX_READ else b""
            self._loops = opcodes.for_loops(self.version, bytecode)
        return self._loops


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
