"""asyncio tasks, read from our own memory, and from memory that is damaged or noise."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
import time
import types
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.remote import coroutines, frames, interpreter, tasks
from perftools.remote.asyncio_offsets import TaskLayout, asyncio_layout, published_layout
from perftools.remote.code import Codes
from perftools.remote.coroutines import follow
from perftools.remote.event_loops import MAX_TASKS, EventLoops
from perftools.remote.heap import Heap, Object
from perftools.remote.interpreter import Runtime, Thread
from perftools.remote.loop_steps import Watched, _time_of, watch
from perftools.remote.memory import Memory, Range, Unreadable
from perftools.remote.offsets import table_layout
from perftools.remote.tasks import Task
from tests.remote_fixtures import POINTERS, DamagedMemory, NoiseMemory, own_heap, own_runtime

_MAX_CALLS = 20_000
"""For a walk over a dozen tasks, however their memory lies."""
_VERSIONS = [(3, minor, 0) for minor in range(9, 16)]


async def _sleeping() -> None:
    await asyncio.sleep(1000)


async def _counting() -> AsyncIterator[int]:
    await asyncio.Event().wait()
    yield 1


async def _outer() -> None:
    async for _ in _counting():
        pass


async def _deep(levels: int) -> None:
    if levels:
        await _deep(levels - 1)
    else:
        await asyncio.sleep(1000)


class _OwnLoop:
    """An event loop in a thread of ours, its tasks waiting."""

    def __init__(self) -> None:
        self._began = threading.Event()
        self.thread = threading.Thread(target=asyncio.run, args=(self._main(),), daemon=True)
        self.thread.start()
        assert self._began.wait(10)

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        self.tasks = [
            self.loop.create_task(_sleeping(), name="sleeping"),
            self.loop.create_task(_outer(), name="outer"),
            self.loop.create_task(_deep(30), name="deep"),
            self.loop.create_task(_deep(coroutines.MAX_DEPTH + 10), name="bottomless"),
            self.loop.create_task(asyncio.sleep(0), name="done"),
        ]
        await asyncio.sleep(0.01)
        self._began.set()
        await self.stopped.wait()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join(10)

    def state(self, runtime: Runtime) -> Thread:
        """Its thread state."""
        return next(each for each in interpreter.threads(runtime) if each.native_id == self.thread.native_id)


@pytest.fixture(scope="module")
def own_loop() -> Iterator[_OwnLoop]:
    own_runtime()
    loop = _OwnLoop()
    yield loop
    loop.stop()


def _seen(task: Task) -> tuple[list[str], str]:
    return [f.code.function for f in task.stack if f.code.file == __file__], task.waiting_on


def test_tasks_of_our_own_loop(own_loop: _OwnLoop) -> None:
    runtime = own_runtime()
    found = {task.name: task for task in tasks.tasks(runtime, own_loop.state(runtime), Codes())}
    main = next(task for task in found.values() if task.stack[-1].code.function == "_OwnLoop._main")
    assert main.waiting_on == "Event"
    assert set(found) == {"sleeping", "outer", "deep", main.name}  # neither "done" nor what is too deep
    assert _seen(found["sleeping"]) == (["_sleeping"], "sleep")
    assert _seen(found["outer"]) == (["_counting", "_outer"], "Event")
    assert _seen(found["deep"]) == (["_deep"] * 31, "sleep")
    assert found["sleeping"].stack[-1].line == _sleeping.__code__.co_firstlineno + 1


def test_a_thread_without_a_loop_has_no_tasks(own_loop: _OwnLoop) -> None:
    runtime = own_runtime()
    others = [each for each in interpreter.threads(runtime) if each.native_id != own_loop.thread.native_id]
    assert others
    assert not [task for thread in others for task in tasks.tasks(runtime, thread, Codes())]


def test_what_is_known_is_remembered(own_loop: _OwnLoop) -> None:
    runtime = own_runtime()
    thread, codes = own_loop.state(runtime), Codes()
    costs = []
    for _ in range(3):
        before = runtime.memory.calls
        list(tasks.tasks(runtime, thread, codes))
        costs.append(runtime.memory.calls - before)
    assert costs[2] <= costs[1] < costs[0]
    assert tasks._readers[codes].runtime.memory is runtime.memory


def test_a_loop_that_has_stopped_runs_nothing() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    runtime = own_runtime()
    thread = next(each for each in interpreter.threads(runtime) if each.native_id == threading.get_native_id())
    assert list(tasks.tasks(runtime, thread, Codes())) == []


def test_a_task_of_an_unknown_size_is_refused(own_loop: _OwnLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = asyncio_layout(own_runtime())
    unknown = layout._replace(tasks=(TaskLayout(size=8, state=0, waiter=0),))
    monkeypatch.setattr("perftools.remote.event_loops.asyncio_layout", lambda runtime: unknown)
    with pytest.raises(Unreadable, match="unusual build"):
        list(tasks.tasks(own_runtime(), own_loop.state(own_runtime()), Codes()))


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"3\.99") as raised:
        asyncio_layout(own_runtime()._replace(version=(3, 99, 0)))
    assert raised.value.code == "V-VERSION"


_PUBLISHED = (168, 136, 96, 108, 109, 128, 152, 5000, 4000, 900, 500, 508, 516)


def test_published_offsets() -> None:
    layout = published_layout(struct.pack("<13Q", *_PUBLISHED), modules=77)
    assert layout == (77, None, 500, 516, 152, (TaskLayout(size=168, state=104, waiter=120),))


@pytest.mark.parametrize(("field", "value"), [(0, 1 << 40), (0, 150), (1, 144), (5, 136), (6, 100), (12, 1 << 30)])
def test_published_offsets_that_cannot_be(field: int, value: int) -> None:
    offsets = list(_PUBLISHED)
    offsets[field] = value
    with pytest.raises(Unreadable, match="unusual build"):
        published_layout(struct.pack("<13Q", *offsets), modules=77)


@given(st.binary(min_size=104, max_size=104))
def test_any_published_offsets_are_refused_or_used(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert published_layout(data, 0).tasks[0].size <= 1 << 20


class _Links(Memory):
    """Linked list nodes: next and previous by address."""

    def __init__(self, links: Mapping[int, tuple[int, int]]) -> None:
        super().__init__(0)
        self._links = links

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        ((address, size),) = ranges
        return struct.pack("<QQ", *self._links[address])[:size]


def _walk(*links: tuple[int, int, int]) -> list[int] | None:
    """The tasks in a list of (address, next, previous), whose head is at 4096 and whose links at 16."""
    memory = _Links({address: (after, before) for address, after, before in links})
    return EventLoops(Heap(own_runtime()._replace(memory=memory)))._walk(4096, 16)


def test_a_list_of_tasks_leads_back_to_its_head() -> None:
    assert _walk((4096, 4096, 4096)) == []
    assert _walk((4096, 8192, 8208), (8192, 8208, 4096), (8208, 4096, 8192)) == [8176, 8192]
    assert _walk((4096, 8192, 8192), (8192, 4096, 8)) is None  # it does not lead back
    assert _walk((4096, 8192, 8192), (8192, 0, 4096)) is None
    assert _walk((4096, 8192, 8192), (8192, 8192, 4096)) is None  # a cycle


def test_a_list_without_end_is_left() -> None:
    links = [(4096 + 16 * n, 4096 + 16 * (n + 1), 4096 + 16 * (n - 1)) for n in range(MAX_TASKS + 9)]
    assert len(_walk(*links) or []) == MAX_TASKS


class _Swapped(Memory):
    """Our own memory, in which one pointer is everywhere another one."""

    def __init__(self, old: int, new: int) -> None:
        super().__init__(own_runtime().memory.pid)
        self._old, self._new = old.to_bytes(8, "little"), new.to_bytes(8, "little")

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        return super()._fetch(ranges).replace(self._old, self._new)


@types.coroutine
def _yielding() -> Generator[None, None, None]:
    yield


async def _awaiting(awaitable: Awaitable[None]) -> None:
    await awaitable


def test_awaits_in_a_cycle_end() -> None:
    inner = _yielding()
    outer = _awaiting(inner)
    outer.send(None)
    heap = own_heap()
    (plain,) = follow(heap, Codes(), [id(outer)])
    assert [frame.code.function for frame in plain.frames] == ["_awaiting", "_yielding"]
    assert plain.problem == ""
    (cycle,) = follow(Heap(own_runtime()._replace(memory=_Swapped(id(inner), id(outer)))), Codes(), [id(outer)])
    assert cycle.problem == "awaits without end"
    assert len(cycle.frames) == coroutines.MAX_DEPTH
    outer.close()


_NASTY = (0, 1, 3, 5, 255, 1 << 32, 1 << 62, (1 << 63) + 5, (1 << 64) - 1, 0x4141414141414141)
_FAULTS = st.dictionaries(
    st.integers(0, 120),
    st.tuples(st.integers(-3, 30), st.sampled_from((*_NASTY, *POINTERS))),
    min_size=1,
    max_size=5,
)


@settings(max_examples=30, deadline=None)
@given(_FAULTS)
def test_tasks_in_damaged_memory(own_loop: _OwnLoop, faults: dict[int, tuple[int, int]]) -> None:
    thread = own_loop.state(own_runtime())
    runtime = own_runtime()._replace(memory=DamagedMemory(faults))
    found: list[Task] = []
    with contextlib.suppress(Unreadable):
        found = list(tasks.tasks(runtime, thread, Codes()))
    assert runtime.memory.calls < _MAX_CALLS
    assert len(found) <= MAX_TASKS
    for task in found:
        assert 0 < len(task.stack) <= coroutines.MAX_DEPTH + frames.MAX_FRAMES
        assert task.stack[0].line >= 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from(_VERSIONS))
def test_tasks_in_noise(seed: int, holes: float, version: tuple[int, int, int]) -> None:
    known = version < (3, 13, 0)
    layout = table_layout(version if known else (3, 12, 0))
    published = {} if known else {"interpreter_state.imports_modules": 64, "interpreter_frame.stackpointer": 64}
    runtime = Runtime(NoiseMemory(seed, holes), NoiseMemory.BASE, version, layout, published)
    heap = Heap(runtime)
    for address in range(NoiseMemory.BASE, NoiseMemory.BASE + 4096, 512):
        thread = Thread(address, NoiseMemory.BASE, 0, 0, None)
        with contextlib.suppress(Unreadable):
            if version < (3, 14, 0):
                assert len(list(tasks.tasks(runtime, thread, Codes()))) <= MAX_TASKS
        with contextlib.suppress(Unreadable):
            follow(heap, Codes(), [address, address + 64])
    assert runtime.memory.calls < 8 * _MAX_CALLS


def _watched(loop: _OwnLoop, runtime: Runtime) -> Watched:
    heap, thread = Heap(runtime), loop.state(own_runtime())
    address = EventLoops(heap).running(thread, Codes())
    assert address == id(loop.loop)
    return watch(heap, address, thread, Codes())


def _hold(entered: threading.Event, leave: threading.Event) -> None:
    entered.set()
    leave.wait(10)


def test_a_step_of_our_own_loop_has_one_name_until_it_ends(own_loop: _OwnLoop) -> None:
    watched = _watched(own_loop, own_runtime())
    assert watched.kind == "asyncio"
    assert watched.round() is None  # it polls
    names = []
    for _ in range(2):
        entered, leave = threading.Event(), threading.Event()
        own_loop.loop.call_soon_threadsafe(_hold, entered, leave)
        assert entered.wait(10)
        names.append({watched.round() for _ in range(20)})
        standing = watched.standing(Codes())
        assert standing is not None
        assert standing.stack[0].code.function.endswith("wait")
        assert standing.step is not None
        leave.set()
    assert [len(each) for each in names] == [1, 1]
    assert names[0] != names[1]


@settings(max_examples=30, deadline=None)
@given(_FAULTS)
def test_steps_in_damaged_memory(own_loop: _OwnLoop, faults: dict[int, tuple[int, int]]) -> None:
    runtime = own_runtime()._replace(memory=DamagedMemory(faults))
    with contextlib.suppress(Unreadable):
        watched = watch(Heap(runtime), id(own_loop.loop), own_loop.state(own_runtime()), Codes())
        for _ in range(20):
            watched.round()
            watched.standing(Codes())
    assert runtime.memory.calls < _MAX_CALLS


def test_a_loop_that_nobody_runs_is_not_watched(own_loop: _OwnLoop) -> None:
    runtime, loop = own_runtime(), asyncio.new_event_loop()
    busy = (own_loop.thread.native_id, threading.get_native_id())
    thread = next(each for each in interpreter.threads(runtime) if each.native_id not in busy)
    with pytest.raises(Unreadable, match="neither"):
        watch(own_heap(), id(loop), thread, Codes())
    loop.close()


class _Uv(NamedTuple):
    """A loop of uvloop's, as far as it is read: words of a uv_loop_t behind the address of a loop at 4096."""

    words: list[int]

    def clock(self) -> int:
        memory = _Words({4096 + 24: [8192], 8192: self.words})
        loop = Object(4096, None, b"")  # type: ignore[arg-type]
        return _time_of(Heap(own_runtime()._replace(memory=memory)), loop)


class _Words(Memory):
    def __init__(self, words: Mapping[int, list[int]]) -> None:
        super().__init__(0)
        self._known = words

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        ((address, size),) = ranges
        return b"".join(word.to_bytes(8, "little") for word in self._known[address])[:size]


def test_uvloop_s_clock_is_the_only_field_that_holds_the_time() -> None:
    now_ms = time.monotonic_ns() // 1_000_000
    plain = [4096, *[0] * 60, now_ms - 5, *[1 << 46] * 66]
    assert _Uv(plain).clock() == 8192 + 8 * 61
    for words in ([8, *plain[1:]], [*plain[:-1], now_ms - 9], [4096, *[0] * 127]):
        with pytest.raises(Unreadable):
            _Uv(words).clock()
