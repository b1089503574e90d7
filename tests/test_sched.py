"""How a service was scheduled: threads and processes that come and go, quotas of both versions, pools, the machine."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.collect import cgroup, gil_waiters, native_pools, sched, sched_processes
from perftools.collect.child import cpu_time_s
from perftools.collect.host import Surroundings, cpu_time
from perftools.collect.sched import SchedRecorder
from perftools.record import Missing, Sched, ThreadSched
from perftools.remote.debug_offsets import COOKIE
from perftools.remote.locate import Found, Mapping
from perftools.remote.memory import Unreadable
from perftools.target import cpus
from tests.live.sched_observer import follow
from tests.observed import target
from tests.proctree import Tree
from tests.test_threads import spin

V1 = "/sys/fs/cgroup/cpu"
V2_GROUP = "/sys/fs/cgroup/kubepods.slice/kubepods-pod7c9.slice/cri-containerd-0f3c.scope"
FUTEX = frozenset({b"202"})


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short spans have many looks, however busy the machine is."""
    for name, value in {"LOOK_S": 0.02, "SURVEY_S": 0.1, "LOOKING_CORES": 1.0, "SURVEYING_CORES": 1.0}.items():
        monkeypatch.setattr(sched, name, value)


def step(recorder: SchedRecorder, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        recorder.step()
        time.sleep(0.01)


def observed(recorder: SchedRecorder, seconds: float = 0.6, *, meanwhile: Callable[[], object] = lambda: None) -> Sched:
    """What was seen in one round, in the middle of which `meanwhile` was called."""
    recorder.begin_round(0, "active", seconds)
    meanwhile()
    step(recorder, seconds)
    recorder.end_round()
    result = recorder.result()
    recorder.close()
    assert isinstance(result, Sched), result
    return result


def by_tid(seen: Sched) -> dict[int, ThreadSched]:
    return {thread.tid: thread for thread in seen.threads}


def test_threads_old_new_and_ended_count_what_they_did_within_the_span() -> None:
    go, leave, hold = threading.Event(), threading.Event(), threading.Event()
    tids: dict[str, int] = {}
    done: set[str] = set()

    def work(name: str) -> None:
        tids[name] = threading.get_native_id()
        spin(0.2 if name == "past" else 0)
        done.add(name)
        go.wait()
        spin(0 if name == "past" else 0.2)
        for _ in range(0 if name == "past" else 20):
            time.sleep(0.001)
        done.add(f"{name} at last")
        (leave if name == "ended" else hold).wait()

    def start(name: str) -> threading.Thread:
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        return threads[-1]

    threads = [threading.Thread(target=hold.wait)]
    threads[0].start()
    try:
        start("past")
        start("old")
        while not {"past", "old"} <= done:
            time.sleep(0.01)
        recorder = SchedRecorder(target(os.getpid()))
        recorder.begin_round(0, "active", 1.0)
        start("new")
        ended = start("ended")
        go.set()
        while not {"old at last", "new at last", "ended at last"} <= done:
            step(recorder, 0.05)
        step(recorder, 0.5)
        leave.set()
        ended.join()
        step(recorder, 0.3)
        recorder.end_round()
        seen = recorder.result()
        recorder.close()
    finally:
        for event in (go, leave, hold):
            event.set()
        for thread in threads:
            thread.join()
    assert isinstance(seen, Sched)
    found = by_tid(seen)
    for name in ("old", "new", "ended"):
        assert found[tids[name]].run_s == pytest.approx(0.2, abs=0.06), name
        assert found[tids[name]].voluntary >= 15, name
    assert threads[0].native_id not in found, "what neither ran nor waited is left out"
    assert found[tids["past"]].run_s < 0.1, "what it ran before is not counted"
    assert seen.processes[0].cpu_s >= 0.6
    assert seen.span_s >= 0.85


def test_what_is_too_brief_to_be_seen_is_in_the_clock_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sched, "LOOK_S", 100.0)

    def brief() -> None:
        thread = threading.Thread(target=spin, args=(0.1,))
        thread.start()
        thread.join()

    seen = observed(SchedRecorder(target(os.getpid())), 0.05, meanwhile=brief)
    assert seen.processes[0].cpu_s >= 0.1
    assert sum(thread.run_s for thread in seen.threads) < seen.processes[0].cpu_s - 0.09


