"""Damaged memory: the target may hold anything, and ours must end, in time, with Unreadable or an answer."""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.remote import frames, iterators
from perftools.remote.debug_offsets import _STRUCTS, read
from perftools.remote.heap import Heap
from perftools.remote.interpreter import MAX_INTERPRETERS, Runtime, threads
from perftools.remote.memory import Memory, Unreadable
from perftools.remote.objects import MAX_CALLS, describe
from perftools.remote.offsets import published_layout, table_layout
from perftools.remote.paths import Scope
from tests.remote_fixtures import DamagedMemory, NoiseMemory, own_runtime

_MAX_WALK_CALLS = 20_000
"""Threads that an arena of 512 words can hold, times the frames of each."""


class _Instance:
    def __init__(self) -> None:
        self.x, self.rows = 1.5, [1.0] * 30


class _Slots:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1.5


_OBJECTS: list[Any] = [
    [[1.0] * 20] * 30, {"x": 1.0, "rows": [1.0]}, {n: [1.0] for n in range(900)}, [_Instance()] * 20, [_Slots()] * 20,
    {1.5, 2.5}, collections.deque([1.0] * 100), [(1, "a")] * 20, zip([1.0], {"a": 1.0}, strict=True),
    (value for value in [1.0]), "text", 1.5, _Instance,
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
        before = runtime.memory.calls
        with contextlib.suppress(Unreadable):
            attempt()
        assert runtime.memory.calls - before < MAX_CALLS + 500


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.sampled_from([3, 10, 40, 200]), st.sampled_from(_OBJECTS))
def test_describe_in_damaged_memory(seed: int, every: int, value: Any) -> None:
    runtime = own_runtime()._replace(memory=DamagedMemory(seed, every))
    _exercise(runtime, id(value))


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from(_LAYOUTS))
def test_describe_in_noise(seed: int, holes: float, version: tuple[int, int, int]) -> None:
    runtime = _noisy(seed, holes, version)
    for word in range(0, NoiseMemory.WORDS, 64):
        _exercise(runtime, NoiseMemory.BASE + 8 * word)


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02]), st.sampled_from(_LAYOUTS))
def test_walk_in_noise_ends(seed: int, holes: float, version: tuple[int, int, int]) -> None:
    runtime = _noisy(seed, holes, version)
    started = time.thread_time()
    try:
        for stack in frames.walk(runtime, frames.Codes()):
            assert len(stack.frames) <= frames.MAX_FRAMES
    except Unreadable:
        pass
    assert runtime.memory.calls < _MAX_WALK_CALLS
    assert time.thread_time() - started < 20


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.sampled_from([5, 30, 300]))
def test_walk_in_damaged_memory(seed: int, every: int) -> None:
    runtime = own_runtime()._replace(memory=DamagedMemory(seed, every))
    stacks = []
    with contextlib.suppress(Unreadable):
        stacks = list(frames.walk(runtime, frames.Codes()))
    assert runtime.memory.calls < _MAX_WALK_CALLS
    for stack in stacks[:4]:
        assert len(stack.frames) <= frames.MAX_FRAMES
        _exercise(runtime, id(_OBJECTS), stack.frames[:5])
        for frame in stack.frames[:5]:
            assert frame.line >= 0 or frame.place is not None


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
