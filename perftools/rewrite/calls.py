"""Recorded calls of a function: a file that holds values and cannot run code.

The file is MAGIC and then frames: b"PFC1", "<IQ" (bytes of the head, of the blobs), the head as JSON, the blobs. Of a
call the head holds the arguments before and after, and the result or the exception. In them null, booleans, short
integers and strings stand for themselves, and lists for the rest:

    ["i", hex] ["f", 8 bytes hex] ["c", 16 bytes hex] ["s", blob] ["b", blob]    int to bytes
    ["n", dtype, hex] ["U", string]    numpy scalars
    ["t", name]                   a value of that type, not recorded
    ["r", number]                 one of the snapshot's objects: the same number is the same object

Objects: list, tuple, dict, set, frozenset, bytearray, ndarray, series, frame, and "opaque" for what cannot be rebuilt.
A list of floats or integers alone is one blob ("list.d", "list.q").
"""

from __future__ import annotations

import os
import random
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from perftools.errors import FileError, OutputUnwritable
from perftools.record import Part
from perftools.rewrite.capturing.hook import MAGIC, MARK, MOST_FILE_BYTES, PER_KEY
from perftools.rewrite.values import Values

MOST_BYTES = 4 * MOST_FILE_BYTES
"""Of a file; calls beyond that are not kept when processes are merged."""
_SIZES = struct.Struct("<IQ")


class Snapshot(Part, frozen=True, kw_only=True):
    """Arguments at one moment."""

    objects: list[Any]
    args: list[Any]
    kwargs: list[tuple[str, Any]]


class After(Snapshot, frozen=True, kw_only=True):
    """Arguments after the call, and what it gave."""

    result: Any
    error: tuple[str, str] | None
    """Type and text of the exception."""


class Start(Part, frozen=True, kw_only=True, tag_field="is", tag="start"):
    """The function was found."""

    blobs: tuple[()]
    pid: int
    function: str
    """As "module:Class.method"."""
    refused: str
    """Why its calls cannot be recorded; "" where they can."""
    python: str
    names: tuple[str, ...]
    """Its parameters."""


class End(Part, frozen=True, kw_only=True, tag_field="is", tag="end"):
    """A process ended in order."""

    blobs: tuple[()]
    pid: int
    seen: int
    lost: dict[str, int]


class Recorded(Part, frozen=True, kw_only=True, tag_field="is", tag="call"):
    """The head of one call."""

    blobs: tuple[int, ...]
    pid: int
    kind: str
    """Types, dtypes and shapes of the arguments."""
    of_kind: int
    """Calls of this kind so far, and of all kinds, in its process."""
    seen: int
    slot: int
    """A later call in the same slot of its kind takes the place of an earlier one."""
    opaque: str
    """Why the arguments cannot be rebuilt; "" where they can."""
    before: Snapshot
    after: After


Head = Start | Recorded | End


class Call:
    """One recorded call."""

    def __init__(self, head: Recorded, blobs: Sequence[bytes]) -> None:
        """Raises ValueError for what is not in the format."""
        self.head = head
        self._blobs = blobs
        self._values(head.before)
        self.why_not = head.opaque or self._last.opaque
        """Why the arguments cannot be rebuilt; "" where they can."""
        self.left()

    @property
    def kind(self) -> str:
        return self.head.kind

    @property
    def error(self) -> tuple[str, str] | None:
        """Type and text of the exception that it raised."""
        return self.head.after.error

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and named arguments as they were before the call: new objects each time."""
        return self._values(self.head.before)

    def left(self) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """The arguments as the call left them, and its result."""
        args, kwargs = self._values(self.head.after)
        return args, kwargs, self._last.value(self.head.after.result)

    def frame(self) -> bytes:
        return _frame(self.head, self._blobs)

    def _values(self, snapshot: Snapshot) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self._last = values = Values(snapshot.objects, self._blobs)
        args = tuple(values.value(each) for each in snapshot.args)
        return args, {name: values.value(each) for name, each in snapshot.kwargs}


class Calls(NamedTuple):
    """What was recorded of one function, in one process or several."""

    start: Start
    calls: tuple[Call, ...]
    seen: int
    """Calls that were made, kept or not: at least so many where a process was killed."""

    @property
    def function(self) -> str:
        return self.start.function


def read(path: str) -> Calls:
    """Read a file, every value of it. Raises FileError where it is none, or not in the format."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise FileError(f"{path} is larger than {MOST_BYTES >> 20} MB")
        return decode([Path(path).read_bytes()])
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path} holds no recorded calls: {error}") from error


