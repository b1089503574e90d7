"""The garbage collector of another process's main interpreter: whether it runs, its counters, what it is set to."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from perftools.record import FROZEN_COUNTED
from perftools.remote import gc_ring, interpreter
from perftools.remote.gc_offsets import (
    GENERATION_SIZE,
    GENERATION_THRESHOLD,
    GENERATIONS,
    PLACES,
    GcLayout,
    gc_layout,
)
from perftools.remote.gc_ring import Counter, Entry
from perftools.remote.interpreter import Runtime, Thread
from perftools.remote.memory import Memory, Unreadable, sane

__all__ = ["Counter", "Entry", "GcState", "Look", "Settings", "collecting_thread", "find"]

_ATTEMPTS, _PAUSE_S = 20, 0.002
"""Lists change under our hands: a check that fails once says nothing."""
_READS = 4
"""Of counters that were being written; together about 10 µs, longer than the write takes."""
_POINTER = ~3
"""The two lowest bits of a link are flags (Include/internal/pycore_gc.h: _PyGC_PREV_MASK, _PyGC_NEXT_MASK_*)."""
_INLINE = struct.Struct(f"<{3 * GENERATIONS}qi")

Look = tuple[bool, tuple[Counter, ...]]


class Settings(NamedTuple):
    """What gc.isenabled and gc.get_threshold say, and the sizes that decide on a full collection, in objects."""

    enabled: bool
    thresholds: tuple[int, ...]
    long_lived: int | None
    """Survivors of the last full collection; None in 3.14.0 to 3.14.4, whose collector was incremental."""
    pending: int | None
    """Survivors of younger collections since then; None as above."""
    heap_size: int | None
    """Tracked objects; counted from 3.14 on."""


class GcState:
    """A collector that was found and checked: `find` makes it. Every method raises Unreadable."""

    def __init__(self, runtime: Runtime, address: int, layout: GcLayout, gil_holder: int) -> None:
        memory = runtime.memory
        self.runtime = runtime
        self.address = address
        """Of its struct _gc_runtime_state."""
        self.collecting_address = address + layout.collecting
        self.collecting_size = 4
        self.gil_holder_address = gil_holder
        self._layout = layout
        self._read: Callable[[], bytes]
        self._parse: Callable[[bytes], Look | None]
        self._read_ring: Callable[[], bytes] | None = None
        if runtime.version >= (3, 15, 0):
            ring = memory.pointer(address + layout.counters)
            flag = (self.collecting_address, self.collecting_size)
            self._read, self._parse = memory.window(gc_ring.ranges(ring, flag)), gc_ring.parse_counters
            self._read_ring = self._read
        else:
            first = address + layout.counters  # the flag comes right after the counters
            self._read, self._parse = memory.window([(first, _INLINE.size)]), _parse_inline
        self._data = b""
        self._seen: Look = (False, ())

    def look(self) -> Look:
        """Whether it is collecting, and each generation's counters (gc.get_stats), youngest first.

        Made to be called 1,000 times a second: one system call, and no work where nothing has changed.
        """
        for _ in range(_READS):
            data = self._read()
            if data == self._data:
                return self._seen
            now = self._parse(data)
            if now is None:
                continue  # it is just being written
            if any(
                new < old for pair in zip(now[1], self._seen[1], strict=False) for new, old in zip(*pair, strict=True)
            ):
                raise Unreadable("its collector's counters run backwards: another program runs there now", "V-GONE")
            self._data, self._seen = data, now
            return now
        return True, self._seen[1]  # whoever writes for so long was interrupted, and is collecting

    def settings(self) -> Settings:
        """What the collector is set to, now."""
        layout = self._layout
        data = self.runtime.memory.read(self.address, layout.size)

        def count(offset: int | None) -> int | None:
            return None if offset is None else int(struct.unpack_from("<q", data, offset)[0])

        return Settings(
            enabled=data[layout.enabled] != 0,
            thresholds=tuple(_thresholds(layout, data)),
            long_lived=count(layout.long_lived),
            pending=count(layout.pending),
            heap_size=count(layout.heap_size),
        )

    def frozen(self) -> int:
        """Objects in the permanent generation (gc.get_freeze_count), counted up to `FROZEN_COUNTED`.

        In some versions immortal objects end there without gc.freeze: 375 in an idle 3.12.1.
        """
        head = self.address + self._layout.permanent
        for _ in range(_ATTEMPTS):
            count = _count(self.runtime.memory, head, FROZEN_COUNTED)
            if count is not None:
                return count
            time.sleep(_PAUSE_S)
        raise Unreadable("its frozen objects change too fast to be counted")

    def entries(self) -> list[Entry]:
        """The latest collections that the process keeps itself (3.15+): of each generation in turn, oldest first.

        Empty before 3.15, and while an entry is being written.
        """
        if self._read_ring is None:
            return []
        for _ in range(_READS):
            entries = gc_ring.parse_entries(self._read_ring())
            if entries is not None:
                return entries
        return []


def find(runtime: Runtime) -> GcState:
    """The collector of the main interpreter, checked field by field before anything of it is believed.

    Raises Unreadable, its code set: a version or build that is not known, no right, gone.
    """
    memory = runtime.memory
    layout = gc_layout(runtime.version, runtime.debug_offsets)
    problem = Unreadable("it has no interpreter")
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            main = _main_interpreter(runtime)
            address, gil_holder = _places(runtime, main)
            _verify(memory, address, layout)
            state = GcState(runtime, address, layout, gil_holder)
            if state.look()[1]:
                return state
        except Unreadable as error:
            if error.code in ("V-NORIGHT", "V-GONE"):
                raise
            problem = error
    version = ".".join(map(str, runtime.version))
    reason = f"its collector is not where CPython {version} keeps it (an unusual build, or starting): {problem.reason}"
    raise Unreadable(reason, "V-BUILD")


def collecting_thread(state: GcState) -> Thread | None:
    """The thread that collects: it holds the GIL. None where none collects now, or it cannot be told.

    While a finalizer or callback of the collection waits, another thread may hold the GIL, and is taken for it.
    """
    runtime = state.runtime
    holder, flag = runtime.memory.read_many([(state.gil_holder_address, 8), (state.collecting_address, 4)])
    if holder is None or flag is None or not any(flag):
        return None
    address = int.from_bytes(holder, "little")
    if not sane(address):
        return None
    try:
        thread = interpreter.thread_at(runtime, address)
        return thread if thread.interpreter == _main_interpreter(runtime) else None
    except Unreadable as error:
        if error.code:
            raise
        return None


def _main_interpreter(runtime: Runtime) -> int:
    """`_PyRuntime.interpreters.main`, which follows `head`; the others are put before it, so it has no successor."""
    main = runtime.memory.pointer(runtime.address + runtime.layout.interpreters_head + 8)
    if runtime.memory.u64(main + runtime.layout.interpreter_next):
        raise Unreadable("the main interpreter is not the last of the list")
    return main


def _places(runtime: Runtime, main: int) -> tuple[int, int]:
    """Addresses of the collector's state and of the pointer to the thread that was given the GIL last."""
    published, version = runtime.debug_offsets, runtime.version[:2]
    if published:
        holder = published["interpreter_state.gil_runtime_state_holder"]
        return main + published["interpreter_state.gc"], main + holder
    place = PLACES[version]
    gc = place.gc + (runtime.address if version == (3, 8) else main)
    return gc, place.gil_holder + (main if version == (3, 12) else runtime.address)


