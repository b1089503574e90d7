"""Reads of a process's memory: exact, bounded, and refused with a reason."""

from __future__ import annotations

import ctypes
import mmap
import os

import pytest

from perftools.remote.memory import MAX_RANGES, MAX_READ, Memory, Unreadable, sane
from tests.remote_fixtures import own_runtime


@pytest.fixture
def memory() -> Memory:
    own_runtime()
    return Memory(os.getpid())


def test_reads_numbers_and_text(memory: Memory) -> None:
    buffer = ctypes.create_string_buffer(b"\x01\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xffnumpy.ndarray\0rest")
    address = ctypes.addressof(buffer)
    assert memory.u64(address) == 1
    assert memory.i64(address + 8) == -1
    assert memory.i32(address + 8) == -1
    assert memory.u8(address) == 1
    assert memory.u64s(address, 2) == (1, (1 << 64) - 1)
    assert memory.text(address + 16) == "numpy.ndarray"
    with pytest.raises(Unreadable, match="does not end"):
        memory.text(address + 16, limit=5)


def test_a_range_that_is_not_mapped_costs_only_itself(memory: Memory) -> None:
    pages = mmap.mmap(-1, 3 * mmap.PAGESIZE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    ctypes.memset(base, 7, 3 * mmap.PAGESIZE)
    libc = ctypes.CDLL(None)
    assert libc.mprotect(ctypes.c_void_p(base + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    before = memory.calls
    pieces = memory.read_many([(base, 8), (base + mmap.PAGESIZE, 8), (base + 2 * mmap.PAGESIZE, 8), (8, 8), (base, 0)])
    assert pieces == [b"\x07" * 8, None, b"\x07" * 8, None, None]
    assert memory.calls - before <= 3
    with pytest.raises(Unreadable):
        memory.read(base + mmap.PAGESIZE - 4, 8)


def test_many_ranges_need_few_calls(memory: Memory) -> None:
    buffer = ctypes.create_string_buffer(8 * (MAX_RANGES + 10))
    address = ctypes.addressof(buffer)
    before = memory.calls
    pieces = memory.read_many([(address + 8 * index, 8) for index in range(MAX_RANGES + 10)])
    assert pieces == [bytes(8)] * (MAX_RANGES + 10)
    assert memory.calls - before == 2


@pytest.mark.parametrize(
    ("address", "size"), [(0, 8), (4095, 8), (1 << 48, 8), (-8, 8), (1 << 70, 8), (8192, MAX_READ + 1)]
)
def test_what_can_not_be_read_is_not_tried(memory: Memory, address: int, size: int) -> None:
    before = memory.calls
    with pytest.raises(Unreadable):
        memory.read(address, size)
    assert memory.read_many([(address, size)]) == [None]
    assert memory.calls == before


def test_a_process_that_is_gone_is_said_to_be() -> None:
    own_runtime()
    with pytest.raises(Unreadable) as caught:
        Memory((1 << 22) - 2).read(1 << 20, 8)
    assert caught.value.code == "V-GONE"
    with pytest.raises(Unreadable):
        Memory((1 << 22) - 2).read_many([(1 << 20, 8)])


def test_sane_addresses() -> None:
    assert sane(4096)
    assert not sane(4100)
    assert sane(4100, alignment=4)
    assert not sane(0)
    assert not sane(1 << 63)
