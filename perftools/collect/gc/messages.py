"""What the watcher is told and what it answers: msgpack, each message after its length, in files that live in memory.

The answers are appended to a file, never sent through a pipe: neither side ever waits for the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct

from perftools.record import Collector, GcCharge, Missing, Pause, Process

MOST_BYTES = 64 << 20
"""Of all answers."""
_LONGEST = 8 << 20
"""Bytes of one message."""
_LENGTH = 4

M = TypeVar("M")


class Order(Struct, frozen=True):
    """Whom to watch."""

    zero_ns: int
    """CLOCK_MONOTONIC from which times are counted."""
    workers: tuple[Process, ...]
    family: tuple[int, ...]
    """Pids of the whole service: what is born below them is watched too."""


class Report(Struct, frozen=True, kw_only=True):
    """What is new since the report before."""

    cpu_s: float
    """Of the watcher up to now, program start and imports excluded."""
    collectors: tuple[Collector, ...]
    """As they stand now; one that is missing stands as it was last told."""
    pauses: tuple[Pause, ...]
    frames: tuple[tuple[str, str, int], ...]
    """They follow those of the reports before, as the stacks do."""
    stacks: tuple[tuple[int, ...], ...]
    charges: tuple[GcCharge, ...]
    """To be added to those of the reports before."""
    unwatched: dict[int, Missing]
    """All of them."""
    born: int
    """Processes found that began within the window."""
    lost: int
    """Events dropped by the kernel, and pauses too many to be told."""
    slowest: float
    """By how much looks were made less often than we would like to, to stay within the cost allowed; 1: not at all."""


class Nonsense(Exception):
    """What was read is no message."""


def write(descriptor: int, message: Struct) -> None:
    """Append a message to a file. Raises OSError."""
    body = msgspec.msgpack.encode(message)
    rest = memoryview(len(body).to_bytes(_LENGTH, "little") + body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Reader:
    """Reads the messages that are appended to a file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def read(self, kind: type[M]) -> Iterator[M]:
        """Those that are there in full and were not read before. Raises Nonsense, OSError."""
        while True:
            length = int.from_bytes(head := os.pread(self._descriptor, _LENGTH, self._at), "little")
            if len(head) < _LENGTH:
                return
            if length > _LONGEST:
                raise Nonsense(f"a message of {length} bytes")
            body = os.pread(self._descriptor, length, self._at + _LENGTH)
            if len(body) < length:
                return
            self._at += _LENGTH + length
            try:
                yield msgspec.msgpack.decode(body, type=kind)
            except msgspec.DecodeError as error:
                raise Nonsense(str(error)) from error
