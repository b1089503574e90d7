"""Which step an asyncio or uvloop event loop is at, told by its own clock: no step is ever taken for the next one.

Addresses alone would not do: the next request's coroutine often lies where the last one's did.

- `BaseEventLoop._run_once` (asyncio/base_events.py, 3.8 to 3.15) polls, takes the time as `end_time`, then runs what is
  ready: `for i in range(ntodo)`. Both locals together are a step's name.
- uvloop's loop holds a uv_loop_t, whose `time` (ms) libuv takes anew whenever it has polled (uv__io_poll, uv_run). What
  runs until then are steps of tasks that existed before, so that their coroutines lie at different addresses.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Hashable
from typing import Literal, NamedTuple, Protocol

from perftools.remote.code import Codes
from perftools.remote.frames import Frame, read_stack
from perftools.remote.heap import Heap, Object
from perftools.remote.interpreter import Thread, thread_at
from perftools.remote.memory import Unreadable, sane

_FILE, _FUNCTION = "/asyncio/base_events.py", "_run_once"
_POLLED, _INDEX = "end_time", "i"
_TAGS, _INTEGER_TAG = 3, 3
"""Low bits of a _PyStackRef (3.14+)."""
_UV_LOOP = 24
"""Of uvloop.loop.Loop's pointer to its uv_loop_t: behind the object's head and Cython's table of methods."""
_UV_SIZE = 1024
_RECENT_MS = 60_000
_OWNED_BY_GENERATOR = 1
"""_PyInterpreterFrame.owner: a coroutine's frame."""

Kind = Literal["asyncio", "uvloop"]


class Standing(NamedTuple):
    """What a loop's thread runs."""

    step: Hashable
    """Names the step, among those since the last poll; None where it runs none."""
    stack: tuple[Frame, ...]
    """Innermost first."""


class Watched(Protocol):
    """An event loop that was found."""

    kind: Kind

    def round(self) -> Hashable:
        """Two equal answers: the loop has not polled in between, and asyncio's is at the same step; None: it polls.

        Cheap. Raises Unreadable: the loop is no longer there.
        """

    def standing(self, codes: Codes) -> Standing | None:
        """What it runs; None: it is no longer there. Raises Unreadable: it ran on while it was read."""


def watch(heap: Heap, loop: int, thread: Thread, codes: Codes) -> Watched:
    """Watch the event loop at an address, which runs in a thread. Raises Unreadable: a loop of another kind."""
    object_ = heap.object(loop)
    for frame in _stack(heap, thread, codes):
        names = frame.code.locals
        if (
            frame.code.file.endswith(_FILE)
            and frame.code.function.endswith(_FUNCTION)
            and {_POLLED, _INDEX} <= {*names}
        ):
            return _Asyncio(heap, thread, frame)
    if any(base.name == "Loop" and base.kind == "" for base in heap.attribute_types(object_.type)):
        return _Uvloop(heap, thread, object_)
    raise Unreadable("its event loop is neither asyncio's nor uvloop's, or starts")


class _Asyncio:
    """A loop that goes round in `_run_once`, whose frame lies at the same place as long as the loop runs."""

    kind: Kind = "asyncio"

    def __init__(self, heap: Heap, thread: Thread, frame: Frame) -> None:
        self._heap, self._thread, self._frame = heap, thread, frame
        slots = [frame.locals + 8 * frame.code.locals.index(name) for name in (_POLLED, _INDEX)]
        self._read = heap.memory.window([(at, 8) for at in (frame.address + heap.layout.frame_code, *slots)])

    def round(self) -> Hashable:
        """See Watched: the time of the last poll, and how many steps came since."""
        code, polled, index = struct.unpack("<3Q", self._read())
        if code & ~7 != self._frame.code.address:
            raise Unreadable("the event loop has left its frame")
        tags = _TAGS if self._heap.runtime.version >= (3, 14, 0) else 0
        is_tagged = bool(tags) and index & tags == _INTEGER_TAG
        moment, number = self._heap.objects([polled & ~tags, 0 if is_tagged else index & ~tags])
        if moment is None or moment.type.kind != "float":
            return None
        if is_tagged:
            return moment.head[16:24], index
        if number is None or number.type.kind != "int":
            return None
        return moment.head[16:24], number.head[24:28]

    def standing(self, codes: Codes) -> Standing | None:
        """See Watched."""
        stack, own = _stack(self._heap, self._thread, codes), self._frame
        if any(each.address == own.address and each.code.address == own.code.address for each in stack):
            return Standing(own.address, stack)
        return None


class _Uvloop:
    """uvloop's loop, which is no frame of Python's."""

    kind: Kind = "uvloop"

    def __init__(self, heap: Heap, thread: Thread, loop: Object) -> None:
        self._heap, self._thread = heap, thread
        self._time = _time_of(heap, loop)
        self._read = heap.memory.window([(self._time, 8)])

    def round(self) -> Hashable:
        """See Watched: when libuv last looked at the clock."""
        return self._read()

    def standing(self, codes: Codes) -> Standing:
        """See Watched: the outermost coroutine that runs, if any."""
        stack = _stack(self._heap, self._thread, codes)
        own = [frame for frame in stack if _is_coroutine(self._heap, frame)]
        return Standing(own[-1].address if own else None, stack)


def _time_of(heap: Heap, loop: Object) -> int:
    """The address of uv_loop_t.time: of its first fields the one that holds the time. `data` leads back to the loop."""
    start = heap.memory.pointer(loop.address + _UV_LOOP)
    words = heap.memory.u64s(start, _UV_SIZE // 8)
    if words[0] != loop.address:
        raise Unreadable("uvloop's loop is not where it is expected")
    now_ms = time.monotonic_ns() // 1_000_000
    found = [at for at, word in enumerate(words) if 0 <= now_ms - word < min(_RECENT_MS, now_ms // 2)]
    if len(found) != 1:
        raise Unreadable("uvloop's clock cannot be told from its other fields")
    return start + 8 * found[0]


def _is_coroutine(heap: Heap, frame: Frame) -> bool:
    """Whether a frame belongs to a coroutine or generator (<= 3.10: PyFrameObject.f_gen)."""
    layout = heap.layout
    if layout.frame_owner is not None:
        return heap.memory.u8(frame.address + layout.frame_owner) == _OWNED_BY_GENERATOR
    f_gen = 88 if heap.runtime.version >= (3, 10, 0) else 96
    return sane(heap.memory.u64(frame.address + f_gen))


def _stack(heap: Heap, thread: Thread, codes: Codes) -> tuple[Frame, ...]:
    return read_stack(heap.runtime, thread_at(heap.runtime, thread.address), codes)
