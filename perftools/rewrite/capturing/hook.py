"""Records calls of one function inside the program that makes them, in a bounded file for each process.

Self-contained, for Python 3.9 and later; numpy and pandas are used only where the program has loaded them. It must
never change what the function returns or raises: whatever fails here, fails silently.

A file is MAGIC and then frames, each b"PFC1", "<IQ" (bytes of its head and of its blobs), the head as JSON, the blobs.
perftools/rewrite/calls.py reads it and describes the values.
"""

from __future__ import annotations

import array
import atexit
import functools
import inspect
import json
import os
import random
import struct
import sys
import threading
import time
import types
from contextlib import suppress
from typing import Any

MAGIC = b"perftools.calls/1\n"
MARK = b"PFC1"
PER_KEY, KEYS = 4, 64
"""Calls kept of one kind, and kinds kept."""
MOST_VALUES, MOST_CALL_BYTES, MOST_FILE_BYTES = 200_000, 4 << 20, 32 << 20
MOST_PROCESSES = 256
DEEPEST = 40
SHARE, ALLOWANCE_S = 0.05, 0.5
"""Recording may take this share of the time since its start, and so many seconds more."""
ALL_UP_TO = 1000
"""So many calls are all looked at; of later ones the fewer, the more there have been."""
_SMALL = 1 << 53
_PLAIN = "biufcSUmM"
_PLAIN_TEXTS: tuple[object, ...] = (BaseException.__str__, KeyError.__str__, OSError.__str__)


class TooLarge(Exception):
    """A call has too many values or bytes to be kept."""


