"""Where CPython keeps asyncio's state: the loop that runs in a thread, and a task's fields. Byte offsets, 64 bits.

Sources: Modules/_asynciomodule.c (FutureObj_HEAD, TaskObj), Include/internal/pycore_tstate.h and pycore_interp.h; the
headers' by offsetof() against 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1 and 3.13.0, a task's seen in their processes.
From 3.14 on `_asyncio` itself publishes them: the section .AsyncioDebug of its file (struct
_Py_AsyncioModuleDebugOffsets).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from perftools.remote import locate
from perftools.remote.interpreter import Runtime
from perftools.remote.memory import Unreadable

LOOP = 16
"""Of a task's loop: the first field of FutureObj_HEAD."""
PENDING = 0
"""fut_state STATE_PENDING."""


class TaskLayout(NamedTuple):
    """Offsets into the C task, TaskObj."""

    size: int
    state: int
    """An int: fut_state."""
    waiter: int
    """task_fut_waiter, followed by task_coro and task_name."""


class AsyncioLayout(NamedTuple):
    """Offsets for one process. None: its version keeps that elsewhere."""

    modules: int
    """PyInterpreterState.modules (3.12+: imports.modules): sys.modules."""
    thread_dict: int | None
    """<= 3.12 PyThreadState.dict, which holds the running loop by name."""
    running_loop: int | None
    """3.13+ _PyThreadStateImpl.asyncio_running_loop."""
    tasks_head: int | None
    """3.14+ _PyThreadStateImpl.asyncio_tasks_head, a circular list of the C tasks that the thread created."""
    task_node: int | None
    """3.14+ TaskObj.task_node: its link in that list."""
    tasks: tuple[TaskLayout, ...]
    """Told apart by their size: some versions got a field in a bugfix release (exception_tb). Empty where `_asyncio`,
    which would say it, is not loaded (3.14+)."""

    @property
    def complete(self) -> bool:
        """Whether the C part of asyncio was found."""
        return bool(self.tasks)


_BEFORE_3_11 = (TaskLayout(size=184, state=80, waiter=144), TaskLayout(size=192, state=88, waiter=152))
_3_11 = (TaskLayout(size=168, state=80, waiter=120), TaskLayout(size=176, state=88, waiter=128))
_LAYOUTS = {
    (3, 8): AsyncioLayout(56, 152, None, None, None, (TaskLayout(size=144, state=72, waiter=104),)),
    (3, 9): AsyncioLayout(856, 152, None, None, None, _BEFORE_3_11),
    (3, 10): AsyncioLayout(856, 152, None, None, None, _BEFORE_3_11),
    (3, 11): AsyncioLayout(888, 128, None, None, None, _3_11),
    (3, 12): AsyncioLayout(944, 112, None, None, None, _3_11),
}
_RUNNING_LOOP_3_13 = 304
_TASKS_3_13 = (TaskLayout(size=144, state=96, waiter=112),)

_MODULE, _SECTION = "_asyncio", ".AsyncioDebug"
_FIELDS = (
    "task.size", "task.name", "task.awaited_by", "task.is_task", "task.awaited_by_is_set", "task.coro", "task.node",
    "interpreter.size", "interpreter.tasks_head",
    "thread.size", "thread.running_loop", "thread.running_task", "thread.tasks_head",
)  # fmt: skip
_MAX_OFFSET = 1 << 20


def asyncio_layout(runtime: Runtime) -> AsyncioLayout:
    """The layout of a process. Raises Unreadable: an unknown version or build."""
    version = runtime.version
    if version[:2] in _LAYOUTS:
        return _LAYOUTS[version[:2]]
    if version[:2] not in ((3, 13), (3, 14), (3, 15)):
        raise Unreadable(f"where CPython {version[0]}.{version[1]} keeps its tasks is not known", "V-VERSION")
    modules = runtime.debug_offsets["interpreter_state.imports_modules"]
    if version < (3, 14, 0):
        return AsyncioLayout(modules, None, _RUNNING_LOOP_3_13, None, None, _TASKS_3_13)
    section = locate.find_section(runtime.memory, _SECTION, _MODULE)
    if section is None:
        return AsyncioLayout(modules, None, None, None, None, ())
    return published_layout(runtime.memory.read(section, 8 * len(_FIELDS)), modules)


def published_layout(data: bytes, modules: int) -> AsyncioLayout:
    """The layout from 3.14 on, from what the section holds. Raises Unreadable where it is not as assumed."""
    offsets = dict(zip(_FIELDS, struct.unpack(f"<{len(_FIELDS)}Q", data), strict=True))
    size, coroutine, state = offsets["task.size"], offsets["task.coro"], offsets["task.awaited_by"] + 8
    if (
        max(offsets.values()) > _MAX_OFFSET
        or offsets["task.name"] != coroutine + 8
        or not LOOP < state < coroutine - 8 < offsets["task.node"] <= size - 16
    ):
        raise Unreadable("the offsets that its asyncio publishes are not as expected: an unusual build", "V-BUILD")
    return AsyncioLayout(
        modules,
        None,
        offsets["thread.running_loop"],
        offsets["thread.tasks_head"],
        offsets["task.node"],
        (TaskLayout(size, state, coroutine - 8),),
    )
