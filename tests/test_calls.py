"""Recorded calls: what a program's hook writes is read back as it was, and a hostile file is refused."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perftools.errors import FileError
from perftools.rewrite import calls
from perftools.rewrite.calls import Call, Calls
from perftools.rewrite.capturing import hook
from perftools.rewrite.compare import Called, difference
from perftools.rewrite.values import Opaque

HEAD: dict[str, Any] = {"is": "call", "kind": "", "of_kind": 1, "slot": 0, "pid": 1, "opaque": "", "seen": 1}
START = {"is": "start", "pid": 1, "function": "m:f", "refused": "", "python": "3.9.0", "names": [], "blobs": []}


def frame(head: dict[str, Any], blobs: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return hook.MARK + struct.pack("<IQ", len(text), len(blobs)) + text + blobs


def content(*args: Any) -> bytes:
    """A file of one call that returns its arguments."""
    blobs = hook.Blobs()
    snapshot = hook.Snapshot(blobs)
    said = [snapshot.value(each) for each in args]
    before = {"args": said, "kwargs": [], "objects": snapshot.objects}
    head = HEAD | {"before": before, "after": before | {"result": None, "error": None}}
    sizes = [len(each) for each in blobs.parts]
    return hook.MAGIC + frame(START) + frame(head | {"blobs": sizes}, b"".join(blobs.parts))


def call_with(*args: Any) -> Call:
    (call,) = calls.decode([content(*args)]).calls
    return call


def back(*args: Any) -> tuple[Any, ...]:
    return call_with(*args).arguments()[0]


def unlike(*args: Any) -> str:
    nothing = Called(None, None, args, (), ())
    return difference(nothing, nothing._replace(args=back(*args)))


floats = st.floats(allow_nan=True)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), floats, st.complex_numbers(), st.text(st.characters()), st.binary(),
)  # fmt: skip
hashable = st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.tuples(st.integers(), st.text()))
nested = st.recursive(
    st.one_of(scalars, st.lists(floats), st.lists(st.integers()), st.sets(hashable), st.frozensets(hashable)),
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(hashable, inner), st.binary().map(bytearray)
    ),
    max_leaves=15,
)
dtypes = st.one_of(
    arrays.scalar_dtypes(), arrays.unicode_string_dtypes(max_len=4), arrays.byte_string_dtypes(max_len=4)
)
tables = arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


@given(st.lists(nested, max_size=4))
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_plain_values_come_back(args: list[Any]) -> None:
    assert unlike(*args) == ""


@given(tables, st.sampled_from(["C", "F", "strided", "read-only", "reversed"]))
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_arrays_come_back(array: Any, layout: str) -> None:
    if layout == "F":
        array = np.asfortranarray(array)
    elif layout in ("strided", "reversed") and array.ndim:
        array = array[..., :: 2 if layout == "strided" else -1]
    elif layout == "read-only":
        array.flags.writeable = False
    assert unlike(array) == ""
    (found,) = back(array)
    assert (found.flags.f_contiguous, found.flags.writeable) == (array.flags.f_contiguous, array.flags.writeable)


@given(arrays.scalar_dtypes().flatmap(lambda dtype: arrays.arrays(dtype, 1)))
@settings(deadline=None, max_examples=50)
def test_numpy_scalars_come_back(array: Any) -> None:
    assert unlike(array[0]) == "" and type(back(array[0])[0]) is type(array[0])


FRAMES: dict[str, Callable[[], Any]] = {
    "mixed": lambda: pd.DataFrame({"a": [1.0, math.nan], "b": ["x", None], "c": [1, 2], "d": [True, False]}),
    "nullable": lambda: pd.DataFrame(
        {
            "a": pd.array([1, None], dtype="Int64"),
            "b": pd.array([None, 0.5], dtype="Float64"),
            "c": pd.array([True, None], dtype="boolean"),
        }
    ),
    "objects": lambda: pd.DataFrame({"a": pd.Series([1, "x", None, 2.5], dtype=object)}),
    "duplicates": lambda: pd.DataFrame([[1, 2], [3, 4]], columns=["x", "x"], index=[5, 5]),
    "dates": lambda: pd.DataFrame({"at": pd.to_datetime(["2020-01-01", None])}, index=pd.Index(["p", "q"], name="id")),
    "empty": pd.DataFrame,
    "no rows": lambda: pd.DataFrame({"a": pd.Series([], dtype="int64")}),
    "series": lambda: pd.Series([1.5, 2.5], index=pd.RangeIndex(3, 7, 2), name="score"),
    "strings": lambda: pd.Series(["a", None], dtype="string"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_come_back(name: str) -> None:
    made = FRAMES[name]()
    assert unlike(made) == ""
    assert not call_with(made).why_not


def test_bits_of_nans_and_zeros_are_kept() -> None:
    payload = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_1234))[0]
    for values in ([payload, -0.0], [payload, -0.0, 1.0, 2.0, 3.0]):
        (found,) = back(values)
        assert [struct.pack("<d", each) for each in found] == [struct.pack("<d", each) for each in values]


def test_what_was_one_object_is_one_object() -> None:
    row = [1.0, 2.0]
    loop: list[Any] = [0]
    loop.append(loop)
    rows, again, found = back([row, row], row, loop)
    assert rows[0] is rows[1] is again
    assert found[1] is found


def test_each_replay_gets_objects_of_its_own() -> None:
    call = call_with([1.0] * 10, np.zeros(3))
    (items, array), _ = call.arguments()
    items.clear()
    array[:] = 7
    assert call.arguments()[0][0] == [1.0] * 10
    assert call.arguments()[0][1].sum() == 0


class Model:
    def __init__(self) -> None:
        self.name = "m"
        self.rows = [1]

    @property
    def danger(self) -> None:
        raise AssertionError

    def __getattr__(self, name: str) -> None:
        if name in ("rows", "secret"):
            raise AssertionError(name)
        raise AttributeError(name)


@pytest.mark.parametrize("value", [Model(), object(), iter([1]), len, Model, pd.Series(["a"], dtype="category")])
def test_what_cannot_be_rebuilt_says_so(value: object) -> None:
    call = call_with([value])
    assert call.why_not.rpartition(".")[2] == type(value).__qualname__
    (found,) = call.arguments()[0][0]
    assert isinstance(found, Opaque)
    if isinstance(value, Model):
        assert found.attributes == {"name": "m", "rows": Opaque("list", {})}


def test_a_subclass_is_no_list() -> None:
    class Rows(list[int]):
        pass

    assert call_with(Rows([1])).why_not.endswith("Rows")


def test_large_calls_are_not_kept() -> None:
    with pytest.raises(hook.TooLarge):
        content([object()] * hook.MOST_VALUES)
    with pytest.raises(hook.TooLarge):
        content(b"x" * (hook.MOST_CALL_BYTES + 1))
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert call_with(deep).why_not == "list"


HOSTILE: dict[str, Any] = {
    "no such object": ["r", 7],
    "negative object": ["r", -1],
    "no tag": ["__class__"],
    "no such tag": ["q", 1],
    "a method": ["blob", 0],
    "empty": [],
    "object": {"a": 1},
    "number": 1.5,
    "blob": ["b", 99],
    "hex": ["f", "zz"],
    "object dtype": ["n", "|O", "00" * 8],
    "structured dtype": ["n", "i4,O", "00" * 12],
    "short scalar": ["n", "<f8", "00"],
}
OBJECTS: dict[str, list[Any]] = {
    "tuple in itself": [["tuple", [["r", 0]]]],
    "unhashable key": [["dict", [[["r", 1], 1]]], ["list", []]],
    "no pair": [["dict", [[1]]]],
    "shape": [["ndarray", "<f8", [1 << 30, 1 << 30], "C", True, 0]],
    "negative shape": [["ndarray", "<f8", [-1], "C", True, 0]],
    "object array": [["ndarray", "|O", [1], "C", True, 0]],
    "short object array": [["ndarray.O", [5], "C", True, [1]]],
    "deep": [*(["list", [["r", each + 1]]] for each in range(5000)), ["list", []]],
    "index": [["series", ["range", 0, 1 << 50, 1, None], ["object", []], None]],
    "lengths": [["series", ["range", 0, 3, 1, None], ["object", [1]], None]],
    "column": [["series", ["range", 0, 1, 1, None], ["string", "category", ["a"]], None]],
    "packed": [["list.d", 0]],
    "characters": [["ndarray", "<U2", [1], "C", True, 1]],
}


@pytest.mark.parametrize(
    ("value", "objects"),
    [pytest.param(value, [], id=name) for name, value in HOSTILE.items()]
    + [pytest.param(["r", 0], objects, id=name) for name, objects in OBJECTS.items()],
)
def test_a_hostile_value_is_refused(value: Any, objects: list[Any], tmp_path: Path) -> None:
    before = {"args": [value], "kwargs": [], "objects": objects}
    head = HEAD | {"before": before, "after": before | {"result": None, "error": None}, "blobs": [3, 8]}
    path = tmp_path / "calls"
    path.write_bytes(hook.MAGIC + frame(START) + frame(head, b"abc" + b"\xff" * 8))
    with pytest.raises(FileError, match="holds no recorded calls"):
        calls.read(str(path))


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_damaged_file_is_refused_or_read(data: st.DataObject) -> None:
    good = content([1.0, 2.0, 3.0, 4.0], {"a": np.arange(3)}, "text")
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 3)) :]
    with suppress(ValueError):
        calls.decode([bad])


def test_a_torn_last_frame_is_left_out_only_where_a_process_may_have_been_killed() -> None:
    whole = content([1.0])
    torn = whole + frame(HEAD, b"abc")[:-2]
    assert len(calls.decode([torn], torn=True).calls) == 1
    with pytest.raises(ValueError, match="cut off"):
        calls.decode([torn])


def test_a_file_is_private_and_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    found = calls.decode([content([1.0, 2.0], -0.0)])
    calls.write(str(path), found)
    assert path.stat().st_mode & 0o777 == 0o600
    again = calls.read(str(path))
    assert calls.encode(again) == calls.encode(found)


def merged(*processes: int) -> Calls:
    """Of processes that made so many calls of one kind, of which each kept the first ones."""
    contents = []
    for pid, made in enumerate(processes, 1):
        text = hook.MAGIC + frame(START | {"pid": pid})
        for slot in range(min(made, hook.PER_KEY)):
            before = {"args": [pid], "kwargs": [], "objects": []}
            head = HEAD | {"pid": pid, "slot": slot, "of_kind": made, "seen": made, "before": before, "blobs": []}
            text += frame(head | {"after": before | {"result": slot, "error": None}})
        contents.append(text)
    return calls.decode(contents)


def test_processes_are_merged_and_the_busy_one_counts_more() -> None:
    found = merged(1000, 4)
    assert (found.seen, len(found.calls)) == (1004, hook.PER_KEY)
    assert [call.arguments()[0][0] for call in found.calls].count(1) >= 3
    assert calls.decode([calls.encode(found)]).seen == 1004


def test_recorded_calls_tell_types_and_size() -> None:
    from perftools.rewrite.observed import known

    one = content([[1.0, 2.0]] * 40, np.zeros((3, 64), order="F"), {"a": 1})
    text = one.replace(b'"names": []', b'"names": ["rows", "weights", "options"]')
    size = struct.pack("<I", len(json.dumps(START | {"names": ["rows", "weights", "options"]})))
    at = len(hook.MAGIC) + len(hook.MARK)
    found = known(calls.decode([text[:at] + size + text[at + 4 :]]))
    assert {name: str(each) for name, each in found.facts.items()} == {
        "f.rows": "list[list[float]]", "f.weights": "ndarray[f8, F]", "f.options": "dict[str, int]"
    }  # fmt: skip
    assert found.size == 64
