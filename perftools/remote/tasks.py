"""The asyncio tasks of another process: where each of them waits, and for what.

A loop's tasks are found as `asyncio.all_tasks` finds them, while they run on: a task that moves while it is read is
read again, and left out if it moves each time. 100 waiting tasks cost 8 ms of CPU (the first time 11 ms) and about 35
system calls, from 3.14 on one more for each task.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from perftools.remote import frames, interpreter
from perftools.remote.asyncio_offsets import LOOP, PENDING, TaskLayout
from perftools.remote.attributes import attributes
from perftools.remote.code import Codes
from perftools.remote.coroutines import Await, follow, stood_still
from perftools.remote.event_loops import EventLoops
from perftools.remote.frames import Frame
from perftools.remote.heap import Heap, Object, Type
from perftools.remote.interpreter import Runtime, Thread
from perftools.remote.memory import Unreadable

_ATTEMPTS = 3
_REFRESH_S = 5.0
"""For so long types and names are remembered."""
_LIBRARY = "/asyncio/"
_SMALL_INT = 4
"""Bit of PyLongObject.lv_tag that says nothing of the value (3.14+)."""
_NAMED = {"_GatheringFuture": "gather"}
_TAGS = 3
"""Low bits of a _PyStackRef (3.14+)."""


class Task(NamedTuple):
    """A task that is not done."""

    name: str
    stack: tuple[Frame, ...]
    """The innermost await first, down to the task's own coroutine; of the running task also what that calls."""
    waiting_on: str
    """"sleep", "Lock", "StreamReader", "gather", …: what of asyncio it awaits, else the type of the future; "" where
    it runs, or is ready to."""


class _Fields(NamedTuple):
    """Addresses of what a task holds."""

    waiter: int
    """0 or None where it awaits nothing."""
    coroutine: int
    name: int


def tasks(runtime: Runtime, thread: Thread, codes: Codes) -> Iterator[Task]:
    """The tasks of the event loop that runs in a thread, at most MAX_TASKS; none where no loop runs.

    What is known of the process is remembered as long as `codes` lives. Raises Unreadable where they cannot be told.
    """
    reader = _readers.get(codes)
    if reader is None or reader.runtime.memory is not runtime.memory:
        reader = _readers[codes] = _Reader(runtime)
    yield from reader.read(thread, codes)


