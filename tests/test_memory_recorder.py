"""The recorder of memory: live processes and recorded trees, limits of both versions, rights, and old kernels."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from perftools import record
from perftools.collect import cgroup_memory
from perftools.collect.forks import MOST
from perftools.collect.memory import MemoryRecorder, slack_bytes
from perftools.record import Memory, Missing
from perftools.target.proc import Proc
from tests import build
from tests.observed import target
from tests.proctree import Tree
from tests.test_memory_smaps import ROLLUP, STATUS

MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


def watched(recorder: MemoryRecorder, seconds: float = 0.5, *, rounds: int = 1) -> Memory:
    for number in range(rounds):
        recorder.begin_round(number, "active", seconds)
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            recorder.step()
            time.sleep(0.01)
        recorder.end_round()
    seen = recorder.result()
    recorder.close()
    assert isinstance(seen, Memory), seen
    return seen


@contextmanager
def program(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program that has printed a line; ended with its children."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline(), "it did not start"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def of(pid: int, seen: Memory) -> list[record.MemoryReading]:
    return [each for each in seen.readings if each.pid == pid]


GROWER = """
import mmap, sys
held = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
print(flush=True)
sys.stdin.readline()
for at in range(0, 64 << 20, 4096):
    held[at] = 1
print(flush=True)
sys.stdin.readline()
"""


def test_what_a_process_takes_is_seen_when_it_takes_it() -> None:
    with program(GROWER) as process:
        assert process.stdin and process.stdout
        recorder = MemoryRecorder(target(process.pid))
        watched(recorder, 0.4)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        seen = watched(recorder, 1.2)
    first, last = of(process.pid, seen)[0], of(process.pid, seen)[-1]
    assert last.anonymous_bytes - first.anonymous_bytes == pytest.approx(64 * MIB, rel=0.05, abs=seen.slack_bytes)
    walked = [each for each in seen.readings if each.pss_bytes is not None]
    assert len(walked) >= 2, "once at the start, and now and then"
    assert walked[-1].private_bytes is not None and walked[-1].private_bytes >= 64 * MIB
    assert [each.at_s for each in seen.readings] == sorted(each.at_s for each in seen.readings)
    assert seen.unwalked is None
    assert 0 < seen.cost.cpu_s < 0.2 and "walks over page tables" in seen.cost.complete


def test_how_old_a_process_is() -> None:
    with program("import sys; print(flush=True); sys.stdin.readline()") as process:
        time.sleep(0.3)
        seen = watched(MemoryRecorder(target(process.pid)), 0.2)
    assert -10 < seen.started_s[process.pid] < -0.25


def test_a_process_that_is_started_is_read_and_one_that_ends_is_kept() -> None:
    code = """
import subprocess, sys
print(flush=True)
sys.stdin.readline()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
sys.stdin.readline()
"""
    with program(code) as process, program("print(flush=True)\nimport time; time.sleep(60)") as ending:
        assert process.stdin and process.stdout
        recorder = MemoryRecorder(target(process.pid, ending.pid))
        watched(recorder, 0.2)
        process.stdin.write("\n")
        process.stdin.flush()
        born = int(process.stdout.readline())
        ending.kill()
        ending.wait()
        seen = watched(recorder, 0.4, rounds=2)
    assert {each.pid for each in seen.readings} == {process.pid, ending.pid, born}
    assert of(ending.pid, seen)[-1].at_s < of(process.pid, seen)[-1].at_s
    assert seen.started_s[born] > 0


FORKER = """
import mmap, os, sys, time
held = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 64 << 20, 4096):
    held[at] = 1
