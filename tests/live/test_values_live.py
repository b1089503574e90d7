"""What the recorder sees in a process whose loops and containers are known, on every CPython here."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from perftools.collect.values import ValuesRecorder
from perftools.record import Missing, Site, Values
from perftools.remote import frames, interpreter
from perftools.remote.code import Codes
from perftools.source import Watch
from tests.observed import target
from tests.pythons import python_with, readable_pythons

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("values_target.py")
PATIENCE_S = 40.0
WANTED = 5
"""Observations of each name before it is judged."""
RIGHT = 0.7
"""Part of the observations that must be right: stale locals and values that are just being replaced are among them."""

ROWS = ("list[list[float]]", (500, 64))
FLOATS = ("list[float]", (1000,))
EXPECTED: dict[str, dict[str, tuple[str, tuple[int, ...]]]] = {
    "c_calls": {"values": FLOATS, "<iter 0>": ("range", (50,))},
    "list_of_floats": {"values": FLOATS, "<iter 0>": FLOATS, "value": ("float", ())},
    "global_table": {"TABLE": ROWS, "<iter 0>": ROWS, "<iter 1>": ("list[float]", (64,))},
    "dict_of_floats": {"scores": ("dict[int, float]", (200,)), "<iter 0>": ("dict[int, float]", (200,))},
    "dict_records": {
        "<iter 0>": ("list[dict(price: float, n: int)]", (400, 4)),
        "record": ("dict(price: float, n: int)", (4,)),
    },
    "plain_objects": {"<iter 0>": ("list[Plain(x: float)]", (50,)), "item": ("Plain(x: float)", ())},
    "slot_objects": {"<iter 0>": ("list[Slots(x: float, y: int)]", (300,)), "item": ("Slots(x: float, y: int)", ())},
    "mixed_tuples": {"pairs": ("list[tuple(0: str, 1: float)]", (256, 2))},
    "named_tuples": {"pair": ("Pair(score: float)", (2,)), "pairs": ("list[Pair(score: float)]", (256, 2))},
    "typed_array": {"<iter 0>": ("array[d]", (1000,)), "values": ("array[d]", (1000,))},
    "deque_and_set": {"queue": ("deque[float]", (1000,)), "names": ("set[str]", (90,))},
    "list_subclass": {"<iter 0>": ("Rows[float]", (1000,))},
    "enumerated": {"<iter 0>": FLOATS},
    "counted": {"<iter 0>": ("range", (1000,)), "values": FLOATS, "i": ("int", ())},
    "comprehension": {"<iter 0>": FLOATS, "value": ("float", ())},
    "<genexpr>": {".0": FLOATS, "<iter 0>": FLOATS},
    "score": {"weights": FLOATS, "<iter 0>": FLOATS},
    "<lambda>": {"weights": FLOATS},
    "scalars": {
        "flag": ("bool", ()), "nothing": ("NoneType", ()), "count": ("int", ()), "text": ("str", ()),
        "data": ("bytes", (4,)), "ratio": ("float", ()),
    },
    "method": {
        "self.rows": ("list[list[float]]", (300, 32)), "self.weights": ("array[d]", (1000,)),
        "<iter 0>": ("list[list[float]]", (300, 32)), "<iter 1>": ("list[float]", (32,)),
    },
}  # fmt: skip
WITH_NUMPY = {
    "arrays": {
        "matrix": ("ndarray[f8, C]", (100, 64)), "fortran": ("ndarray[f8, F]", (10, 20)),
        "small": ("list[ndarray[f4, C]]", (40, 8)), "<iter 0>": ("ndarray[f8, C]", (100, 64)),
        "value": ("float64", ()),
    },
    "frames": {"series": ("Series", (1234,)), "<iter 0>": ("range", (200,))},
}  # fmt: skip
PATHS = tuple(
    dict.fromkeys(
        name
        for names in (*EXPECTED.values(), *WITH_NUMPY.values())
        for name in names
        if not name.startswith(("<", "."))
    )
)
WATCH = Watch(str(TARGET), 1, 10_000, (*PATHS, "frame"), ("x", "y", "price", "n", "score"))


@contextlib.contextmanager
def running(python: str, *arguments: str) -> Iterator[int]:
    """The target on a CPython, its loops running."""
    process = subprocess.Popen([python, str(TARGET), *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


Counts = dict[str, dict[str, dict[tuple[str, tuple[int, ...]], int]]]


def observe(pid: int, expected: dict[str, dict[str, tuple[str, tuple[int, ...]]]]) -> tuple[Values, Counts]:
    """Walk until everything expected was seen often enough."""
    recorder = ValuesRecorder(target(pid), budget_cores=1.0)
    recorder.watch([WATCH])
    end_s = time.monotonic() + PATIENCE_S
    while True:
        recorder.begin_round(0, "active", 0.5)
        for _ in range(15):
            recorder.step()
            time.sleep(0.01)
        recorder.end_round()
        values = recorder.result()
        assert not isinstance(values, Missing), values
        counts = _counts(values.sites)
        if time.monotonic() > end_s or all(
            sum(counts[function][name].values()) >= WANTED
            and counts[function][name][kind] >= RIGHT * sum(counts[function][name].values())  # of a few, chance decides
            for function, names in expected.items()
            for name, kind in names.items()
        ):
            return values, counts


def _counts(sites: tuple[Site, ...]) -> Counts:
    """Function -> name -> (type, sizes) -> observations; before 3.12 a list comprehension has a frame of its own."""
    counts: Counts = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for site in sites:
        function = site.function.rpartition(".")[2].replace("<listcomp>", "comprehension")
        for seen in site.seen:
            counts[function][seen.name][str(seen.type), seen.sizes] += seen.count
    return counts


def assert_seen(counts: Counts, expected: dict[str, dict[str, tuple[str, tuple[int, ...]]]]) -> None:
    for function, names in expected.items():
        for name, kind in names.items():
            seen = counts[function][name]
            assert sum(seen.values()) >= WANTED, f"{function}: {name} was hardly seen: {dict(seen)}"
            assert seen[kind] >= RIGHT * sum(seen.values()), f"{function}: {name} is {kind}, seen: {dict(seen)}"


@pytest.mark.parametrize("version", list(readable_pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_types_and_sizes_on_every_python(version: tuple[int, int]) -> None:
    with running(readable_pythons()[version]) as pid:
        values, counts = observe(pid, EXPECTED)
    assert_seen(counts, EXPECTED)
    zipped = counts["zipped"]["<iter 0>"]
    for kind in (FLOATS, ("tuple[int]", (1000,))):
        assert zipped[kind] >= RIGHT * sum(zipped.values()) / 2 > 0
    assert values.failed <= 0.1 * values.walks
    for function, calling in (("c_calls", True), ("list_of_floats", False)):
        stood = Counter[bool]()
        for site in values.sites:
            for position in site.positions if site.function == function else ():
                stood[position.calling] += position.count
        assert bool(stood) == (version >= (3, 11))
        assert not stood or stood[calling] > 2 * stood[not calling]
    assert all(seen.same for site in values.sites for seen in site.seen if seen.name == "TABLE")
    assert not any(site.function.endswith("wait") for site in values.sites)


@pytest.mark.parametrize("python", python_with("numpy", "pandas") or [""])
def test_arrays_and_frames(python: str) -> None:
    if not python:
        pytest.skip("no CPython here has numpy and pandas")
    with running(python, "--numpy") as pid:
        _, counts = observe(pid, WITH_NUMPY)
    assert_seen(counts, WITH_NUMPY)
    (kind, sizes), _ = max(counts["frames"]["frame"].items(), key=lambda item: item[1])
    assert (kind, sizes[:1]) == ("DataFrame", (1234,))


def test_threads_at_rest_are_seen_once() -> None:
    program = (
        "import threading, sys, ctypes\n"
        "ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)\n"
        "def park():\n    threading.Event().wait()\n"
        "for _ in range(3): threading.Thread(target=park, daemon=True).start()\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.2)
        recorder = ValuesRecorder(target(process.pid), budget_cores=1.0)
        recorder.watch([Watch("<string>", 1, 100, (), ())])
        recorder.begin_round(0, "active", 1.0)
        for _ in range(20):
            recorder.step()
        values = recorder.result()
        assert isinstance(values, Values)
        assert values.walks == 4  # each thread once
    finally:
        process.kill()
        process.communicate()


def test_a_target_that_ends_is_said_to_have_ended() -> None:
    with running(sys.executable) as pid:
        recorder = ValuesRecorder(target(pid), budget_cores=1.0)
        recorder.watch([WATCH])
        recorder.begin_round(0, "active", 1.0)
        recorder.step()
        walked = recorder.result()
    recorder.step()
    recorder.begin_round(1, "active", 1.0)
    recorder.step()
    after = recorder.result()
    assert isinstance(walked, Values)
    assert isinstance(after, Values)
    assert after.walks == walked.walks
    assert "0 of 1 workers" in after.cost.complete
    assert "ended" in after.cost.complete


def test_a_walk_takes_few_calls() -> None:
    with running(sys.executable) as pid:
        runtime, codes = interpreter.attach(pid), Codes()
        threads = sum(1 for _ in frames.walk(runtime, codes))
        before = runtime.memory.calls
        for _ in range(10):
            list(frames.walk(runtime, codes))
        assert (runtime.memory.calls - before) / 10 <= 16 * threads