class _Reader:
    """The tasks of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._heap = Heap(runtime)
        self._loops = EventLoops(self._heap)
        self._layouts: dict[int, TaskLayout] = {}
        self._refresh_s = 0.0

    def read(self, thread: Thread, codes: Codes) -> Iterator[Task]:
        """See `tasks`."""
        if time.monotonic() >= self._refresh_s:
            self._heap.forget()
            self._loops.refresh()
            self._layouts.clear()
            self._refresh_s = time.monotonic() + _REFRESH_S
        loop = self._loops.running(thread, codes)
        moving = self._loops.tasks(thread) if loop else []
        for _ in range(_ATTEMPTS):
            if not moving:
                return
            pending = self._pending(moving, loop)
            chains = follow(self._heap, codes, [fields.coroutine for fields in pending.values()])
            stacks = [self._stack(chain, thread, codes) for chain in chains]
            described = self._describe(list(pending.values()), stacks)
            still = stood_still(self._heap, chains)
            moving = []
            for address, chain, task, stood in zip(pending, chains, described, still, strict=True):
                if task.stack and (stood or chain.running):
                    yield task
                elif not chain.finished:
                    moving.append(address)

    def _pending(self, addresses: Sequence[int], loop: int) -> dict[int, _Fields]:
        """Those of the objects that are tasks of the loop, and not done."""
        heap, found = self._heap, {}
        native: dict[int, TaskLayout] = {}
        for object_ in heap.objects(addresses):
            if object_ is None:
                continue
            if object_.type.kind == "_asyncio.Task":
                if object_.field(LOOP) == loop:
                    native[object_.address] = self._layout(object_.type)
            elif (fields := self._python_task(object_, loop)) is not None:
                found[object_.address] = fields
        pieces = heap.memory.read_many(
            [(address + each.state, each.waiter + 24 - each.state) for address, each in native.items()]
        )
        for (address, layout), piece in zip(native.items(), pieces, strict=True):
            if piece is not None and struct.unpack_from("<i", piece)[0] == PENDING:
                found[address] = _Fields(*struct.unpack_from("<QQQ", piece, layout.waiter - layout.state))
        return found

    def _layout(self, type_: Type) -> TaskLayout:
        """Where a C task's fields are: by the size of `_asyncio.Task`, which may be a base of its type."""
        known = self._layouts.get(type_.address)
        if known is None:
            bases = [base for base in self._heap.attribute_types(type_) if base.kind == "_asyncio.Task"]
            size = bases[-1].basic_size if bases else type_.basic_size
            known = next((each for each in self._loops.layout.tasks if each.size == size), None)
            if known is None:
                raise Unreadable(f"a task of {size} bytes is none of this version's: an unusual build", "V-BUILD")
            self._layouts[type_.address] = known
        return known

    def _python_task(self, object_: Object, loop: int) -> _Fields | None:
        """A task written in Python (`asyncio.tasks._PyTask`), if the object is one."""
        names = ("_state", "_loop", "_fut_waiter", "_coro", "_name")
        try:
            found = attributes(self._heap, object_, names)
        except Unreadable as error:
            if error.code:
                raise
            return None
        if len(found) < len(names) or found["_loop"] != loop or self._heap.names.read([found["_state"]]) != ["PENDING"]:
            return None
        return _Fields(found["_fut_waiter"], found["_coro"], found["_name"])

    def _stack(self, chain: Await, thread: Thread, codes: Codes) -> tuple[Frame, ...]:
        """Innermost frame first; empty where it cannot be told."""
        stack = tuple(reversed(chain.frames))
        if chain.problem or not stack:
            return ()
        if chain.running:
            try:
                current = interpreter.thread_at(self.runtime, thread.address)
                running = frames.read_stack(self.runtime, current, codes)
            except Unreadable as error:
                if error.code:
                    raise
                return ()
            own = next((at for at, frame in enumerate(running) if frame.address == stack[0].address), None)
            return () if own is None else running[: own + 1] + stack[1:]
        if len(stack) > 1 and stack[0].code.file.endswith("/asyncio/futures.py"):
            return stack[1:]  # Future.__await__, where it is not written in C
        return stack

    def _describe(self, found: Sequence[_Fields], stacks: Sequence[tuple[Frame, ...]]) -> list[Task]:
        heap = self._heap
        names = self._names([fields.name for fields in found])
        waiters = heap.objects([fields.waiter for fields in found])
        owners = self._owners(stacks)
        return [
            Task(name, stack, _waiting_on(stack[0], waiter, owner) if stack else "")
            for stack, name, waiter, owner in zip(stacks, names, waiters, owners, strict=True)
        ]

    def _names(self, addresses: Sequence[int]) -> list[str]:
        """Names of tasks; from 3.12 on a number stands for "Task-<number>" until it is asked for."""
        names = self._heap.names.read(addresses)
        numbers = self._heap.objects([0 if name else address for address, name in zip(addresses, names, strict=True)])
        return [name or _generated_name(number) for name, number in zip(names, numbers, strict=True)]

    def _owners(self, stacks: Sequence[tuple[Frame, ...]]) -> list[Object | None]:
        """Whose method each innermost frame runs, if it is one of asyncio: its `self`."""
        wanted = [
            stack[0].locals if stack and _LIBRARY in stack[0].code.file and stack[0].code.locals[:1] == ("self",) else 0
            for stack in stacks
        ]
        tags = _TAGS if self.runtime.version >= (3, 14, 0) else 0
        pieces = self._heap.memory.read_many([(address, 8 if address else 0) for address in wanted])
        return self._heap.objects([int.from_bytes(piece or b"", "little") & ~tags for piece in pieces])


def _generated_name(number: Object | None) -> str:
    """From a PyLongObject of one digit: its tag, and the digit (Include/cpython/longintrepr.h, 3.12+)."""
    if number is None or number.type.kind != "int" or len(number.head) < 28 or number.field(16) & ~_SMALL_INT != 1 << 3:
        return ""
    return f"Task-{number.field(24, 'I')}"


def _waiting_on(innermost: Frame, waiter: Object | None, owner: Object | None) -> str:
    if waiter is None or waiter.type.name == "NoneType":
        return ""
    if _LIBRARY not in innermost.code.file:
        return _NAMED.get(waiter.type.name, waiter.type.name)
    if owner is None or owner.type.name.endswith("Loop") or owner.type.kind == "cell":
        return innermost.code.function.rpartition(".")[2].lstrip("_")
    return owner.type.name


_readers: WeakKeyDictionary[Codes, _Reader] = WeakKeyDictionary()
