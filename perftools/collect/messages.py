"""Messages between the tool and its own child processes: msgpack, each after its length, in files that live in memory.

They are appended to a file, never sent through a pipe: neither side ever waits for the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct

_LONGEST = 8 << 20
"""Bytes of one message."""
_LENGTH = 4

M = TypeVar("M")


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