def test_a_process_that_is_started_is_followed_and_one_that_ends_is_kept() -> None:
    endless = [sys.executable, "-c", "while True: pass"]
    ending = subprocess.Popen(endless)
    recorder = SchedRecorder(target(os.getpid(), ending.pid))
    recorder.begin_round(0, "active", 1.0)
    child = subprocess.Popen(endless)
    try:
        while cpu_time_s(ending.pid) < 0.2:
            step(recorder, 0.05)
        step(recorder, 0.3)
        ending.kill()
        ending.wait()
        while cpu_time_s(child.pid) < 0.3:
            step(recorder, 0.05)
        step(recorder, 0.3)
        recorder.end_round()
        ran_s = cpu_time_s(child.pid)
        seen = recorder.result()
        recorder.close()
    finally:
        for process in (ending, child):
            process.kill()
            process.wait()
    assert isinstance(seen, Sched)
    processes = {process.pid: process for process in seen.processes}
    assert processes.keys() == {os.getpid(), ending.pid, child.pid}
    assert processes[ending.pid].cpu_s > 0.15
    assert processes[child.pid].cpu_s == pytest.approx(ran_s, abs=0.1), "since it was started"
    assert by_tid(seen)[child.pid].run_s == pytest.approx(ran_s, abs=0.1)


def test_before_a_round_has_ended_there_is_no_result_and_then_there_is_always_one() -> None:
    recorder = SchedRecorder(target(os.getpid()))
    assert isinstance(recorder.result(), Missing)
    recorder.begin_round(0, "active", 1.0)
    assert isinstance(recorder.result(), Missing)
    recorder.step()
    recorder.end_round()
    assert isinstance(recorder.result(), Sched)
    recorder.begin_round(1, "gil", 1.0)
    assert isinstance(recorder.result(), Sched)
    recorder.close()
    recorder.close()
    assert isinstance(recorder.result(), Sched)


def test_nobody_to_follow_is_missing() -> None:
    process = subprocess.Popen(["true"])
    service = target(process.pid)
    process.wait()
    recorder = SchedRecorder(service)
    follow(recorder, 0.05)
    result = recorder.result()
    assert isinstance(result, Missing)
    assert result.code == "E-SCHEDSTAT"