def write(path: str, calls: Calls) -> None:
    """Write a private file, in one step. Raises OutputUnwritable."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".perftools-", dir=os.path.dirname(path) or os.curdir)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(encode(calls))
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputUnwritable(f"cannot write {path}: {error.strerror}") from error


def encode(calls: Calls) -> bytes:
    end = End(blobs=(), pid=0, seen=calls.seen, lost={})
    return b"".join([MAGIC, _frame(calls.start, ()), *(call.frame() for call in calls.calls), _frame(end, ())])


def decode(contents: Iterable[bytes], *, torn: bool = False) -> Calls:
    """Merge the files of several processes. `torn`: the last frame of each may be incomplete. Raises ValueError."""
    starts: list[Start] = []
    kept: dict[tuple[int, int, str, int], tuple[Recorded, Sequence[bytes]]] = {}
    seen: dict[tuple[int, int], int] = {}
    for number, content in enumerate(contents):
        for head, blobs in _frames(content, torn=torn):
            if isinstance(head, Start):
                starts.append(head)
                continue
            process = number, head.pid
            seen[process] = max(seen.get(process, 0), head.seen)
            if isinstance(head, Recorded):
                kept[*process, head.kind, head.slot] = head, blobs
            elif head.pid == 0:  # of a file that was merged already: it stands for all of its processes
                seen = {key: count for key, count in seen.items() if key[0] != number} | {process: head.seen}
    if len({start.function for start in starts}) != 1:
        raise ValueError("not the calls of one function")
    start = next((each for each in starts if not each.refused), starts[0])
    return Calls(start, tuple(Call(*each) for each in _bounded(list(kept.values()))), sum(seen.values()))


def _bounded(kept: list[tuple[Recorded, Sequence[bytes]]]) -> Iterator[tuple[Recorded, Sequence[bytes]]]:
    """PER_KEY calls of each kind, each call of every process with equal chance (Efraimidis and Spirakis, 2006)."""
    kinds: dict[str, list[tuple[Recorded, Sequence[bytes]]]] = {}
    for each in kept:
        kinds.setdefault(each[0].kind, []).append(each)
    drawn = random.Random(0)  # noqa: S311 (a sample, no secret)
    left = MOST_BYTES
    for group in kinds.values():
        if len(group) > PER_KEY:
            group.sort(key=lambda each: drawn.random() ** (1 / max(each[0].of_kind, 1)), reverse=True)
        for head, blobs in group[:PER_KEY]:
            left -= sum(head.blobs)
            if left > 0:
                yield head, blobs


def _frames(content: bytes, *, torn: bool) -> Iterator[tuple[Head, Sequence[bytes]]]:
    if not content.startswith(MAGIC):
        raise ValueError("it does not begin as one")
    at, end = len(MAGIC), len(content)
    while at < end:
        first = at + len(MARK) + _SIZES.size
        if content[at : at + len(MARK)] != MARK[: end - at]:
            raise ValueError(f"no frame at byte {at}")
        head_bytes, blob_bytes = _SIZES.unpack(content[at + len(MARK) : first]) if first <= end else (end, 0)
        middle, at = first + head_bytes, first + head_bytes + blob_bytes
        if at > end:
            if torn:
                return
            raise ValueError("it is cut off")
        head = _head(content[first:middle])
        if any(size < 0 for size in head.blobs) or sum(head.blobs) != blob_bytes:
            raise ValueError("the blobs of a call are not as long as it says")
        blobs, start = [], middle
        for size in head.blobs:
            blobs.append(content[start : start + size])
            start += size
        yield head, blobs


def _head(text: bytes) -> Head:
    try:
        return msgspec.json.decode(text, type=Head)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"a frame's head: {error}") from error


def _frame(head: Head, blobs: Sequence[bytes]) -> bytes:
    text = msgspec.json.encode(head)
    return MARK + _SIZES.pack(len(text), sum(map(len, blobs))) + text + b"".join(blobs)
