"""Damaged memory: the target may hold anything, and ours must end, in time, with Unreadable or an answer."""

from __future__ import annotations

import array
import collections
import contextlib
import ctypes
import mmap
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.remote import frames, iterators
from perftools.remote.code import Codes
from perftools.remote.debug_offsets import _STRUCTS, read
from perftools.remote.heap import Heap
from perftools.remote.interpreter import MAX_INTERPRETERS, Runtime, threads
from perftools.remote.memory import Memory, Range, Unreadable
from perftools.remote.objects import MAX_CALLS, describe
from perftools.remote.offsets import published_layout, table_layout
from perftools.remote.paths import Scope
from tests.remote_fixtures import POINTERS, DamagedMemory, NoiseMemory, own_runtime

_MAX_WALK_CALLS = 20_000
"""Threads that an arena of 512 words can hold, times the frames of each."""


class _Instance:
    def __init__(self) -> None:
        self.x, self.rows = 1.5, [1.0] * 30


class Pair(NamedTuple):
    key: str
    x: float


class _Slots:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1.5


_OBJECTS: list[Any] = [
    [[1.0] * 20] * 30, {"x": 1.0, "rows": [1.0]}, {n: [1.0] for n in range(900)}, [_Instance()] * 20, [_Slots()] * 20,
    {1.5, 2.5}, collections.deque([1.0] * 100), [(1, "a")] * 20, Pair("a", 1.0), "text", 1.5, range(9), _Instance,
    array.array("d", [1.0]), numpy.ones((3, 4)), [numpy.ones(3)] * 9, pandas.DataFrame({"a": [1.0] * 9}),
    zip([1.0], {"a": 1.0}, strict=True), enumerate(map(abs, [1.0])), (value for value in [1.0]),
    iter({"a": 1.0}.items()), iter(collections.deque([1.0])),
]  # fmt: skip
_LAYOUTS = [(3, minor, 0) for minor in range(8, 16)]


def _noisy(seed: int, holes: float, version: tuple[int, int, int]) -> Runtime:
    """A runtime whose memory is noise; the layout is real, as after a check that passed by accident."""
    if version < (3, 13, 0):
        layout = table_layout(version)
    else:
        layout = own_runtime().layout if own_runtime().debug_offsets else table_layout((3, 12, 0))
    return Runtime(NoiseMemory(seed, holes), NoiseMemory.BASE, version, layout, {})


def _exercise(runtime: Runtime, address: int, stack: tuple[frames.Frame, ...] = ()) -> None:
    heap = Heap(runtime)
    for attempt in (
        lambda: describe(heap, address, ("x", "rows")),
        lambda: iterators.containers(heap, heap.object(address)),
        *((lambda frame=frame: iterators.loop_containers(heap, frame, calling=True)) for frame in stack),
        *((lambda frame=frame: Scope(heap, frame).resolve("self.rows.x")) for frame in stack),
        *((lambda frame=frame: Scope(heap, frame).resolve("threading.Thread")) for frame in stack),
    ):
        runtime.memory.calls = 0  # the faults strike each attempt
        with contextlib.suppress(Unreadable):
            attempt()
        assert runtime.memory.calls < MAX_CALLS + 500


_NASTY = (0, 1, 5, 1 << 32, 1 << 33, 1 << 62, (1 << 63) + 5, (1 << 64) - 1, 0x4141414141414141)
_FAULTS = st.dictionaries(
    st.integers(0, 60),
    st.tuples(
        st.integers(-3, 24),
        st.sampled_from((*_NASTY, *POINTERS)) | st.sampled_from(POINTERS).map(lambda pointer: pointer + 8),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300)
@given(_FAULTS, st.sampled_from(_OBJECTS))
def test_describe_in_damaged_memory(faults: dict[int, tuple[int, int]], value: Any) -> None:
    runtime = own_runtime()._replace(memory=DamagedMemory(faults))
    _exercise(runtime, id(value))


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from(_LAYOUTS))
def test_describe_in_noise(seed: int, holes: float, version: tuple[int, int, int]) -> None:
    runtime = _noisy(seed, holes, version)
    for word in range(0, NoiseMemory.WORDS, 64):
        _exercise(runtime, NoiseMemory.BASE + 8 * word)


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02]), st.sampled_from(_LAYOUTS))
def test_walk_in_noise_ends(seed: int, holes: float, version: tuple[int, int, int]) -> None:
    runtime = _noisy(seed, holes, version)
    started = time.thread_time()
    try:
        for stack in frames.walk(runtime, Codes()):
            assert len(stack.frames) <= frames.MAX_FRAMES
    except Unreadable:
        pass
    assert runtime.memory.calls < _MAX_WALK_CALLS
    assert time.thread_time() - started < 20