class Blobs:
    """Bytes that a call's values refer to by number; equal ones are kept once."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._known: dict[bytes, int] = {}
        self._bytes = 0

    def add(self, content: bytes) -> int:
        number = self._known.get(content)
        if number is None:
            self._bytes += len(content)
            if self._bytes > MOST_CALL_BYTES:
                raise TooLarge
            number = self._known[content] = len(self.parts)
            self.parts.append(content)
        return number


class Snapshot:
    """Values as JSON, each object once."""

    def __init__(self, blobs: Blobs) -> None:
        self.objects: list[Any] = []
        self.opaque = ""
        """The first type that cannot be rebuilt."""
        self.extents: list[tuple[int, int]] = []
        self._blobs = blobs
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._left = MOST_VALUES

    def value(self, value: Any, depth: int = 0) -> Any:
        """What stands for a value; objects with an identity are referred to by number."""
        self._left -= 1
        if self._left < 0:
            raise TooLarge
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -_SMALL < value < _SMALL else ["i", format(value, "x")]
        if kind is float:
            return ["f", struct.pack(">d", value).hex()]
        if kind is complex:
            return ["c", struct.pack(">dd", value.real, value.imag).hex()]
        if kind is str:
            try:
                value.encode()
            except UnicodeEncodeError:
                return ["s", self._blobs.add(value.encode("utf-8", "surrogatepass"))]
            return value
        if kind is bytes:
            return ["b", self._blobs.add(value)]
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic) and kind.__module__ == "numpy":
            if kind is numpy.str_:
                return ["U", self.value(str(value), depth)]
            if value.dtype.kind in _PLAIN and kind is not numpy.bytes_:
                return ["n", value.dtype.str, value.tobytes().hex()]
        known = self._numbers.get(id(value))
        if known is not None:
            return ["r", known[0]]
        number = len(self.objects)
        self.objects.append(None)
        self._numbers[id(value)] = number, value  # held, so that nothing else gets its id
        self.objects[number] = self._object(value, kind, depth)
        return ["r", number]

    def _object(self, value: Any, kind: type, depth: int) -> list[Any]:
        if depth > DEEPEST:
            return self._opaque(value)
        if kind is list or kind is tuple:
            return self._sequence(value, kind.__name__, depth)
        if kind is dict:
            return ["dict", [[self.value(key, depth + 1), self.value(item, depth + 1)] for key, item in value.items()]]
        if kind is set or kind is frozenset:
            return [kind.__name__, [self.value(item, depth + 1) for item in value]]
        if kind is bytearray:
            return ["bytearray", self._blobs.add(bytes(value))]
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        found = None
        if numpy is not None and kind is getattr(numpy, "ndarray", None):
            found = self._array(value, depth)
        elif pandas is not None and kind is getattr(pandas, "DataFrame", None):
            found = self._frame(value, depth)
        elif pandas is not None and kind is getattr(pandas, "Series", None):
            found = self._series(value, depth)
        return found or self._opaque(value)

    def _sequence(self, value: Any, name: str, depth: int) -> list[Any]:
        kinds: set[type] = set(map(type, value)) if len(value) > 3 else set()
        for kind, code in ((float, "d"), (int, "q")):
            if kinds == {kind}:
                try:
                    packed = array.array(code, value)
                except OverflowError:
                    break
                if sys.byteorder == "big":
                    packed.byteswap()
                return [name + "." + code, self._blobs.add(packed.tobytes())]
        return [name, [self.value(item, depth + 1) for item in value]]

    def _array(self, value: Any, depth: int) -> list[Any] | None:
        flags = value.flags
        layout = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "strided"
        shape, writeable = list(value.shape), bool(flags.writeable)
        if value.dtype.kind == "O":
            items = [self.value(item, depth + 1) for item in value.ravel().tolist()]
            return ["ndarray.O", shape, layout, writeable, items]
        if value.dtype.kind not in _PLAIN or value.nbytes > MOST_CALL_BYTES:
            return None
        if value.size:
            low = high = value.__array_interface__["data"][0]
            for length, stride in zip(value.shape, value.strides):
                low, high = low + min(0, (length - 1) * stride), high + max(0, (length - 1) * stride)
            self.extents.append((low, high + value.itemsize))
        return ["ndarray", value.dtype.str, shape, layout, writeable, self._blobs.add(value.tobytes())]

    def _frame(self, value: Any, depth: int) -> list[Any] | None:
        parts: list[Any] = [self._labels(value.index, depth), self._labels(value.columns, depth)]
        parts.append([self._column(value.iloc[:, at], depth) for at in range(value.shape[1])])
        return ["frame", *parts] if None not in parts and None not in parts[2] else None

    def _series(self, value: Any, depth: int) -> list[Any] | None:
        index, column = self._labels(value.index, depth), self._column(value, depth)
        return ["series", index, column, self.value(value.name, depth + 1)] if index and column else None

    def _labels(self, index: Any, depth: int) -> list[Any] | None:
        name = type(index).__name__
        if name == "RangeIndex":
            return ["range", index.start, index.stop, index.step, self.value(index.name, depth + 1)]
        if name == "MultiIndex":
            return None
        column = self._column(index, depth)
        return None if column is None else ["labels", column, self.value(index.name, depth + 1)]

    def _column(self, column: Any, depth: int) -> list[Any] | None:
        dtype = column.dtype
        name = type(dtype).__name__
        if isinstance(dtype, sys.modules["numpy"].dtype):
            if dtype.kind == "O":
                return ["object", [self.value(item, depth + 1) for item in column.tolist()]]
            return ["plain", self.value(column.to_numpy().copy(), depth + 1)] if dtype.kind in _PLAIN else None
        if name == "StringDtype":
            missing = column.isna()
            items = [None if gone else self.value(item, depth + 1) for item, gone in zip(column.tolist(), missing)]
            return ["string", str(dtype), items]
        plain = getattr(dtype, "numpy_dtype", None)
        if plain is not None and plain.kind in "biuf" and column.array.__class__.__module__.startswith("pandas."):
            values = column.array.to_numpy(dtype=plain, na_value=plain.type(0))
            return ["masked", str(dtype), self.value(values, depth + 1),
                    self.value(column.array.isna().copy(), depth + 1)]  # fmt: skip
        return None

    def _opaque(self, value: Any) -> list[Any]:
        """Type and plain attributes of what cannot be rebuilt; none of its code runs."""
        name = named(type(value))
        self.opaque = self.opaque or name
        try:
            attributes = object.__getattribute__(value, "__dict__")
        except Exception:  # noqa: BLE001 (a type of the user's)
            attributes = {}
        if type(attributes) is not dict or isinstance(value, (type, types.ModuleType, types.FunctionType)):
            attributes = {}
        shown = []
        for key, item in list(attributes.items())[:50]:
            plain = item is None or type(item) in (bool, int, float) or (type(item) is str and len(item) <= 200)
            if type(key) is str:
                shown.append([self.value(key), self.value(item) if plain else ["t", named(type(item))]])
        return ["opaque", name, shown]

    def overlaps(self) -> bool:
        """Do two arrays share memory?"""
        extents = sorted(self.extents)
        return any(after[0] < before[1] for before, after in zip(extents, extents[1:]))


class Recorder:
    """Which calls of this process are kept, and their file."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._local = threading.local()
        self._reset()
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self._end)

    def _reset(self) -> None:
        self.seen = 0
        self._pid = os.getpid()
        self._descriptor: int | None = None
        self._written = 0
        self._skip = 0
        self._kinds: dict[str, int] = {}
        self._lost = {"kinds": 0, "large": 0}
        self._spent_s = 0.0
        self._started_s = time.perf_counter()
        self._random = random.Random(self._pid)  # noqa: S311 (a sample, no secret)
        self._lock = threading.Lock()

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], Blobs] | None:
        """A record begun, or None where this call is not kept."""
        self.seen += 1
        if self._skip > 0:
            self._skip -= 1
            return None
        if getattr(self._local, "busy", False):  # a recursive call, or one from our own look at the arguments
            return None
        now_s = time.perf_counter()
        if self._spent_s > ALLOWANCE_S + SHARE * (now_s - self._started_s):
            return None
        self._local.busy = True
        record = None
        try:
            self._skip = self.seen // ALL_UP_TO
            record = self._begin(args, kwargs)
        except TooLarge:
            self._lost["large"] += 1
        except Exception:  # noqa: BLE001, S110 (the function must run as if we were not there)
            pass
        finally:
            self._spent_s += time.perf_counter() - now_s
            if record is None:
                self._local.busy = False
        return record

    def after(
        self,
        record: tuple[dict[str, Any], Blobs],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        """Complete a record and write it."""
        now_s = time.perf_counter()
        try:
            head, blobs = record
            after = Snapshot(blobs)
            found: dict[str, Any] = {"args": [after.value(each) for each in args],
                     "kwargs": [[name, after.value(each)] for name, each in kwargs.items()],
                     "result": after.value(result), "error": None}  # fmt: skip
            if error is not None:
                plain = type(error).__str__ in _PLAIN_TEXTS
                text = str(error)[:2000] if plain else ""
                found["error"] = [named(type(error)), text.encode("utf-8", "replace").decode()]
            found["objects"] = after.objects
            head.update(after=found, seen=self.seen)
            self._write(head, blobs.parts)
        except TooLarge:
            self._lost["large"] += 1
        except Exception:  # noqa: BLE001, S110 (as above)
            pass
        finally:
            self._spent_s += time.perf_counter() - now_s
            self._local.busy = False

    def say(self, **head: Any) -> None:
        """Write a frame without values."""
        with suppress(Exception):
            self._write(head, [])

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], Blobs] | None:
        kind = kind_of(args, kwargs)
        known = self._kinds.get(kind, 0)
        if not known and len(self._kinds) >= KEYS:
            self._lost["kinds"] += 1
            return None
        self._kinds[kind] = known + 1
        slot = known if known < PER_KEY else self._random.randrange(known + 1)  # algorithm R (Vitter 1985)
        if slot >= PER_KEY:
            return None
        blobs = Blobs()
        before = Snapshot(blobs)
        found = {"args": [before.value(each) for each in args],
                 "kwargs": [[name, before.value(each)] for name, each in kwargs.items()],
                 "objects": before.objects}  # fmt: skip
        opaque = before.opaque or ("arrays that share memory" if before.overlaps() else "")
        head = {"is": "call", "kind": kind, "of_kind": known + 1, "slot": slot, "pid": self._pid, "opaque": opaque,
                "before": found}  # fmt: skip
        return head, blobs

    def _write(self, head: dict[str, Any], parts: list[bytes]) -> None:
        head["blobs"] = [len(part) for part in parts]
        text = json.dumps(head, separators=(",", ":")).encode()
        frame = MARK + struct.pack("<IQ", len(text), sum(head["blobs"])) + text + b"".join(parts)
        if not self._lock.acquire(False):
            return
        try:
            if self._descriptor is None:
                if len(os.listdir(self._folder)) >= MOST_PROCESSES:
                    return
                path = os.path.join(self._folder, f"{self._pid}-{time.time_ns()}")
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
                self._descriptor = os.open(path, flags, 0o600)
                frame = MAGIC + frame
            if self._written + len(frame) <= MOST_FILE_BYTES:
                self._written += len(frame)
                while frame:
                    frame = frame[os.write(self._descriptor, frame) :]
        finally:
            self._lock.release()

    def _end(self) -> None:
        if self._pid == os.getpid():
            self.say(**{"is": "end", "pid": self._pid, "seen": self.seen, "lost": self._lost})


