"""The scheduler's collector on real processes: who waits for the GIL on every version, pools, quotas, other users."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from perftools.collect import sched
from perftools.collect.sched import SchedRecorder
from perftools.record import Sched
from perftools.target.cpus import groups
from perftools.target.proc import HOST
from tests.live.sched_observer import follow
from tests.live.services import children, running
from tests.observed import target
from tests.pythons import python_with, pythons

pytestmark = pytest.mark.live

TARGET = str(Path(__file__).with_name("sched_target.py"))
OBSERVER = (sys.executable, "-m", "tests.live.sched_observer")
REPOSITORY = Path(__file__).parents[2]
THREADS = 8


def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")


@contextlib.contextmanager
def started(
    kind: str, *, python: str = sys.executable, prefix: Sequence[str] = (), **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A target that is at work."""
    command = [*prefix, python, TARGET, kind, str(1 if kind == "multiply" else THREADS)]
    with running(command, ready="ready", environment=environment) as (process, _):
        yield process


def observed(*pids: int, seconds: float = 2.0) -> Sched:
    recorder = SchedRecorder(target(*pids))
    try:
        follow(recorder, seconds)
        result = recorder.result()
    finally:
        recorder.close()
    assert isinstance(result, Sched), result
    return result


def ran_by_itself(who: str, *pids: int, prefix: Sequence[str] = (), seconds: float = 1.0) -> Sched:
    words = [*prefix, *OBSERVER, who, str(seconds), *map(str, pids)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(words, capture_output=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=Sched)


def waiters(sched: Sched, pid: int) -> float:
    """Threads of a process that waited for the GIL, on average."""
    looks = next(process.looks for process in sched.processes if process.pid == pid)
    assert looks >= 5
    return sum(thread.gil_waits for thread in sched.threads if thread.pid == pid) / looks


def test_on_every_version_waiting_for_the_gil_is_told_from_all_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sched, "LOOK_S", 0.02)
    monkeypatch.setattr(sched, "LOOKING_CORES", 1.0)
    mean: dict[tuple[int, int], tuple[float, float]] = {}
    for version, python in pythons().items():
        with started("compute", python=python) as computing, started("wait", python=python) as waiting:
            for _ in range(5):  # they wake every 5 ms: on a crowded machine they may stand in the run queue instead
                seen = observed(computing.pid, waiting.pid, seconds=0.7)
                assert seen.gil is None, version
                mean[version] = waiters(seen, computing.pid), waiters(seen, waiting.pid)
                if mean[version][0] >= 1:
                    break
    wrong = {version: each for version, each in mean.items() if each[0] < 1 or each[1] > 0.3}
    assert not wrong


def test_what_runs_and_waits_is_what_the_kernel_knows() -> None:
    """Three processes that compute on one CPU: three are runnable, one of them runs."""
    cpu = min(os.sched_getaffinity(0))
    loop = "print('ready', flush=True)\nwhile True: pass"
    with contextlib.ExitStack() as stack:
        command = ["taskset", "--cpu-list", str(cpu), sys.executable, "-c", loop]
        pids = [stack.enter_context(running(command, ready="ready"))[0].pid for _ in range(3)]
        seen = observed(*pids, seconds=3.0)
    running_s, waiting_s = (sum(getattr(each, name) for each in seen.threads) for name in ("run_s", "wait_s"))
    assert running_s == pytest.approx(sum(process.cpu_s for process in seen.processes), rel=0.1)
    assert (running_s + waiting_s) / seen.span_s == pytest.approx(3, rel=0.15)
    assert running_s / seen.span_s < 1.05
    assert seen.host.usable == 1
    assert running_s < seen.host.busy_s + 0.1
    assert seen.host.busy_s < 1.1 * seen.span_s
    assert all(thread.involuntary > 5 for thread in seen.threads)


def test_a_native_pool_is_seen_with_the_variable_that_sizes_it() -> None:
    pythons_with_numpy = python_with("numpy")
    if not pythons_with_numpy:
        pytest.skip("no Python with numpy")
    sizes = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "many"}
    with started("multiply", python=pythons_with_numpy[0], **sizes) as process:
        seen = observed(process.pid, seconds=1.0)
    found = seen.processes[0]
    assert {"openblas", "mkl", "blis"} & set(found.libraries)
    assert found.variables == {"OPENBLAS_NUM_THREADS": 2}
    assert found.rss_bytes > 10 << 20
    assert waiters(seen, found.pid) < 0.5


def test_another_user_sees_all_but_who_waits_for_the_gil() -> None:
    as_root()
    with started("compute") as process:
        seen = ran_by_itself("nobody", process.pid)
    assert seen.gil
    assert seen.gil.code == "V-NORIGHT"
    assert seen.gil.remedy
    assert not any(thread.looks for thread in seen.threads)
    assert sum(thread.run_s for thread in seen.threads) > 0.05
    assert sum(thread.voluntary for thread in seen.threads) > 5
    assert seen.processes[0].rss_bytes
    assert "native pools" in seen.cost.complete


def test_a_container_is_seen_from_outside_and_from_inside() -> None:
    as_root()
    container = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    if shutil.which("unshare") is None or subprocess.run([*container, "true"], check=False).returncode:
        pytest.skip("no pid namespace can be made here")
    with started("compute", prefix=container) as process:
        (outside,) = children(process.pid)
        try:
            inside = int(HOST.status(outside)["NSpid"].split()[-1])
            assert inside != outside
            seen = observed(outside, seconds=1.0)
            assert waiters(seen, outside) >= 1
            tids = set(map(int, os.listdir(f"/proc/{outside}/task")))
            assert {thread.tid for thread in seen.threads} <= tids
            enter = ("nsenter", "--target", str(outside), "--pid", "--mount", "--")
            seen = ran_by_itself("root", inside, prefix=enter)
        finally:
            os.kill(outside, signal.SIGKILL)
    assert waiters(seen, inside) >= 1
    assert THREADS <= len({thread.tid for thread in seen.threads} - tids) <= THREADS + 1


def test_what_a_quota_holds_back_is_counted() -> None:
    as_root()
    with started("compute") as process:
        pid = process.pid
        parent = next((Path(group.folder) for group in groups(HOST, pid)), None)
        made = parent / f"perftools-test-{pid}" if parent else None
        if made is None or not _limited(made, pid):
            pytest.skip("no CPU quota can be set here")
        try:
            seen = observed(pid, seconds=2.0)
        finally:
            assert parent
            (parent / "cgroup.procs").write_text(str(pid))
            made.rmdir()
    assert seen.cgroup
    assert seen.cgroup.path == str(made)
    assert seen.cgroup.quota == pytest.approx(0.2)
    assert 5 <= seen.cgroup.throttled_periods <= seen.cgroup.periods <= 25
    assert seen.cgroup.throttled_s > 0.05
    assert seen.processes[0].cpu_s / seen.span_s < 0.35
    assert sum(thread.wait_s for thread in seen.threads) > 0.5, "throttled time is waiting"


def _limited(group: Path, pid: int) -> bool:
    """Whether the process could be moved into a new group with a quota of 0.2 CPUs."""
    try:
        group.mkdir()
    except OSError:
        return False
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text("20000 100000")
        else:
            (group / "cpu.cfs_quota_us").write_text("20000")
        (group / "cgroup.procs").write_text(str(pid))
    except OSError:
        group.rmdir()
        return False
    return True
