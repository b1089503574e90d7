"""Memory to read in tests: our own, our own with damage, and none at all but noise."""

from __future__ import annotations

import collections
import functools
import os
import random
import threading
from collections.abc import Mapping, Sequence

import pytest

from perftools.remote import interpreter
from perftools.remote.heap import Heap
from perftools.remote.interpreter import Runtime
from perftools.remote.memory import MAX_READ, Memory, Range, Unreadable

_parked = threading.Event()


@functools.cache
def own_runtime() -> Runtime:
    """This very process, as if it were another one; a thread at rest gives the frame that the check looks for."""
    threading.Thread(target=_parked.wait, name="parked", daemon=True).start()
    try:
        return interpreter.attach(os.getpid())
    except Unreadable as error:
        if error.code == "V-NORIGHT":
            pytest.skip(f"not even our own memory may be read: {error.reason}")
        raise


def own_heap() -> Heap:
    """The objects of this process."""
    return Heap(own_runtime())


class DamagedMemory(Memory):
    """Our own memory with faults: of the n-th call, one word is another. Words are counted from the end of each call's
    data if negative; faults behind the end do nothing."""

    def __init__(self, faults: Mapping[int, tuple[int, int]]) -> None:
        super().__init__(os.getpid())
        self._faults = faults

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        data = bytearray(super()._fetch(ranges))
        word, value = self._faults.get(self.calls - 1, (0, -1))
        if value >= 0 and -len(data) <= 8 * word <= len(data) - 8:
            at = 8 * word % len(data)
            data[at : at + 8] = value.to_bytes(8, "little")
        return bytes(data)


_ELSEWHERE: list[object] = [[], {}, (), "a", 1.5, set(), list, type, collections.deque(), "é" * 9, threading.Event()]
POINTERS = tuple(map(id, _ELSEWHERE))
"""To objects of other types."""


class NoiseMemory(Memory):
    """A small arena full of pointers into itself: everything is a cycle. Each word is always the same."""

    BASE, WORDS = 1 << 20, 512

    def __init__(self, seed: int, holes: float) -> None:
        super().__init__(0)
        source = random.Random(seed)
        self._holes = holes
        self._random = source
        self._words = [
            source.choice((0, 1, 3, 1 << 4, source.getrandbits(64), *(self._pointer(source) for _ in range(6))))
            for _ in range(self.WORDS)
        ]

    def _pointer(self, source: random.Random) -> int:
        return self.BASE + 8 * source.randrange(self.WORDS)

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        self.calls += 1
        data = b""
        for address, size in ranges:
            assert 0 < size <= MAX_READ
            if self._random.random() < self._holes:
                break
            first, skip = divmod(address - self.BASE, 8)
            words = (size + skip + 7) // 8 + 1
            text = b"".join(self._words[(first + i) % self.WORDS].to_bytes(8, "little") for i in range(words))
            data += text[skip : skip + size]
        return data