def kind_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Type, dtype and shape of the arguments, lengths by power of two: calls of one kind are interchangeable."""
    return ", ".join([_kind(each) for each in args] + [name + "=" + _kind(each) for name, each in kwargs.items()])


def _kind(value: Any, deeper: int = 2) -> str:
    kind: type = type(value)
    if kind in (list, tuple) and deeper:
        inner = _kind(value[len(value) // 2], deeper - 1) if value else ""
        return f"{kind.__name__}[{inner}]~{len(value).bit_length()}"
    if kind in (list, tuple, dict, set, frozenset, str, bytes, bytearray):
        return f"{kind.__name__}~{len(value).bit_length()}"
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        shape = ",".join(str(length.bit_length()) for length in value.shape)
        order = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else "strided"
        return f"ndarray[{value.dtype.str},{order}]~{shape}"
    if kind.__module__.startswith("pandas.") and kind.__name__ == "DataFrame":
        dtypes = ",".join(str(each) for each in value.dtypes[:20])
        return f"DataFrame[{dtypes}]~{len(value).bit_length()},{value.shape[1]}"
    return named(kind)[:100]


def named(kind: type) -> str:
    """A type's name with its module, without that of builtins."""
    module, name = kind.__module__, kind.__qualname__
    return str(name) if module == "builtins" else f"{module}.{name}"