@settings(max_examples=80)
@given(_FAULTS)
def test_walk_in_damaged_memory(faults: dict[int, tuple[int, int]]) -> None:
    runtime = own_runtime()._replace(memory=DamagedMemory(faults))
    stacks = []
    with contextlib.suppress(Unreadable):
        stacks = list(frames.walk(runtime, Codes()))
    assert runtime.memory.calls < _MAX_WALK_CALLS
    for stack in stacks[:4]:
        assert len(stack.frames) <= frames.MAX_FRAMES
        _exercise(runtime, id(_OBJECTS), stack.frames[:5])
        for frame in stack.frames[:5]:
            assert frame.line >= 0 or frame.place is not None


class Chain(Memory):
    """Frames whose callers are `step` bytes further on, and so on for ever; 0: each is its own caller."""

    def __init__(self, step: int) -> None:
        super().__init__(0)
        self._step = step

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        self.calls += 1
        if len(ranges) > 1:  # no neighbourhood is mapped
            return b""
        ((address, size),) = ranges
        data = bytearray(size)
        data[_LAYOUT.frame_back : _LAYOUT.frame_back + 8] = (address + self._step).to_bytes(8, "little")
        return bytes(data)


_LAYOUT = table_layout((3, 11, 0))


def test_frames_without_end_are_left_after_so_many() -> None:
    runtime = Runtime(Chain(4096), 0, (3, 11, 0), _LAYOUT, {})
    assert len(list(frames._chain(runtime, 1 << 20))) == frames.MAX_FRAMES


def test_a_cycle_of_frames_is_noticed() -> None:
    runtime = Runtime(Chain(0), 0, (3, 11, 0), _LAYOUT, {})
    with pytest.raises(Unreadable, match="cycle"):
        list(frames._chain(runtime, 1 << 20))
    assert runtime.memory.calls < 10


def test_a_large_object_costs_no_more_than_is_allowed() -> None:
    names = [f"field_{number}" for number in range(200)]
    value = [{name: [[1.0]] for name in names} for _ in range(16)]
    runtime = own_runtime()._replace(memory=DamagedMemory({}))
    kind, sizes = describe(Heap(runtime), id(value), names)
    assert (kind.name, sizes[:2]) == ("list", (16, 200))
    assert runtime.memory.calls < MAX_CALLS + 100


def test_an_object_at_the_end_of_what_is_mapped() -> None:
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(base + page), page, 0) == 0
    heap, number, rows = Heap(own_runtime()), 1.5, [1.0]
    end = base + page - 24
    ctypes.memmove(end, id(number), 24)
    assert describe(heap, end)[0].name == "float"
    ctypes.memmove(end, id(rows), 24)  # a list of which only the size is there
    with pytest.raises(Unreadable):
        describe(heap, end)


def test_a_cycle_of_threads_ends() -> None:
    memory = NoiseMemory(0, 0.0)
    memory._words = [NoiseMemory.BASE] * NoiseMemory.WORDS  # every pointer leads to the same place
    runtime = Runtime(memory, NoiseMemory.BASE, (3, 11, 0), table_layout((3, 11, 0)), {})
    assert len(list(threads(runtime))) <= MAX_INTERPRETERS
    assert threading.active_count() >= 1


@given(st.binary(min_size=1200, max_size=1200), st.sampled_from(sorted(_STRUCTS)))
def test_damaged_debug_offsets_are_refused_or_used(data: bytes, minor: tuple[int, int]) -> None:
    class Fixed(Memory):
        def _fetch(self, ranges: Any) -> bytes:
            return data[: ranges[0][1]]

    with contextlib.suppress(Unreadable):
        published_layout(read(Fixed(0), 1 << 20, (*minor, 0)))
