"""Records of perf events: whatever lies in a ring, what fits is read and the rest is said to be missing."""

from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perftools.collect.gc import perf_events
from perftools.collect.gc.perf_events import Gap, Ring, Sample, parse
from perftools.target.proc import Proc

LAST_NS, NOW_NS = 5, 1 << 62
numbers = st.integers(0, (1 << 64) - 1)
tids = st.integers(0, (1 << 32) - 1)
samples = st.builds(Sample, time_ns=numbers, tid=tids, ip=numbers, event=numbers)


def encoded(record: Sample | Gap) -> bytes:
    if isinstance(record, Sample):
        return struct.pack("<IHHQIIQQ", 9, 2, 40, record.ip, 1, record.tid, record.time_ns, record.event)
    return struct.pack("<IHHQQIIQQ", 2, 0, 48, 7, record.dropped, 0, 0, record.until_ns, 7)


def a_sample(number: int) -> Sample:
    return Sample(time_ns=1000 + number, tid=number, ip=number, event=3)


@given(st.lists(samples), st.integers(0, 200))
def test_a_record_cut_off_ends_in_a_gap(records: list[Sample], cut: int) -> None:
    data = b"".join(map(encoded, records))
    data = data[: max(len(data) - cut, 0)]
    whole, rest = divmod(len(data), 40)
    found = list(parse(data, LAST_NS, NOW_NS))
    assert found[:whole] == records[:whole]
    since_ns = records[whole - 1].time_ns if whole else LAST_NS
    assert found[whole:] == ([Gap(since_ns, NOW_NS, 1)] if rest else [])


@given(st.lists(samples, max_size=3), st.binary(max_size=200))
def test_nonsense_ends_and_spoils_nothing_before_it(records: list[Sample], nonsense: bytes) -> None:
    found = list(parse(b"".join(map(encoded, records)) + nonsense, LAST_NS, NOW_NS))
    assert found[: len(records)] == records
    assert len(found) <= len(records) + len(nonsense) // 8 + 1


def test_a_loss_lies_between_the_records_around_it() -> None:
    data = encoded(a_sample(0)) + encoded(Gap(0, 1500, 12)) + encoded(a_sample(600))
    assert list(parse(data, LAST_NS, NOW_NS)) == [a_sample(0), Gap(1000, 1500, 12), a_sample(600)]


def test_records_of_other_kinds_are_passed_over() -> None:
    fork = struct.pack("<IHH", 7, 0, 24) + bytes(16)
    assert list(parse(fork + encoded(a_sample(1)), LAST_NS, NOW_NS)) == [a_sample(1)]


class Kernel:
    """Writes into a ring as the kernel does, here into a file's pages."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("ring")
        os.ftruncate(self.descriptor, mmap.PAGESIZE + max(32 << 10, mmap.PAGESIZE))
        self.pages = mmap.mmap(self.descriptor, 0)
        self.size = len(self.pages) - mmap.PAGESIZE
        self.ring = Ring(self.descriptor)

    def place(self, position: int) -> None:
        self.pages[1024:1040] = struct.pack("<QQ", position, position)

    def write(self, data: bytes) -> None:
        (head,) = struct.unpack_from("<Q", self.pages, 1024)
        for index, byte in enumerate(data):
            self.pages[mmap.PAGESIZE + (head + index) % self.size] = byte
        self.pages[1024:1032] = struct.pack("<Q", head + len(data))

    def room(self) -> int:
        head, tail = struct.unpack_from("<QQ", self.pages, 1024)
        return self.size - (head - tail)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.ring.close()
    os.close(kernel.descriptor)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 40), st.lists(st.lists(samples, max_size=20), max_size=4))
def test_a_ring_is_read_around_its_end(position: int, batches: list[list[Sample]]) -> None:
    kernel = Kernel()
    kernel.place(position * 8 + kernel.size - 100)
    for batch in batches:
        kernel.write(b"".join(map(encoded, batch)))
        assert kernel.ring.read() == batch
        assert kernel.room() == kernel.size
    kernel.ring.close()
    os.close(kernel.descriptor)


def test_each_record_is_read_once(kernel: Kernel) -> None:
    kernel.write(encoded(a_sample(1)))
    assert kernel.ring.read() == [a_sample(1)]
    assert kernel.ring.read() == []


def test_a_full_ring_may_have_lost_records(kernel: Kernel) -> None:
    fits = kernel.size // 40 - 3
    written = [a_sample(number) for number in range(fits)]
    kernel.write(b"".join(map(encoded, written)))
    assert kernel.ring.read() == written
    written += [a_sample(fits), a_sample(fits + 1)]
    kernel.write(b"".join(map(encoded, written)))
    *records, gap = kernel.ring.read()
    assert records == written
    assert isinstance(gap, Gap)
    assert (gap.since_ns, gap.dropped) == (written[-1].time_ns, 0)


@given(numbers, numbers)
@settings(max_examples=25, deadline=None)
def test_positions_out_of_bounds_read_no_memory_outside(head: int, tail: int) -> None:
    kernel = Kernel()
    kernel.pages[1024:1040] = struct.pack("<QQ", head, tail)
    assert len(kernel.ring.read()) <= kernel.size // 8 + 2
    assert kernel.ring.read() == []
    kernel.ring.close()
    os.close(kernel.descriptor)


@pytest.mark.parametrize(
    ("code", "seccomp", "words"),
    [
        (errno.EACCES, "0", "not permitted (perf_event_paranoid = 3)"),
        (errno.EPERM, "2", "not permitted (a seccomp filter"),
        (errno.ENOSYS, "2", "a seccomp filter hides them"),
        (errno.ENOSPC, "0", "no debug register is free"),
        (errno.ENOENT, "0", "no hardware breakpoints"),
        (errno.EOPNOTSUPP, "0", "no hardware breakpoints"),
        (errno.EMFILE, "0", "too many open files"),
        (errno.EIO, "0", os.strerror(errno.EIO)),
    ],
)
def test_a_refusal_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, seccomp: str, words: str
) -> None:
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/perf_event_paranoid").write_text("3\n")
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/status").write_text(f"Name:\tx\nSeccomp:\t{seccomp}\n")
    monkeypatch.setattr(perf_events, "HOST", Proc(str(tmp_path)))

    def refuse(attributes: bytes, tid: int, cpu: int) -> int:
        raise OSError(code, "")

    monkeypatch.setattr(perf_events, "open_event", refuse)
    assert words in perf_events.in_words(code)


def test_a_refusal_of_one_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_events, "open_event", lambda attributes, tid, cpu: os.memfd_create("event"))
    assert "a process of this owner" in perf_events.in_words(errno.EACCES)


def test_lists_of_cpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sys/devices/system/cpu").mkdir(parents=True)
    (tmp_path / "sys/devices/system/cpu/online").write_text("0-2,5,8-9\n")
    monkeypatch.setattr(perf_events, "HOST", Proc(str(tmp_path)))
    assert perf_events.online_cpus() == [0, 1, 2, 5, 8, 9]
