"""Suspended coroutines of another process: the frames of an await, from a task's own coroutine to the innermost one.

What a coroutine awaits lies on top of its value stack while it is suspended, as `cr_await` and `gi_yieldfrom` find it
(Objects/genobject.c, _PyGen_yf). Its frame lies in the coroutine itself from 3.11 on, and stands still: it is read with
the same checks as a running one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from perftools.remote.code import Codes
from perftools.remote.frames import Frame, frame_size, parse_frames
from perftools.remote.heap import Heap, Object
from perftools.remote.interpreter import Runtime
from perftools.remote.memory import Unreadable, sane

MAX_DEPTH = 200
"""Awaits inside one another; memory that changes while it is read can hold a cycle."""
COROUTINES = frozenset(("coroutine", "generator", "async_generator"))
"""What has a frame that can be suspended; they share their layout (_PyGenObject_HEAD)."""
_WRAPPERS = frozenset(("coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "anext_awaitable"))
_WRAPPED = 16
"""Offset of what a wrapper awaits: cw_coroutine, ags_gen, agt_gen, wrapped (Objects/genobject.c, iterobject.c)."""
_YIELD_FROM = 72
"""Opcode before 3.11; it follows the instruction at which the frame is suspended."""
_RESUMES_AWAIT, _RESUME_MASK = 2, 3
"""RESUME's argument, 3.11 and 3.12: 2 after `yield from`, 3 after `await` (1 after a plain yield)."""
_NULL_TAGS = 3
"""Low bits of a _PyStackRef (3.14+)."""


class _State(Enum):
    """How far a coroutine is: PyFrameState, and what the instruction says of it."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    """Suspended, at a plain yield or in an await: the instruction tells."""
    YIELDED = "yielded"
    AWAITING = "awaiting"
    FINISHED = "finished"


_UNTIL_3_12 = {-2: _State.CREATED, -1: _State.PAUSED, 0: _State.RUNNING}
_UNTIL_3_14 = {-3: _State.CREATED, -2: _State.YIELDED, -1: _State.AWAITING, 0: _State.RUNNING}
_FROM_3_15 = {0: _State.CREATED, 1: _State.YIELDED, 2: _State.AWAITING, 3: _State.AWAITING, 4: _State.RUNNING}
"""gi_frame_state (Include/internal/pycore_frame.h, enum _framestate); any other value: finished."""
_STATE_BEFORE_FRAME = 5
"""gi_frame_state lies so many bytes before gi_iframe (published from 3.14 on)."""
_STACK_TOP_3_9, _STACK_3_10, _DEPTH_3_10 = 72, 64, 80
"""PyFrameObject.f_stacktop (<= 3.9: 0 while it runs); f_valuestack and f_stackdepth (3.10: negative while it runs)."""


@dataclass
class Await:
    """A chain of awaits."""

    frames: list[Frame] = field(default_factory=list)
    """Outermost first: the coroutine's own, then what it awaits, and so on inwards."""
    running: bool = False
    """The last of `frames` executes now: what it calls is on its thread's stack."""
    finished: bool = False
    """The outermost coroutine has come to its end."""
    problem: str = ""
    """Why the chain could not be followed to its end."""
    read: list[tuple[int, bytes]] = field(default_factory=list, repr=False)
    """Where each frame was read, and what was there."""


class _Raw(NamedTuple):
    """A coroutine's frame as read."""

    address: int
    state: _State
    read: tuple[int, bytes]
    """Its state too, which lies right before it from 3.11 on."""

    @property
    def data(self) -> bytes:
        """What the frame begins with."""
        start, data = self.read
        return data[self.address - start :]


def follow(heap: Heap, codes: Codes, coroutines: Sequence[int]) -> list[Await]:
    """What each of several coroutines stands at, one level of all of them at a time: a few reads for each level.

    Raises Unreadable where the process as a whole cannot be read.
    """
    chains = [Await() for _ in coroutines]
    following = dict(enumerate(coroutines))
    for _ in range(MAX_DEPTH):
        if not following:
            break
        suspended: dict[int, Object] = {}
        objects = heap.objects(list(following.values()))
        numbers, following = list(following), {}
        for number, object_ in zip(numbers, objects, strict=True):
            if object_ is None:
                chains[number].problem = "what it awaits is no object"
            elif object_.type.kind in COROUTINES:
                suspended[number] = object_
            elif object_.type.kind in _WRAPPERS:
                following[number] = object_.field(_WRAPPED)
        following.update(_enter(heap, codes, chains, suspended))
    for number in following:
        chains[number].problem = "awaits without end"
    return chains


def stood_still(heap: Heap, chains: Sequence[Await]) -> list[bool]:
    """Whether each of several chains is still as it was read, so that its frames belong together."""
    pieces = heap.memory.read_many([(start, len(data)) for chain in chains for start, data in chain.read])
    still, first = list[bool](), 0
    for chain in chains:
        still.append(pieces[first : first + len(chain.read)] == [data for _, data in chain.read])
        first += len(chain.read)
    return still


