"""What the kernel's files say of a process's memory, also where they are cut short, old, or of something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.collect.smaps import Counters, Heap, Rollup, counters, heaps, rollup

KIB = 1024
STATUS = """Name:\tpython
VmRSS:\t   98304 kB
RssAnon:\t   65536 kB
RssFile:\t   28672 kB
RssShmem:\t    4096 kB
VmSwap:\t    2048 kB
Threads:\t4
"""
ROLLUP = """559849f1a000-7ffeb30b9000 ---p 00000000 00:00 0                          [rollup]
Rss:               98304 kB
Pss:               41000 kB
Pss_Anon:          40000 kB
Shared_Clean:      30000 kB
Shared_Dirty:      28304 kB
Private_Clean:      1000 kB
Private_Dirty:     39000 kB
Anonymous:         65536 kB
Swap:               2048 kB
SwapPss:            1024 kB
"""


def mapping(header: str, *, anonymous: int, shared: int, private: int) -> str:
    return (
        f"{header}\nSize:  4096 kB\nKernelPageSize:  4 kB\nRss:  {shared + private} kB\nPss: 7 kB\n"
        f"Shared_Clean:  0 kB\nShared_Dirty:  {shared} kB\nPrivate_Clean:  0 kB\nPrivate_Dirty:  {private} kB\n"
        f"Anonymous:  {anonymous} kB\nSwap:  0 kB\nTHPeligible:    1\nProtectionKey:  0\nVmFlags: rd wr mr mw me ac \n"
    )


SMAPS = "".join(
    mapping(header, anonymous=anonymous, shared=shared, private=private)
    for header, anonymous, shared, private in (
        ("55d000000000-55d000400000 r-xp 00000000 fe:00 260386                     /usr/bin/python3.11", 0, 900, 0),
        ("55d001000000-55d001400000 rw-p 00000000 00:00 0                          [heap]", 3000, 1000, 2000),
        ("7f1000000000-7f1000400000 rw-p 00000000 00:00 0 ", 100, 60, 40),
        ("7f1001000000-7f1001400000 rw-s 00000000 00:01 1234                       /dev/zero (deleted)", 0, 500, 0),
        ("7f1002000000-7f1002400000 rw-p 00000000 00:00 0                          [anon:arena]", 8, 0, 8),
        ("7f1003000000-7f1003400000 rw-p 00001000 fe:00 99                         /lib/a [heap]", 4, 0, 4),
        ("7ffe00000000-7ffe00400000 rw-p 00000000 00:00 0                          [stack]", 16, 0, 16),
    )
)


def test_status_has_the_parts() -> None:
    expected = Counters(98304 * KIB, 65536 * KIB, 4096 * KIB, 2048 * KIB)
    assert counters(STATUS, str, 4096) == expected


def test_statm_has_two_of_them_on_old_kernels() -> None:
    assert counters("Name:\tx\nVmSwap:\t 4 kB\n", lambda: "9000 500 200 1 0 300 0\n", 4096) == Counters(
        500 * 4096, 300 * 4096, 0, 4 * KIB
    )


@pytest.mark.parametrize("statm", ["", "0 0 0 0 0 0 0", "1 2", "a b c"])
def test_a_process_without_memory_has_none(statm: str) -> None:
    assert counters("Name:\tkthreadd\n", lambda: statm, 4096) is None


def test_a_walk_tells_private_and_shared_and_each_ones_part() -> None:
    assert rollup(ROLLUP) == Rollup(98304 * KIB, 65536 * KIB, 2048 * KIB, 41000 * KIB, 40000 * KIB, 58304 * KIB)
    assert rollup("") is None


def test_heaps_are_the_private_anonymous_mappings_without_stacks() -> None:
    assert list(heaps(SMAPS)) == [
        Heap(0x55D001000000, 0x55D001400000, 3000 * KIB, 2000 * KIB, 1000 * KIB),
        Heap(0x7F1000000000, 0x7F1000400000, 100 * KIB, 40 * KIB, 60 * KIB),
        Heap(0x7F1002000000, 0x7F1002400000, 8 * KIB, 8 * KIB, 0),
    ]


@given(st.integers(0, len(SMAPS)))
def test_a_text_that_is_cut_short_loses_its_last_mapping_alone(length: int) -> None:
    assert list(heaps(SMAPS[:length])) == [
        each for each in heaps(SMAPS) if f"{each.start:x}" in SMAPS[: max(SMAPS.rfind("VmFlags:", 0, length), 0)]
    ]


@given(st.text(st.sampled_from("0123456789abcdef-: kBRsPm\nVFlags[]") | st.characters(), max_size=200))
def test_anything_else_is_survived(text: str) -> None:
    list(heaps(text))
    rollup(text)
    counters(text, lambda: text, 4096)


def test_our_own_files_agree() -> None:
    folder = Path(f"/proc/{os.getpid()}")
    counted = counters((folder / "status").read_text(), (folder / "statm").read_text, os.sysconf("SC_PAGE_SIZE"))
    assert counted is not None
    old = counters("", (folder / "statm").read_text, os.sysconf("SC_PAGE_SIZE"))
    assert old is not None and old.anonymous == pytest.approx(counted.anonymous, rel=0.1)
    try:
        walked = rollup((folder / "smaps_rollup").read_text())
    except FileNotFoundError:
        pytest.skip("this kernel has no smaps_rollup")
    assert walked is not None
    assert walked.rss == pytest.approx(counted.rss, rel=0.1)
    assert walked.anonymous == pytest.approx(counted.anonymous, rel=0.1)
    assert walked.private + walked.shared == pytest.approx(walked.rss, rel=0.01)
    found = list(heaps((folder / "smaps").read_text()))
    assert sum(each.anonymous for each in found) == pytest.approx(walked.anonymous, rel=0.3)
    assert [each.start for each in found] == sorted(each.start for each in found)
