"""The asyncio event loops of another process: which one runs in a thread, and where its tasks are kept.

asyncio knows its tasks by a module-wide WeakSet (`asyncio.tasks._all_tasks`; 3.12+ `_scheduled_tasks`, and
`_eager_tasks` for those in their first step), from 3.14 on by a linked list in each thread, and the WeakSet only for
tasks that are not its own C type. uvloop uses the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from perftools.remote import frames, interpreter
from perftools.remote.asyncio_offsets import AsyncioLayout, asyncio_layout
from perftools.remote.attributes import attributes
from perftools.remote.code import Codes
from perftools.remote.dicts import find, open_dict
from perftools.remote.heap import Heap, Object, checked_size
from perftools.remote.interpreter import Thread
from perftools.remote.memory import Unreadable, sane

MAX_TASKS = 4096
_MAX_SLOTS = 1 << 15
"""Of the hash table of a set of tasks; those beyond are not seen."""
_ATTEMPTS = 3
_RUNNING = "__asyncio_running_event_loop__"
_SETS = ("_all_tasks", "_scheduled_tasks", "_eager_tasks")
_REFERENT = 16
"""PyWeakReference.wr_object (Include/cpython/weakrefobject.h)."""
_TAGS = 3
"""Low bits of a _PyStackRef (3.14+), 0 before."""


class _Registry(NamedTuple):
    """What an interpreter's module asyncio.tasks holds."""

    sets: tuple[int, ...]
    in_python: bool
    """Its tasks are not those of `_asyncio`, which is missing there: nor is the running loop kept in C."""


