"""Memory to read in tests: our own, our own with damage, and none at all but noise."""

from __future__ import annotations

import functools
import os
import random
import threading
from collections.abc import Sequence

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
    """Our own memory, in which one word of `every` is replaced by another pointer, a small number or noise."""

    def __init__(self, seed: int, every: int) -> None:
        super().__init__(os.getpid())
        self._random = random.Random(seed)
        self._every = every
        self._pointers = [id(object_) for object_ in ([], {}, (), "a", 1.5, set(), list, type, _parked, "é" * 9)]

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        data = bytearray(super()._fetch(ranges))
        for at in range(0, len(data) - 7, 8):
            if self._random.randrange(self._every) == 0:
                data[at : at + 8] = self._word().to_bytes(8, "little")
        return bytes(data)

    def _word(self) -> int:
        return self._random.choice(
            (0, 1, 5, 1 << 33, (1 << 64) - 1, self._random.getrandbits(64), *self._pointers, self._pointers[0] + 8)
        )


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