def _enter(heap: Heap, codes: Codes, chains: Sequence[Await], suspended: Mapping[int, Object]) -> dict[int, int]:
    """Add each coroutine's frame to its chain; the addresses of what they await."""
    live: dict[int, _Raw] = {}
    for number, raw in _read_frames(heap, suspended).items():
        if raw is None:
            chains[number].problem = "a coroutine's frame cannot be read"
        elif raw.state is _State.FINISHED:
            chains[number].finished = not chains[number].frames
            chains[number].problem = "" if chains[number].finished else "it awaits what has ended"
        else:
            live[number] = raw
    paused: dict[int, tuple[_Raw, Frame]] = {}
    frames = parse_frames(heap.runtime, [(raw.address, raw.data) for raw in live.values()], codes)
    for (number, raw), frame in zip(live.items(), frames, strict=True):
        if isinstance(frame, Unreadable):
            chains[number].problem = frame.reason
            continue
        chains[number].frames.append(frame)
        chains[number].read.append(raw.read)
        chains[number].running = raw.state is _State.RUNNING
        if raw.state in (_State.PAUSED, _State.AWAITING):
            paused[number] = raw, frame
    return _awaited(heap, chains, paused)


def _read_frames(heap: Heap, suspended: Mapping[int, Object]) -> dict[int, _Raw | None]:
    """Where each coroutine's frame is, its state, and the bytes with which it begins."""
    runtime = heap.runtime
    start, size, head = heap.layout.generator_frame, frame_size(runtime), 0
    addresses = {number: object_.address + start for number, object_ in suspended.items()}
    if runtime.version < (3, 11, 0):
        addresses = {number: object_.field(start) for number, object_ in suspended.items()}
    else:
        head = start - runtime.debug_offsets.get("gen_object.gi_frame_state", start - _STATE_BEFORE_FRAME)
    pieces = runtime.memory.read_many([(address - head, head + size) for address in addresses.values()])
    found: dict[int, _Raw | None] = {}
    for (number, address), piece in zip(addresses.items(), pieces, strict=True):
        if not address and not head:  # gi_frame is cleared at the end
            found[number] = _Raw(0, _State.FINISHED, (0, b""))
        elif piece is None or not sane(address):
            found[number] = None
        else:
            found[number] = _Raw(address, _state(runtime, piece), (address - head, piece))
    return found


def _state(runtime: Runtime, data: bytes) -> _State:
    """How far a coroutine is; `data` begins with its frame's state (3.11+) or is its frame."""
    if runtime.version >= (3, 11, 0):
        version = runtime.version
        states = _UNTIL_3_12 if version < (3, 13, 0) else _UNTIL_3_14 if version < (3, 15, 0) else _FROM_3_15
        return states.get(struct.unpack_from("<b", data)[0], _State.FINISHED)
    if runtime.version >= (3, 10, 0):
        running = struct.unpack_from("<i", data, _DEPTH_3_10)[0] < 0
    else:
        running = struct.unpack_from("<Q", data, _STACK_TOP_3_9)[0] == 0
    return _State.RUNNING if running else _State.PAUSED


def _awaited(heap: Heap, chains: Sequence[Await], paused: Mapping[int, tuple[_Raw, Frame]]) -> dict[int, int]:
    """The addresses of what suspended coroutines await; those at a plain yield await nothing."""
    tops = {}
    for number, (raw, frame) in paused.items():
        top = _stack_top(heap.runtime, raw, frame)
        lowest = frame.locals + 8 * len(frame.code.locals)
        if lowest < top <= lowest + 8 * frame.code.stack_size:
            tops[number] = top
        elif raw.state is _State.AWAITING:
            chains[number].problem = "a value stack that cannot be"
    ranges = [(top - 16, 16) for top in tops.values()]
    ranges += [(frame.code.start + frame.offset + 2, 2) for _, frame in (paused[number] for number in tops)]
    pieces = heap.memory.read_many(ranges)
    awaited = {}
    for number, words, instruction in zip(tops, pieces[: len(tops)], pieces[len(tops) :], strict=True):
        if words is None or instruction is None:
            chains[number].problem = "a value stack that cannot be read"
        elif paused[number][0].state is _State.AWAITING or _is_await(heap.runtime, paused[number][1], instruction):
            awaited[number] = _top_object(heap.runtime, words)
    return awaited


def _stack_top(runtime: Runtime, raw: _Raw, frame: Frame) -> int:
    """The address right above the top of a suspended frame's value stack."""
    if runtime.version < (3, 10, 0):
        return _u64(raw.data, _STACK_TOP_3_9)
    if runtime.version < (3, 11, 0):
        return _u64(raw.data, _STACK_3_10) + 8 * int(struct.unpack_from("<i", raw.data, _DEPTH_3_10)[0])
    if runtime.version >= (3, 14, 0):
        return _u64(raw.data, runtime.debug_offsets["interpreter_frame.stackpointer"])
    # stacktop: an int that follows the instruction, counted from the first local
    count = struct.unpack_from("<i", raw.data, runtime.layout.frame_instruction + 8)[0]
    return frame.locals + 8 * int(count)


def _is_await(runtime: Runtime, frame: Frame, following: bytes) -> bool:
    """Whether a frame is suspended in an await, by the instruction that follows its own (<= 3.12)."""
    if frame.offset < 0:
        return False
    if runtime.version < (3, 11, 0):
        return following[0] == _YIELD_FROM
    return following[1] & _RESUME_MASK >= _RESUMES_AWAIT


def _top_object(runtime: Runtime, words: bytes) -> int:
    """The topmost object of a value stack's two topmost words; 3.15 puts an index, or nothing, above an iterator."""
    below, top = struct.unpack("<QQ", words)
    if runtime.version < (3, 14, 0):
        return int(top)
    is_object = top & ~_NULL_TAGS and top & _NULL_TAGS != _NULL_TAGS
    return int(top if is_object else below) & ~_NULL_TAGS


def _u64(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<Q", data, offset)[0])