class EventLoops:
    """Reads one process; what was found is remembered until `refresh`."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._known_layout: AsyncioLayout | None = None
        self._registries: dict[int, _Registry | None] = {}

    def refresh(self) -> None:
        """Look anew for what was not there before: asyncio may have been imported since."""
        self._registries = {address: each for address, each in self._registries.items() if each is not None}
        if self._known_layout is not None and not self._known_layout.complete:
            self._known_layout = None

    def running(self, thread: Thread, codes: Codes) -> int:
        """The address of the loop that runs in a thread, else 0. Raises Unreadable."""
        loop = self._native_loop(thread)
        if not loop:
            registry = self._registry(thread.interpreter)
            if registry is not None and registry.in_python:
                loop = self._loop_by_frames(thread, codes)
        return loop

    def tasks(self, thread: Thread) -> list[int]:
        """The addresses of all tasks that may be of the loop in a thread, those that are done included.

        Raises Unreadable.
        """
        found: dict[int, None] = {}
        if self.layout.tasks_head is not None:
            found.update(dict.fromkeys(self._listed(thread)))
        registry = self._registry(thread.interpreter)
        if registry is None and not found:
            raise Unreadable("a loop runs there, but where it keeps its tasks cannot be told")
        for address in registry.sets if registry is not None else ():
            found.update(dict.fromkeys(self._members(address)))
        return list(found)[:MAX_TASKS]

    @property
    def layout(self) -> AsyncioLayout:
        """Where CPython keeps it. Raises Unreadable: an unknown version or build."""
        if self._known_layout is None:
            self._known_layout = asyncio_layout(self._heap.runtime)
        return self._known_layout

    def _native_loop(self, thread: Thread) -> int:
        """The running loop as `_asyncio` keeps it, else 0."""
        memory, layout = self._heap.memory, self.layout
        if layout.running_loop is not None:
            return memory.u64(thread.address + layout.running_loop)
        if layout.thread_dict is None:
            return 0
        address = memory.u64(thread.address + layout.thread_dict)
        if not address:
            return 0
        dict_ = self._heap.object(address)
        if dict_.type.kind != "dict":
            raise Unreadable("a thread's dict is none")
        value = find(self._heap, open_dict(self._heap, dict_), (_RUNNING,)).get(_RUNNING, 0)
        holder = self._heap.object(value) if value else None
        if holder is not None and holder.type.name == "_RunningLoopHolder":  # 3.8 to 3.11; a fork inherits it
            own = memory.i32(holder.address + 24) == _pid_in_namespace(memory.pid)
            holder = self._heap.object(holder.field(16)) if own else None
        return 0 if holder is None or holder.type.name == "NoneType" else holder.address

    def _loop_by_frames(self, thread: Thread, codes: Codes) -> int:
        """Whose `run_forever` is on the thread's stack, else 0."""
        runtime = self._heap.runtime
        for frame in frames.read_stack(runtime, interpreter.thread_at(runtime, thread.address), codes):
            if (
                frame.code.file.endswith("/asyncio/base_events.py")
                and frame.code.function.endswith("run_forever")
                and frame.code.locals[:1] == ("self",)
            ):
                tags = _TAGS if runtime.version >= (3, 14, 0) else 0
                return self._heap.memory.u64(frame.locals) & ~tags
        return 0

    def _registry(self, interpreter_address: int) -> _Registry | None:
        """None where the interpreter has not imported asyncio."""
        if interpreter_address not in self._registries:
            self._registries[interpreter_address] = self._read_registry(interpreter_address)
        return self._registries[interpreter_address]

    def _read_registry(self, interpreter_address: int) -> _Registry | None:
        heap = self._heap
        modules = heap.object(heap.memory.u64(interpreter_address + self.layout.modules))
        if modules.type.kind != "dict":
            raise Unreadable("sys.modules is no dict")
        name = "asyncio.tasks"
        module = find(heap, open_dict(heap, modules), (name,)).get(name)
        if module is None:
            return None
        found = attributes(heap, heap.object(module), (*_SETS, "Task", "_CTask"))
        sets = tuple(address for name, address in found.items() if name in _SETS)
        return _Registry(sets, "_CTask" not in found) if sets else None

    def _listed(self, thread: Thread) -> list[int]:
        """The tasks in a thread's own list (3.14+)."""
        for _ in range(_ATTEMPTS):
            tasks = self._walk(thread.address + (self.layout.tasks_head or 0), self.layout.task_node or 0)
            if tasks is not None:
                return tasks
        raise Unreadable("its list of tasks changes too fast to be read")

    def _walk(self, head: int, node: int) -> list[int] | None:
        """The objects in a circular list of links at offset `node`; None where a link does not lead back."""
        memory, tasks = self._heap.memory, list[int]()
        before, here = head, memory.u64(head)
        while here != head and len(tasks) < MAX_TASKS:
            if not sane(here):
                return None
            after, back = memory.u64s(here, 2)  # struct llist_node: next, prev
            if back != before:
                return None
            tasks.append(here - node)
            before, here = here, after
        return tasks

    def _members(self, address: int) -> Iterator[int]:
        """What a set holds, or a WeakSet refers to."""
        heap = self._heap
        members = heap.object(address)
        if members.type.kind == "set":
            yield from self._keys(members)
            return
        data = attributes(heap, members, ("data",)).get("data", 0)
        references = [at + _REFERENT for at in self._keys(heap.object(data))]
        for piece in heap.memory.read_many([(at, 8) for at in references]):
            if piece is not None:
                yield int.from_bytes(piece, "little")

    def _keys(self, set_: Object) -> list[int]:
        if set_.type.kind != "set":
            raise Unreadable("a set of tasks is none")
        slots = min(checked_size(set_.field(32, "q")) + 1, _MAX_SLOTS)  # PySetObject: mask, table
        return [key for key in self._heap.memory.u64s(set_.field(40), 2 * slots)[::2] if sane(key)]


def _pid_in_namespace(pid: int) -> int:
    """A process's id as it sees it itself."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as lines:
            ids = next((line.split() for line in lines if line.startswith("NSpid:")), [str(os.getpid())])
    except OSError as error:
        raise Unreadable("the process has ended", "V-GONE") from error
    return int(ids[-1])