pids = []
for part in (0, 2):
    pid = os.fork()
    if pid == 0:
        for at in range(0, (64 << 20) // 4 * part, 4096):
            held[at] = 2
        mine = bytearray(20 << 20)
        os.write(1, b".")
        time.sleep(60)
    pids.append(pid)
time.sleep(0.5)
print("", *pids, flush=True)
sys.stdin.readline()
"""


def test_forked_processes_and_what_they_copied() -> None:
    with program(FORKER) as process:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal() and _parent(int(name)) == process.pid]
        seen = watched(MemoryRecorder(target(process.pid, *pids)), 0.3)
    looks = {each.pid: each for each in seen.forked}
    assert looks.keys() == set(pids) and {each.parent for each in seen.forked} == {process.pid}
    shared, half = (looks[pid] for pid in sorted(pids))
    for each in (shared, half):
        assert 64 * MIB <= each.inherited_bytes < 80 * MIB, "what came later was not inherited"
    assert shared.copied_bytes < 8 * MIB
    assert half.copied_bytes == pytest.approx(34 * MIB, abs=6 * MIB)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_a_program_that_was_started_anew_has_inherited_nothing() -> None:
    with program("print(flush=True)\nimport time; time.sleep(60)") as process:
        seen = watched(MemoryRecorder(target(os.getpid(), process.pid)), 0.1)
    assert not [each for each in seen.forked if each.pid == process.pid]


def test_nobody_to_read_is_missing_and_one_that_never_began_too() -> None:
    process = subprocess.Popen(["true"])
    service = target(process.pid)
    process.wait()
    recorder = MemoryRecorder(service)
    assert isinstance(recorder.result(), Missing)
    recorder.begin_round(0, "active", 0.1)
    recorder.step()
    recorder.end_round()
    answer = recorder.result()
    assert isinstance(answer, Missing) and answer.code == "E-MEMORY"
    recorder.close()
    recorder.close()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.process(9, "python app.py", stack=7)
    made.process(10, "python app.py", parent=9, stack=7)
    for pid in (9, 10):
        status = (tmp_path / f"proc/{pid}/status").read_text()
        made.write(f"proc/{pid}/status", status + STATUS)
        made.write(f"proc/{pid}/smaps_rollup", ROLLUP)
    made.write("proc/meminfo", "MemTotal:       24684096 kB\nMemFree: 1 kB\n")
    return made


def recorded(tree: Tree, *pids: int) -> Memory:
    processes = tuple(
        record.Process(
            pid=pid, ns_pid=pid, start_ticks=1000 + pid, role="worker", python="3.11.7", executable="", cmdline=(),
            uid=1000, threads=1,
        )
        for pid in pids
    )  # fmt: skip
    made = build.target(processes=processes)
    return watched(MemoryRecorder(made, tree.proc), 0.05)


def test_readings_are_what_the_files_say(tree: Tree) -> None:
    seen = recorded(tree, 9, 10)
    walked = [each for each in seen.readings if each.pss_bytes is not None]
    assert {each.pid for each in walked} == {9, 10}
    assert (walked[0].pss_bytes, walked[0].private_bytes) == (41000 << 10, 40000 << 10)
    counted = next(each for each in seen.readings if each.pss_bytes is None)
    assert (counted.rss_bytes, counted.anonymous_bytes) == (98304 << 10, 65536 << 10)
    assert (counted.shmem_bytes, counted.swap_bytes) == (4096 << 10, 2048 << 10)


def test_without_smaps_rollup_there_are_counters_and_it_is_said(tree: Tree) -> None:
    for pid in (9, 10):
        (tree.folder / f"proc/{pid}/smaps_rollup").unlink()
    seen = recorded(tree, 9, 10)
    assert seen.readings and all(each.pss_bytes is None for each in seen.readings)
    assert seen.unwalked is not None and seen.unwalked.reason == "this kernel has no smaps_rollup (Linux 4.14)"
    assert "no page tables, PSS not of all" in seen.cost.complete


def test_without_the_right_there_are_counters_and_it_is_said(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Proc.read

    def refuse(self: Proc, path: str, limit: int = 1 << 20) -> bytes:
        if path == "proc/10/smaps_rollup":
            raise PermissionError(13, "denied")
        return read(self, path, limit)

    monkeypatch.setattr(Proc, "read", refuse)
    seen = recorded(tree, 9, 10)
    assert {each.pid for each in seen.readings} == {9, 10}
    assert {each.pid for each in seen.readings if each.pss_bytes is not None} == {9}
    assert seen.unwalked is not None and seen.unwalked.code == "V-NORIGHT" and seen.unwalked.remedy


def test_another_process_under_the_same_pid_is_not_read_on(tree: Tree) -> None:
    made = recorded(tree, 9)
    assert len(of(9, made)) >= 2
    tree.process(9, "python other.py")
    tree.write("proc/9/stat", (tree.folder / "proc/9/stat").read_text().replace(" 1009 ", " 77 "))
    assert isinstance(_result(tree), Missing)


def _result(tree: Tree) -> Any:
    process = build.process(9, start_ticks=1009)
    recorder = MemoryRecorder(build.target(processes=(process,)), tree.proc)
    recorder.begin_round(0, "active", 0.1)
    recorder.step()
    recorder.end_round()
    return recorder.result()


def test_few_of_many_forked_processes_are_compared(tree: Tree) -> None:
    smaps = "7f1000000000-7f1000400000 rw-p 00000000 00:00 0 \nShared_Dirty: 60 kB\nAnonymous: 60 kB\nVmFlags: rd \n"
    pids = range(9, 9 + MOST + 4)
    for pid in pids:
        parent = 9 if pid > 9 else 1
        tree.process(pid, "python app.py", parent=parent, stack=7, VmRSS="9 kB", RssAnon="9 kB", RssShmem="0 kB")
        tree.write(f"proc/{pid}/smaps", smaps)
    seen = recorded(tree, *pids)
    assert len({each.pid for each in seen.forked}) == MOST
    assert {(each.inherited_bytes, each.copied_bytes) for each in seen.forked} == {(60 << 10, 0)}
    assert f"copies of {MOST} of {MOST + 3} forked processes" in seen.cost.complete


@pytest.mark.parametrize(
    ("release", "pages"),
    [
        ("5.10.0-28-amd64", 64 * 16), ("6.1.0", 64 * 16), ("6.2.0", 8 * 32), ("6.16.9-arch1", 8 * 32), ("6.17.0", 0),
        ("6.18.44-fc", 0), ("7.0", 0), ("strange", 64 * 16),
    ],
)  # fmt: skip
def test_how_far_counters_may_be_off(release: str, pages: int) -> None:
    assert slack_bytes(release, 8, 16) == pages * PAGE
    assert slack_bytes("6.8.0", 64, 1) == 64 * 128 * PAGE


@pytest.mark.parametrize(
    ("recording", "folder", "file", "limit", "used", "kills"),
    [
        ("memory_v1", "/sys/fs/cgroup/memory/pods/pod7", "memory.limit_in_bytes", 2 << 30, 1_401_000_000, 3),
        ("memory_hybrid", "/sys/fs/cgroup/memory/service", "memory.limit_in_bytes", 1 << 30, 600_000_000, 0),
        ("memory_v2", "/sys/fs/cgroup/kubepods.slice/pod7.slice", "memory.max", 1 << 30, 700_000_000, 2),
    ],
)
def test_the_tightest_limit_what_is_used_of_it_and_who_was_killed(
    tmp_path: Path, recording: str, folder: str, file: str, limit: int, used: int, kills: int
) -> None:
    tree = Tree(tmp_path).unpack(recording)
    found = cgroup_memory.tightest(tree.proc, 9)
    assert found is not None
    assert (found.limit_bytes, found.group.folder, found.source) == (limit, folder, f"{folder}/{file}")
    assert cgroup_memory.used_bytes(tree.proc, found.group) == used
    own = cgroup_memory.own(tree.proc, 9)
    assert own is not None and cgroup_memory.oom_kills(tree.proc, own) == kills


def test_a_limit_beyond_the_machine_is_none_and_files_that_do_not_tell_say_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path).unpack("memory_v2")
    tree.write("proc/meminfo", "MemTotal:  1048576 kB\n")
    assert cgroup_memory.tightest(tree.proc, 9) is None
    group = cgroup_memory.own(tree.proc, 9)
    assert group is not None
    for name in ("memory.current", "memory.events"):
        (tree.folder / group.folder.lstrip("/") / name).unlink()
    assert cgroup_memory.used_bytes(tree.proc, group) is None
    assert cgroup_memory.oom_kills(tree.proc, group) is None


def test_kills_are_those_of_the_window(tree: Tree) -> None:
    tree.unpack("memory_v2")
    recorder = MemoryRecorder(build.target(processes=(build.process(9, start_ticks=1009),)), tree.proc)
    recorder.begin_round(0, "active", 0.1)
    group = "sys/fs/cgroup/kubepods.slice/pod7.slice/app.scope"
    tree.write(f"{group}/memory.events", "low 0\noom 5\noom_kill 4\noom_group_kill 0\n")
    recorder.end_round()
    seen = recorder.result()
    assert isinstance(seen, Memory)
    assert (seen.oom_kills, seen.limit_bytes, seen.used_bytes) == (2, 1 << 30, 700_000_000)


READING = {"pid": 1, "at_s": 0.0, "rss_bytes": 5, "anonymous_bytes": 0, "shmem_bytes": 0, "swap_bytes": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"slack_bytes": -1}, {"limit_bytes": 1 << 61}, {"started_s": {1: 1e300}},
        {"forked": [{"pid": 1, "parent": 2, "at_s": 0, "inherited_bytes": 1, "copied_bytes": 2}]},
        {"readings": [READING | {"rss_bytes": -5}]}, {"readings": [READING | {"at_s": 1e99}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_record_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    good = build.audit(observations=build.observations(memory=build.memory()))
    assert record.decode(record.encode(good)) == good
    document = msgspec.json.decode(record.encode(good))
    document["observations"]["memory"].update(change)
    with pytest.raises(msgspec.DecodeError, match="memory"):
        record.decode(msgspec.json.encode(document))


def test_it_costs_less_than_one_percent_of_a_core() -> None:
    held = mmap.mmap(-1, 256 * MIB)
    for at in range(0, len(held), PAGE):
        held[at] = 1
    with program(GROWER) as process:
        seen = watched(MemoryRecorder(target(os.getpid(), process.pid)), 1.0)
    held.close()
    assert seen.cost.cpu_s < 0.02 + 0.15, "the first look at everything aside"
