"""The collector of another process: what is read is what its own gc module says, and what does not fit is refused."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.record import FROZEN_COUNTED
from perftools.remote import gc_ring, gc_state, interpreter
from perftools.remote.debug_offsets import read
from perftools.remote.gc_offsets import ENTRY_SIZE, RING, gc_layout
from perftools.remote.gc_state import Counter, GcState
from perftools.remote.interpreter import Runtime
from perftools.remote.locate import find_runtime
from perftools.remote.memory import Memory, Range, Unreadable
from perftools.remote.offsets import table_layout
from tests.pythons import readable_pythons
from tests.remote_fixtures import POINTERS, DamagedMemory, NoiseMemory, own_runtime
from tests.test_remote_interpreter import Published

VERSIONS = [(3, minor) for minor in range(8, 16)]
_TARGET = """
import gc, json, sys, threading, time
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
gc.disable()
others = []
class Node: pass
def trash(count):
    for _ in range(count):
        node = Node()
        node.itself = node
stop = []
def collect_on():
    while not stop:
        gc.collect()
def start(thread):
    thread.start()
    return thread.native_id
for line in sys.stdin:
    print(json.dumps(eval(line)), flush=True)
"""


class Target:
    """A CPython whose collector rests unless told otherwise."""

    def __init__(self, python: str, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [python, "-c", _TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            assert self.ask("1") == 1  # it has started
            self.runtime = interpreter.attach(self.process.pid)
            self.state = gc_state.find(self.runtime)
        except BaseException:
            self.end()
            raise

    def ask(self, expression: str) -> Any:
        """What the expression is there."""
        assert self.process.stdin
        assert self.process.stdout
        print(expression, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def counters(self) -> list[Counter]:
        """What gc.get_stats says there."""
        return [Counter(*(each[key] for key in Counter._fields)) for each in self.ask("gc.get_stats()")]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: ".".join(map(str, version)))
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    python = readable_pythons().get(request.param)
    if python is None:
        pytest.skip("no CPython {}.{} on this machine".format(*request.param))
    target = Target(python)
    yield target
    target.end()


@pytest.mark.live
def test_counters_are_those_of_the_process(target: Target) -> None:
    before = target.counters()
    assert list(target.state.look()[1]) == before
    target.ask("[gc.enable(), trash(20_000), gc.disable()]")
    target.ask("[trash(50), gc.collect(0), gc.collect(1), trash(7), gc.collect(2)]")
    after = target.counters()
    assert list(target.state.look()[1]) == after
    assert after[0].collections > before[0].collections + 5
    assert after[2].collected >= before[2].collected + 7
    assert target.state.look() is target.state.look()  # nothing changed, nothing is parsed
    assert target.state.look()[0] is False


@pytest.mark.live
def test_settings_follow_the_process(target: Target) -> None:
    assert target.state.settings().enabled is False
    target.ask("gc.enable()")
    assert target.state.settings().enabled is True
    target.ask("gc.disable()")
    for thresholds in ((901, 8, 4), (0, 10, 10), (700, 10, 10)):
        target.ask(f"gc.set_threshold{thresholds}")
        assert list(target.state.settings().thresholds) == target.ask("gc.get_threshold()")


@pytest.mark.live
def test_sizes_follow_the_process(target: Target) -> None:
    target.ask("[gc.collect(), setattr(sys, 'kept', [[] for _ in range(3000)])]")
    few = target.state.settings()
    target.ask("gc.collect(1)")  # to the oldest generation
    waiting = target.state.settings()
    target.ask("gc.collect()")
    many = target.state.settings()
    target.ask("[delattr(sys, 'kept'), gc.collect()]")
    if few.long_lived is None:
        pytest.skip("the incremental collector does not count them")
    assert (waiting.pending or 0) - (few.pending or 0) >= 3000
    assert (many.long_lived or 0) - (few.long_lived or 0) >= 3000
    assert many.pending == 0
    assert (few.heap_size is not None) == (target.runtime.version >= (3, 14, 0))
    if few.heap_size is not None and many.heap_size is not None:
        assert abs(many.heap_size - target.ask("len(gc.get_objects())") - 3000) < 500


@pytest.mark.live
def test_frozen_objects_are_counted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    assert target.state.frozen() == target.ask("gc.get_freeze_count()") < FROZEN_COUNTED  # immortal ones alone
    target.ask("gc.freeze()")
    try:
        assert target.state.frozen() == FROZEN_COUNTED
        monkeypatch.setattr(gc_state, "FROZEN_COUNTED", 1_000_000)
        assert target.state.frozen() == target.ask("gc.get_freeze_count()") > FROZEN_COUNTED
    finally:
        target.ask("gc.unfreeze()")


@pytest.mark.live
def test_the_collecting_thread_is_told(target: Target) -> None:
    """A thread born after the collector was found."""
    assert gc_state.collecting_thread(target.state) is None
    target.ask("[setattr(sys, 'heap', [[] for _ in range(200_000)]), stop.clear()]")
    tid = target.ask("start(threading.Thread(target=collect_on))")
    try:
        seen, end_s = set(), time.monotonic() + 20
        while not seen and time.monotonic() < end_s:
            thread = gc_state.collecting_thread(target.state) if target.state.look()[0] else None
            seen |= {interpreter.native_id(target.runtime, thread)} if thread else set()
        assert seen == {tid}
        for _ in range(10):  # lists change under our hands
            assert gc_state.find(target.runtime).address == target.state.address
    finally:
        target.ask("[stop.append(1), delattr(sys, 'heap')]")


@pytest.mark.live
def test_the_main_interpreter_is_meant(target: Target) -> None:
    target.ask("others.append(interpreters.create())")
    try:
        assert gc_state.find(target.runtime).address == target.state.address
        assert list(target.state.look()[1]) == target.counters()
    finally:
        target.ask("[interpreters.destroy(others[0]), others.clear()]")


@pytest.mark.live
def test_collections_are_kept_with_their_times(target: Target) -> None:
    if target.runtime.version < (3, 15, 0):
        assert target.state.entries() == []
        return
    start_ns = target.ask("time.monotonic_ns()")
    target.ask("[trash(9), gc.collect(0), trash(5), gc.collect(0), gc.collect(2)]")
    entries, end_ns, counters = target.state.entries(), time.monotonic_ns(), target.counters()
    young = [entry for entry in entries if entry.generation == 0][-2:]
    oldest = [entry for entry in entries if entry.generation == 2][-1]
    assert young[1].collected - young[0].collected >= 5
    assert young[1].collected == counters[0].collected
    assert young[1].examined - young[0].examined >= 5
    assert [young[0].collections + 1, oldest.collections] == [counters[0].collections, counters[2].collections]
    times = [start_ns, *(time for entry in (*young, oldest) for time in (entry.start_ns, entry.stop_ns)), end_ns]
    assert times == sorted(times)


@pytest.mark.live
def test_a_stripped_build_is_read(tmp_path: Path) -> None:
    if not shutil.which("strip"):
        pytest.skip("no strip(1)")
    python = str(getattr(sys, "_base_executable", sys.executable))
    whole = Target(python)
    image = Path(_image(whole.runtime))
    whole.end()
    copy = tmp_path / image.name
    subprocess.run(["strip", "--strip-all", "-o", copy, image], check=True, capture_output=True)
    assert copy.stat().st_size < image.stat().st_size
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "PYTHONHOME": sys.base_prefix}
    stripped = Target(python if ".so" in image.name else str(copy), environment)
    try:
        assert Path(_image(stripped.runtime)).parent == tmp_path
        stripped.ask("[trash(100), gc.collect()]")
        assert list(stripped.state.look()[1]) == stripped.counters()
    finally:
        stripped.end()


@pytest.mark.live
def test_a_process_that_ends_or_becomes_another_is_noticed() -> None:
    target = Target(sys.executable)
    target.process.kill()
    target.process.wait()
    with pytest.raises(Unreadable) as caught:
        target.state.look()
    assert caught.value.code == "V-GONE"
    target.end()


def _image(runtime: Runtime) -> str:
    """The file that holds the interpreter."""
    return find_runtime(runtime.memory).path


class _Fake(Memory):
    """Memory whose windows are read as everything else is."""

    def window(self, ranges: Sequence[Range]) -> Callable[[], bytes]:
        def look() -> bytes:
            data = self._fetch(ranges)
            if len(data) != sum(size for _, size in ranges):
                raise Unreadable("not mapped")
            return data

        return look


class Words(_Fake):
    """Memory that holds what is put into it, and is zero elsewhere."""

    def __init__(self, address: int, size: int) -> None:
        super().__init__(0)
        self._address = address
        self.data = bytearray(size)

    def put(self, format_: str, address: int, *values: int) -> None:
        struct.pack_into("<" + format_, self.data, address - self._address, *values)

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        self.calls += 1
        places = [(address - self._address, size) for address, size in ranges]
        return b"".join(bytes(self.data[at : at + size]) for at, size in places if at >= 0)


_RUNTIME, _MAIN, _STATS = 1 << 16, 1 << 17, 3 << 16
_PUBLISHED = {"interpreter_state.gc": 64, "interpreter_state.gil_runtime_state_holder": 512,
              "gc.generation_stats": 104, "gc.generation_stats_size": 1120}  # fmt: skip


def _published(size: int, collecting: int) -> dict[str, int]:
    return {**_PUBLISHED, "gc.size": size, "gc.collecting": collecting}


def _synthetic(version: tuple[int, int, int], offsets: dict[str, int]) -> tuple[Runtime, Words]:
    """A runtime with an empty collector, as its version lays it out."""
    memory = Words(1 << 16, 1 << 18)
    layout, tables = gc_layout(version, offsets), table_layout((3, 12, 0))
    runtime = Runtime(memory, _RUNTIME, version, tables, offsets)
    memory.put("QQ", _RUNTIME + tables.interpreters_head, _MAIN, _MAIN)
    state = _MAIN + 64
    memory.put("i", state + layout.enabled, 1)
    for number in range(4):
        head = state + (layout.permanent if number == 3 else layout.generations + 24 * number)
        memory.put("QQii", head, head, head, 700, 0)
    if layout.youngest is not None:
        memory.put("Q", state + layout.youngest, state + layout.generations)
    if version >= (3, 15, 0):
        memory.put("Q", state + layout.counters, _STATS)
    else:
        memory.put("9q", state + layout.counters, *range(9))
    return runtime, memory


def test_the_incremental_collector_is_read() -> None:
    """3.14.0 to 3.14.4: no such build is at hand everywhere."""
    runtime, memory = _synthetic((3, 14, 2), _published(240, 192))
    state = gc_state.find(runtime)
    assert state.look() == (False, (Counter(0, 1, 2), Counter(3, 4, 5), Counter(6, 7, 8)))
    memory.put("i", state.collecting_address, 1)
    memory.put("q", state.address + 216, 12345)
    assert state.look()[0] is True
    assert state.settings() == gc_state.Settings(True, (700, 700, 700), None, None, 12345)
    memory.put("Q", state.address + 96, 0)  # a list may be under collection
    gc_state.find(runtime)
    memory.put("Q", state.address + 48, 0)
    with pytest.raises(Unreadable, match=r"not where CPython 3\.14\.2 keeps it .*not closed") as caught:
        gc_state.find(runtime)
    assert caught.value.code == "V-BUILD"


@pytest.mark.parametrize(
    ("format_", "offset", "value", "reason"),
    [("i", 12, 7, "flags"), ("i", 200, -1, "flags"), ("i", 64, -5, "thresholds"), ("Q", 96, _MAIN, "elsewhere"),
     ("q", 128, -1, "nonsense")],
)  # fmt: skip
def test_what_is_no_collector_is_refused(format_: str, offset: int, value: int, reason: str) -> None:
    runtime, memory = _synthetic((3, 13, 1), _published(240, 200))
    address = gc_state.find(runtime).address
    memory.put(format_, address + offset, value)
    with pytest.raises(Unreadable, match=reason) as caught:
        gc_state.find(runtime)
    assert caught.value.code == "V-BUILD"


def test_layouts_that_are_not_known_are_refused() -> None:
    cases = [
        ((3, 16, 0), _published(240, 200), "V-VERSION", r"CPython 3\.16\.0 keeps its collector's state is not known"),
        ((3, 13, 0), _published(264, 200), "V-BUILD", "an unusual build"),
        ((3, 14, 5), _published(264, 200), "V-BUILD", "an unusual build"),
        ((3, 15, 0), {**_published(176, 112), "gc.generation_stats_size": 216}, "V-BUILD", "statistics"),
    ]
    for version, offsets, code, reason in cases:
        with pytest.raises(Unreadable, match=reason) as caught:
            gc_layout(version, offsets)
        assert caught.value.code == code
    with pytest.raises(Unreadable, match=r"^it is a free-threaded build") as caught:
        read(Published((3, 14, 0), free_threaded=1), 1 << 20, (3, 14, 0))
    assert caught.value.code == "V-BUILD"


def test_another_versions_layout_does_not_fit() -> None:
    own = own_runtime()
    for version in ((3, 8, 0), (3, 9, 0), (3, 11, 0), (3, 12, 0)):
        if version[:2] not in ((sys.version_info[:2]), (3, 10) if sys.version_info[:2] == (3, 9) else ()):
            with pytest.raises(Unreadable) as caught:
                gc_state.find(own._replace(version=version, debug_offsets={}))
            assert caught.value.code == "V-BUILD"


def test_counters_that_run_backwards_are_another_programs() -> None:
    runtime, memory = _synthetic((3, 13, 0), _published(240, 200))
    state = gc_state.find(runtime)
    memory.put("q", state.address + 128, 10)
    assert state.look()[1][0].collections == 10
    memory.put("q", state.address + 128, 9)
    with pytest.raises(Unreadable, match="another program") as caught:
        state.look()
    assert caught.value.code == "V-GONE"


def test_statistics_that_are_being_written_are_not_believed() -> None:
    runtime, memory = _synthetic((3, 15, 2), _published(176, 112))
    state = gc_state.find(runtime)
    memory.put("I", _STATS + RING.sequence, 1)
    memory.put("6q", _STATS + ENTRY_SIZE, 20, 30, 2, 5, 0, 9)
    memory.put("b", _STATS + 704, 1)
    assert state.look() == (True, (Counter(0, 0, 0),) * 3)
    assert state.entries() == []
    memory.put("I", _STATS + RING.sequence, 2)
    assert state.look() == (False, (Counter(2, 5, 0), Counter(0, 0, 0), Counter(0, 0, 0)))
    assert state.entries() == [gc_state.Entry(0, 20, 30, 2, 5, 9)]


@given(st.binary(min_size=1128, max_size=1128), st.booleans())
def test_statistics_of_noise_are_refused_or_sane(data: bytes, whole: bool) -> None:
    sequence = bytes(4) if whole else data[:4]
    data = sequence + data[4:1120] + sequence + data[1124:]
    with contextlib.suppress(Unreadable):
        for entry in gc_ring.parse_entries(data) or []:
            assert 0 <= entry.start_ns <= entry.stop_ns
            assert min(entry[3:]) >= 0
    with contextlib.suppress(Unreadable):
        seen = gc_ring.parse_counters(data)
        assert seen is None or min(min(counter) for counter in seen[1]) >= 0


class _Damaged(_Fake, DamagedMemory):
    pass


class _Noise(_Fake, NoiseMemory):
    pass


def _exercise(state: GcState) -> None:
    """Everything; Unreadable or an answer, in bounded time."""
    for attempt in (state.look, state.look, state.settings, state.frozen, state.entries):
        with contextlib.suppress(Unreadable):
            attempt()
    with contextlib.suppress(Unreadable):
        gc_state.collecting_thread(state)
    assert state.runtime.memory.calls < 30 * FROZEN_COUNTED


_VALUES = st.sampled_from((0, 1, 2, 1 << 31, 1 << 62, 1 << 63, (1 << 64) - 1, *POINTERS))


@settings(max_examples=150)
@given(st.dictionaries(st.integers(0, 60), st.tuples(st.integers(-3, 30), _VALUES), min_size=1, max_size=6))
def test_a_collector_in_damaged_memory(faults: dict[int, tuple[int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Unreadable):
        patch.setattr(gc_state, "_PAUSE_S", 0)
        _exercise(gc_state.find(own_runtime()._replace(memory=_Damaged(faults))))


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from(VERSIONS))
def test_a_collector_in_noise(seed: int, holes: float, minor: tuple[int, int]) -> None:
    """Also as if the checks had passed by accident."""
    layouts = {13: _published(240, 200), 14: _published(264, 192), 15: _published(176, 112)}
    memory, version = _Noise(seed, holes), (*minor, 0)
    runtime = Runtime(memory, memory.BASE, version, table_layout((3, 12, 0)), layouts.get(minor[1], {}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc_state, "_PAUSE_S", 0)
        with contextlib.suppress(Unreadable):
            gc_state.find(runtime)
        with contextlib.suppress(Unreadable):
            layout = gc_layout(version, runtime.debug_offsets)
            _exercise(GcState(runtime, memory.BASE, layout, memory.BASE + 8))