@pytest.mark.parametrize("most_held", [0, 3, 512])
def test_no_file_stays_open(monkeypatch: pytest.MonkeyPatch, most_held: int) -> None:
    monkeypatch.setattr(sched_processes, "_MOST_HELD", most_held)
    hold = threading.Event()
    threads = [threading.Thread(target=hold.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        observed(SchedRecorder(target(os.getpid())), 0.05)  # imports what it needs
        before = os.listdir("/proc/self/fd")
        recorder = SchedRecorder(target(os.getpid()))
        recorder.begin_round(0, "active", 1.0)
        assert len(os.listdir("/proc/self/fd")) - len(before) <= 2 * most_held + 1
        recorder.end_round()
        recorder.close()
        assert os.listdir("/proc/self/fd") == before
    finally:
        hold.set()
        for thread in threads:
            thread.join()


def test_a_hundred_and_fifty_threads_cost_two_percent_of_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    program = "import threading, time\nfor _ in range(150): threading.Thread(target=time.sleep, args=(60,)).start()\n"
    process = subprocess.Popen([sys.executable, "-c", program + "print(flush=True)"], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        recorder = SchedRecorder(target(process.pid))
        follow(recorder, 0.1)
        before = recorder.result()
        follow(recorder, 2.0)
        result = recorder.result()
        recorder.close()
    finally:
        process.kill()
        process.communicate()
    assert isinstance(before, Sched) and isinstance(result, Sched)
    assert result.processes[0].threads == 151
    assert result.cost.cpu_s - before.cost.cpu_s < 0.02 * (result.span_s - before.span_s)


@given(st.sampled_from(["running\n", "-1 0x7ffd 0x7f00\n", "0 0x1010 0x0 0x7ffd 0x7f00\n", ""]))
def test_what_is_no_wait_for_a_futex(line: str) -> None:
    assert not gil_waiters.waits_in(range(0x1000, 0x2000), line.encode(), FUTEX)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63), st.integers(1, 1 << 20))
def test_a_futex_counts_where_it_lies_inside(address: int, start: int, size: int) -> None:
    line = f"202 {address:#x} 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f00\n".encode()
    assert gil_waiters.waits_in(range(start, start + size), line, FUTEX) == (start <= address < start + size)


def test_the_system_calls_of_the_architectures() -> None:
    assert gil_waiters.futex_numbers("x86_64") == {b"202", b"455"}
    assert gil_waiters.futex_numbers("aarch64") == {b"98", b"455"}
    assert not gil_waiters.futex_numbers("riscv64")


@pytest.mark.parametrize("path", ["/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib/libc-2.31.so", "/x/libc.so.6 (deleted)"])
def test_the_gnu_c_library(path: str) -> None:
    assert gil_waiters.uses_glibc(["/usr/bin/python3", path])


@pytest.mark.parametrize(
    "path", ["/lib/ld-musl-x86_64.so.1", "/usr/lib/libc.so", "/opt/libc.so.6/x", "/lib/libcrypt.so.1"]
)
def test_another_c_library(path: str) -> None:
    assert not gil_waiters.uses_glibc(["/usr/bin/python3", path])


class _Build:
    """A process whose _PyRuntime lies in our own memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, free_threaded: bool = False, size: int = 4096) -> None:
        head = COOKIE + (0x030E00F0).to_bytes(8, "little") + int(free_threaded).to_bytes(8, "little")
        self.memory = ctypes.create_string_buffer(head, 4096)
        self.start = ctypes.addressof(self.memory)
        found = Found(self.start, size, None, "3.14.0", "/usr/bin/python3.14")
        monkeypatch.setattr(gil_waiters, "find_runtime", lambda memory: found)
        self.libraries(monkeypatch, "/lib/libc.so.6")

    @staticmethod
    def libraries(monkeypatch: pytest.MonkeyPatch, *paths: str) -> None:
        mappings = [Mapping(0, 1, 0, "0:1", 1, True, path) for path in paths]
        monkeypatch.setattr(gil_waiters, "file_mappings", lambda pid: mappings)


def refused(pid: int) -> str:
    with pytest.raises(Unreadable) as caught:
        gil_waiters.gil_area(pid)
    assert caught.value.code == "V-BUILD"
    return caught.value.reason


def test_where_a_thread_waits_for_the_gil_is_known_of_some_builds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    build = _Build(monkeypatch)
    assert gil_waiters.gil_area(os.getpid()) == range(build.start, build.start + 4096)
    build.libraries(monkeypatch, "/lib/ld-musl-x86_64.so.1")
    assert "not glibc" in refused(os.getpid())
    without_gil = _Build(monkeypatch, free_threaded=True)
    assert without_gil.memory
    assert "free-threaded" in refused(os.getpid())
    assert _Build(monkeypatch, size=0)
    assert "size of _PyRuntime" in refused(os.getpid())
    monkeypatch.setattr(gil_waiters, "_FUTEX", {})
    assert "system calls" in refused(os.getpid())


def test_without_the_gil_all_else_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> range:
        raise Unreadable("a reason", "V-NORIGHT")

    monkeypatch.setattr(sched_processes, "gil_area", refuse)
    seen = observed(SchedRecorder(target(os.getpid())), 0.2, meanwhile=lambda: spin(0.1))
    assert isinstance(seen.gil, Missing)
    assert (seen.gil.code, seen.gil.reason) == ("V-NORIGHT", "a reason")
    assert seen.gil.remedy
    assert by_tid(seen)[threading.get_native_id()].run_s >= 0.1
    assert all(thread.looks == thread.gil_waits == 0 for thread in seen.threads)
    assert "without GIL waits of 1 of 1 workers" in seen.cost.complete


MAPS = """\
7f0000000000-7f0000001000 r-xp 00000000 08:01 11 {}
7f0000002000-7f0000003000 r--p 00000000 08:01 11 {}
7f0000004000-7f0000005000 rw-p 00000000 00:00 0
"""


@pytest.mark.parametrize(
    ("path", "pool"),
    [
        ("/v/numpy.libs/libopenblas64_p-r0-0cf96a72.3.23.dev.so", "openblas"),
        ("/v/numpy.libs/libscipy_openblas64_-8fb3d286.so", "openblas"),
        ("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "openblas"),
        ("/v/scikit_learn.libs/libgomp-a34b3233.so.1.0.0", "libgomp"),
        ("/usr/lib/x86_64-linux-gnu/libgomp.so.1 (deleted)", "libgomp"),
        ("/opt/conda/lib/libmkl_core.so.2", "mkl"),
        ("/opt/conda/lib/libiomp5.so", "libiomp5"),
        ("/usr/lib/llvm-14/lib/libomp.so.5", "libomp"),
        ("/usr/lib/x86_64-linux-gnu/libblis.so.4", "blis"),
        ("/v/torch/lib/libtorch_cpu.so", "torch"),
        ("/v/my libs/libgomp.so.1", "libgomp"),
        ("/usr/lib/libompitrace.so.40", None),
        ("/v/openblas-notes/libgomp.txt", None),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", None),
        ("[heap]", None),
    ],
)
def test_native_pools_by_the_names_of_mapped_files(tmp_path: Path, path: str, pool: str | None) -> None:
    tree = Tree(tmp_path)
    tree.write("proc/9/maps", MAPS.format(path, path))
    assert native_pools.libraries(9, tree.proc) == (() if pool is None else (pool,))


def test_maps_that_may_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="maps"):
        native_pools.libraries(9, Tree(tmp_path).proc)
    assert native_pools.variables(9, Tree(tmp_path).proc) == {}


def test_thread_count_variables_are_integers_and_nothing_else(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.write(
        "proc/9/environ",
        "OMP_NUM_THREADS=8\\0MKL_NUM_THREADS= 4 \\0OPENBLAS_NUM_THREADS=4,2\\0BLIS_NUM_THREADS=\\0"
        "NUMEXPR_MAX_THREADS=-1\\0GOTO_NUM_THREADS=99999999999\\0SECRET_NUM_THREADS=7\\0PASSWORD=1\\0",
    )
    assert native_pools.variables(9, tree.proc) == {"OMP_NUM_THREADS": 8, "MKL_NUM_THREADS": 4}


@pytest.mark.parametrize(
    ("recording", "version", "folder", "cpus", "counted", "pressure"),
    [
        ("cgroup_v1", 1, V1, 0.2, (11, 11, 0.848199101), None),
        ("cgroup_hybrid", 1, f"{V1}/service", 0.2, (11, 11, 0.848199101), "/sys/fs/cgroup/unified/cpu.pressure"),
        ("cgroup_v2", 2, V2_GROUP, 0.5, (4000, 1200, 98.765432), f"{V2_GROUP}/cpu.pressure"),
    ],
)
def test_the_tightest_quota_and_what_it_did(
    tmp_path: Path,
    recording: str,
    version: int,
    folder: str,
    cpus: float,
    counted: tuple[int, int, float],
    pressure: str | None,
) -> None:
    tree = Tree(tmp_path).unpack(recording)
    quota = cgroup.tightest(tree.proc, 9)
    assert quota
    assert (quota.cpus, quota.group.version, quota.group.folder) == (cpus, version, folder)
    before = cgroup.throttling(tree.proc, quota)
    assert before == pytest.approx(counted)
    assert cgroup.pressure_file(tree.proc, 9) == pressure
    surroundings = Surroundings([9], tree.proc)
    name, unit = ("throttled_usec", 1e6) if version == 2 else ("throttled_time", 1e9)
    periods, throttled, seconds = counted
    text = f"nr_periods {periods + 20}\nnr_throttled {throttled + 9}\n{name} {round((seconds + 1.5) * unit)}\n"
    tree.write(f"{folder}/cpu.stat".lstrip("/"), text)
    if pressure:
        tree.write(pressure.lstrip("/"), "some avg10=0.00 avg60=0.00 avg300=0.00 total=9000000000\n")
    surroundings.update()
    did = surroundings.cgroup()
    assert did
    assert (did.path, did.version, did.quota) == (folder, version, cpus)
    assert (did.periods, did.throttled_periods, did.throttled_s) == (20, 9, pytest.approx(1.5))
    stalled = surroundings.pressure()
    if pressure is None:
        assert stalled is None
    else:
        assert stalled
        assert stalled.source == pressure
        assert stalled.some_s == pytest.approx(9000 - {1: 3363.038969, 2: 120}[version])


def test_no_quota_no_counters(tmp_path: Path) -> None:
    tree = Tree(tmp_path).unpack("cgroup_v2")
    tree.write("proc/9/cgroup", "0::/system.slice\n")
    assert cgroup.tightest(tree.proc, 9) is None
    assert Surroundings([9], tree.proc).cgroup() is None
    assert cgroup.pressure_file(tree.proc, 9) == "/proc/pressure/cpu"


def test_a_quota_whose_group_does_not_tell(tmp_path: Path) -> None:
    tree = Tree(tmp_path).unpack("cgroup_v2")
    tree.write(f"{V2_GROUP}/cpu.stat".lstrip("/"), "usage_usec 1\n")
    assert cgroup.tightest(tree.proc, 9)
    assert Surroundings([9], tree.proc).cgroup() is None


def test_the_cpus_that_the_service_may_use_are_counted_by_number(tmp_path: Path) -> None:
    tree = Tree(tmp_path).unpack("cgroup_v2")
    tree.write("proc/9/status", "Name:\tpython\nCpus_allowed_list:\t1-2\n")
    usable = cpus.usable(tree.proc, [9])
    assert usable == {2}, "CPU 1 is offline"
    ticks_hz = os.sysconf("SC_CLK_TCK")
    assert cpu_time(usable, tree.proc) == pytest.approx((2430 / ticks_hz, 30 / ticks_hz))
    assert cpu_time({0, 3}, tree.proc).busy_s == pytest.approx((1430 + 3430) / ticks_hz)
    host = Surroundings([9], tree.proc).host()
    assert host.usable == 1
    assert host.busy_s == 0
    assert host.memory_bytes > host.memory_available_bytes > 0