def _verify(memory: Memory, address: int, layout: GcLayout) -> None:
    """Refuse what does not look like a collector's state. Raises Unreadable."""
    data = memory.read(address, layout.size)
    enabled, collecting = (struct.unpack_from("<i", data, at)[0] for at in (layout.enabled, layout.collecting))
    if enabled not in (0, 1) or collecting not in (0, 1):
        raise Unreadable("its flags are neither 0 nor 1")
    if any(threshold < 0 for threshold in _thresholds(layout, data)):
        raise Unreadable("its thresholds are negative")
    if layout.youngest is not None:
        (youngest,) = struct.unpack_from("<Q", data, layout.youngest)
        if youngest != address + layout.generations:
            raise Unreadable("its youngest generation is elsewhere")
    lists = [layout.generations + GENERATION_SIZE * number for number in range(GENERATIONS)]
    closed = sum(_is_list(memory, address + at) for at in (*lists, layout.permanent))
    if closed < GENERATIONS:  # a collection keeps reference counts in the links of one of the four
        raise Unreadable("its lists of objects are not closed")


def _is_list(memory: Memory, head: int) -> bool:
    """Whether a doubly linked list's first and last object lead back to its head (PyGC_Head: next, previous)."""
    first, last = (link & _POINTER for link in memory.u64s(head, 2))
    if not (sane(first) and sane(last)):
        return False
    back, forth = memory.read_many([(first + 8, 8), (last, 8)])
    return all(link is not None and int.from_bytes(link, "little") & _POINTER == head for link in (back, forth))


def _count(memory: Memory, head: int, limit: int) -> int | None:
    """Objects in a list, counted up to `limit`; None where it changed meanwhile."""
    before, here = head, memory.u64(head) & _POINTER
    for count in range(limit):
        if here == head:
            return count
        if not sane(here):
            return None
        after, previous = memory.u64s(here, 2)
        if previous & _POINTER != before:
            return None
        before, here = here, after & _POINTER
    return limit


def _thresholds(layout: GcLayout, data: bytes) -> list[int]:
    starts = (layout.generations + GENERATION_SIZE * number for number in range(GENERATIONS))
    return [int(struct.unpack_from("<i", data, start + GENERATION_THRESHOLD)[0]) for start in starts]


def _parse_inline(data: bytes) -> Look:
    """Counters and the flag behind them, before 3.15. Raises Unreadable."""
    *values, collecting = _INLINE.unpack(data)
    if collecting not in (0, 1) or min(values) < 0:
        raise Unreadable("its collector's counters are nonsense")
    return bool(collecting), tuple(Counter(*values[at : at + 3]) for at in range(0, 3 * GENERATIONS, 3))