def wrap(module: types.ModuleType, path: str, folder: str) -> None:
    """Put a recording function into the place of module.path; what cannot be recorded is refused in the file."""
    *outer, name = path.split(".")
    owner: Any = module
    for each in outer:
        owner = getattr(owner, each)
    found: Any = inspect.getattr_static(owner, name, None)
    bound = type(found) if isinstance(found, (staticmethod, classmethod)) else None
    function = found.__func__ if bound else found
    recorder = Recorder(folder)
    reason = refusal(function)
    code = getattr(inspect.unwrap(function), "__code__", None) if not reason else None
    names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) if code else []
    recorder.say(**{"is": "start", "pid": os.getpid(), "function": module.__name__ + ":" + path, "refused": reason,
                    "python": ".".join(map(str, sys.version_info[:3])), "names": names})  # fmt: skip
    if reason:
        return

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        record = recorder.before(args, kwargs)
        if record is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            recorder.after(record, args, kwargs, None, error)
            raise
        recorder.after(record, args, kwargs, result, None)
        return result

    setattr(owner, name, bound(recorded) if bound else recorded)


def refusal(function: Any) -> str:
    """Why calls of it cannot be recorded; "" where they can."""
    if function is None:
        return "there is no such function in the module"
    if not isinstance(function, types.FunctionType):
        return "it is no plain function but a " + named(type(function))
    inner = inspect.unwrap(function)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        return "it is async: other work runs between its start and its end"
    if inspect.isgeneratorfunction(inner):
        return "it is a generator: its work is done while its result is consumed"
    return ""
