"""Letting memray into a worker: refusals that touch nothing, the keeper, what is measured, and the capture file."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import random
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from msgspec.structs import replace

from perftools import record
from perftools.collect import child
from perftools.collect.allocations import (
    debuggers,
    entry,
    folder,
    importable,
    keeper,
    preflight,
    reading,
    recording,
    rescue,
)
from perftools.collect.allocations.orders import Halt, Order, Report
from perftools.collect.allocations.reader import LARGE_BYTES
from perftools.collect.allocations.stall import Watch
from perftools.collect.messages import Reader
from perftools.record import Missing, Process
from perftools.target.proc import HOST
from tests import build
from tests.allocated import MIB, Heap
from tests.scene import Scene

needs_gdb = pytest.mark.skipif(shutil.which("gdb", path=debuggers.PATH) is None, reason="no gdb")
needs_memray = pytest.mark.skipif(importlib.util.find_spec("memray") is None, reason="no memray")

SLEEPER = "import sys, time; print('ready', flush=True); time.sleep(60)"


@contextlib.contextmanager
def sleeping(*options: str, code: str = SLEEPER) -> Iterator[Process]:
    """A process of ours that runs Python and nothing else."""
    with subprocess.Popen([sys.executable, *options, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield worker(process.pid)
        finally:
            process.kill()


def worker(pid: int) -> Process:
    stat = HOST.stat(pid)
    assert stat is not None
    version = ".".join(map(str, sys.version_info[:3]))
    return Process(
        pid=pid, ns_pid=pid, start_ticks=stat.start_ticks, role="worker", python=version, executable=sys.executable,
        cmdline=(sys.executable,), uid=os.getuid(), threads=1,
    )  # fmt: skip


def refused(process: Process) -> Missing:
    """The refusal; the process is what it was."""
    before = HOST.status(process.pid).get("State"), HOST.maps(process.pid)
    found = preflight.plan(process)
    assert isinstance(found, Missing), found
    assert before == (HOST.status(process.pid).get("State"), HOST.maps(process.pid))
    return found


@needs_gdb
@needs_memray
@pytest.mark.live
def test_a_process_that_can_be_entered_and_the_states_in_which_it_cannot(monkeypatch) -> None:
    with sleeping() as process:
        found = preflight.plan(process)
        assert isinstance(found, preflight.Plan), found
        assert found.uid == os.getuid()
        assert found.base in folder.BASES

        for mine, code, words in (
            ((importable, "find", lambda *_: None), "E-MEMRAY", "cannot import memray"),
            ((importable, "find", lambda *_: importable.Found("/x", "0.9.0", True)), "E-MEMRAY", "memray 0.9.0"),
            ((importable, "find", lambda *_: importable.Found("/x", "1.1", True)), "E-MEMRAY", "memray 1.1"),
            ((preflight, "bases", lambda *_: []), "E-DISK", "may write neither"),
            ((preflight, "bases", lambda *_: [folder.Base("/tmp", 5 << 20)]), "E-DISK", "5 MiB are free in /tmp"),
            ((entry, "may_read", lambda *_: False), "E-MEMRAY", "may not read"),
            ((debuggers, "may_trace", lambda: False), "E-PTRACE", "may not use ptrace"),
            ((debuggers, "PATH", "/nowhere"), "E-DEBUGGER", "gdb is not installed (in /nowhere)"),
        ):  # fmt: skip
            with monkeypatch.context() as patch:
                patch.setattr(*mine)
                refusal = refused(process)
            assert refusal.code == code
            assert words in refusal.reason
            assert refusal.remedy

        with monkeypatch.context() as patch:
            patch.setattr(os, "geteuid", lambda: 12345)
            refusal = refused(process)
        assert refusal.code == "E-OWNER"
        assert "you are uid 12345" in refusal.reason

        os.kill(process.pid, signal.SIGSTOP)
        wait_for(lambda: HOST.status(process.pid)["State"][:1] == "T")
        assert refused(process).code == "E-STOPPED"
        assert refused(process).remedy == f"kill -CONT {process.pid}"
        os.kill(process.pid, signal.SIGCONT)
        wait_for(lambda: HOST.status(process.pid)["State"][:1] == "S")

        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        assert "may not write files beyond 1 MiB" in refused(process).reason
        assert refused(replace(process, start_ticks=1)).code == "E-GONE"
        assert refused(replace(process, python="3.6.9")).code == "E-VERSION"
        assert refused(replace(process, python=None)).code == "E-VERSION"


@pytest.mark.live
def test_a_traced_process_and_one_that_is_tracked_already(tmp_path: Path) -> None:
    capture = tmp_path / "other.bin"
    capture.write_bytes(b"memray\0" + bytes(4096))
    code = f"import mmap; f = open({str(capture)!r}, 'r+b'); m = mmap.mmap(f.fileno(), 0); {SLEEPER}"
    with sleeping(code=code) as process:
        refusal = preflight._is_not_tracked(case(process))
        assert refusal is not None and refusal.code == "E-TRACKED"
        assert refusal.remedy == f"memray detach {process.pid}"
        nothing = ctypes.c_void_p(0)
        assert ctypes.CDLL(None).ptrace(0x4206, process.pid, nothing, nothing) == 0  # PTRACE_SEIZE
        assert refused(process).code == "E-TRACED"
    with sleeping() as process:
        assert preflight._is_not_tracked(case(process)) is None


def case(process: Process) -> entry.Case:
    return entry.Case(HOST, process, HOST.status(process.pid))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_a_home_that_is_another_users_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    user = {"user": 65534, "group": 65534, "extra_groups": []}
    for home, fine in ((str(tmp_path), False), ("/nowhere", True), ("/tmp", True)):
        with subprocess.Popen(["sleep", "60"], env={"HOME": home}, **user) as process:  # type: ignore[call-overload]
            refusal = entry.sees_its_home(case(worker(process.pid)))
            process.kill()
        assert (refusal is None) == fine
        assert fine or home in refusal.reason


@needs_memray
@pytest.mark.live
def test_a_process_without_site_packages_cannot_import_it() -> None:
    with sleeping("-I", "-S") as process:
        refusal = entry.has_memray(case(process))
        assert refusal is not None and refusal.code == "E-MEMRAY"
        assert "pip install memray==" in (refusal.remedy or "")


@needs_gdb
def test_a_debugger_that_cannot_add_does_not_work(tmp_path: Path) -> None:
    assert debuggers.refusal() is None
    (tmp_path / "gdb").write_text("#!/bin/sh\necho '$1 = 41'\n")
    (tmp_path / "gdb").chmod(0o755)
    refusal = debuggers.refusal(str(tmp_path))
    assert refusal is not None and "does not work" in refusal.reason


def test_who_may_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "library.so"
    file.write_bytes(b"")
    for path, mode in ((tmp_path, 0o751), (file, 0o640)):
        path.chmod(mode)
    uid, gid = os.getuid() + 1, file.stat().st_gid
    above = entry._allows(os.stat(tmp_path), uid, {gid + 1}, 1)
    assert above
    assert entry._allows(file.stat(), uid, {gid}, 4)
    assert not entry._allows(file.stat(), uid, {gid + 1}, 4)
    assert entry.may_read(str(file), 0, set())
    tmp_path.chmod(0o700)
    assert not entry.may_read(str(file), uid, {gid + 1})


def test_the_capture_folder_is_private_and_goes_with_all_that_is_in_it() -> None:
    pid, uid = os.getpid(), os.getuid()
    (place, *_) = folder.bases(pid, uid)
    made = folder.Folder.make(pid, place.path, uid, os.getgid())
    above = Path(made.path).parent
    try:
        assert above.stat().st_mode & 0o777 == 0o700
        with pytest.raises(OSError, match="No such file"):
            made.open()
        Path(made.path).symlink_to("/etc/passwd")
        with pytest.raises(OSError, match="symbolic link"):
            made.open()
        Path(made.path).unlink()
        os.mkfifo(made.path)
        with pytest.raises(OSError, match="regular"):
            made.open()
        Path(made.path).unlink()
        Path(made.path).write_bytes(b"x")
        descriptor = made.open()
    finally:
        made.remove()
    made.remove()
    assert not above.exists()
    assert os.read(descriptor, 9) == b"x"
    os.close(descriptor)


def test_a_stop_is_measured_from_outside() -> None:
    with sleeping() as process:
        watch = Watch(process.pid)
        for number, wait_s in ((signal.SIGSTOP, 0.2), (signal.SIGCONT, 0.1), (signal.SIGSTOP, 0.1)):
            os.kill(process.pid, number)
            end_s = time.monotonic() + wait_s
            while time.monotonic() < end_s:
                watch.look()
                time.sleep(0.001)
        os.kill(process.pid, signal.SIGCONT)
        halt = watch.close()
    assert 0.2 < halt.stopped_s < 0.39
    assert 0.15 < halt.longest_s < halt.stopped_s
    assert halt.duration_s > 0.39


def wait_for(holds) -> None:
    deadline_s = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


# The keeper, with a program in memray's place.

STAND_IN = """
import sys, pathlib
verb, rest = sys.argv[1], sys.argv[2:]
if verb == {fails!r}:
    sys.exit("memray says\\nno \\x1b[31mway")
if verb == "attach":
    pathlib.Path(rest[rest.index("--output") + 1]).write_bytes(b"captured")
"""


class Kept:
    """One run of the keeper in this process."""

    def __init__(self, monkeypatch, *, fails: str = "", span_s: float = 0.2, let_go_s: float | None = None) -> None:
        command = (sys.executable, "-I", "-S", "-c", STAND_IN.format(fails=fails))
        monkeypatch.setattr(keeper, "_MEMRAY", command)
        output = child.memory_file("reports")
        ours, theirs = socket.socketpair()
        with sleeping() as process, ours, theirs:
            order = Order(
                pid=process.pid, start_ticks=process.start_ticks, base="/tmp", uid=os.getuid(),
                gid=os.getgid(), span_s=span_s, most_bytes=1 << 20,
            )  # fmt: skip
            if let_go_s is not None:
                threading.Timer(let_go_s, ours.shutdown, [socket.SHUT_WR]).start()
            kept = keeper.Keeper(order, theirs, output)
            kept.run()
            self.folder = Path(kept._path).parent
            self.reports = list(Reader(output).read(Report))
            self.capture = b""
            ours.setblocking(False)
            with contextlib.suppress(OSError):
                _, (descriptor,), _, _ = socket.recv_fds(ours, 64, 1)
                self.capture = os.read(descriptor, 100)
                os.close(descriptor)
        os.close(output)


def test_the_keeper_lets_in_waits_and_lets_out(monkeypatch) -> None:
    kept = Kept(monkeypatch)
    assert list(dict.fromkeys(report.stage for report in kept.reports)) == [
        "attaching", "tracking", "detaching", "ended"
    ]  # fmt: skip
    last = kept.reports[-1]
    assert (last.failed, last.left, last.cut) == ("", "", "")
    assert 0.2 <= last.span_s < 5 and last.capture_bytes == len(b"captured")
    assert last.attach is not None and last.detach is not None
    assert kept.capture == b"captured"  # it has no name any more, and is read all the same
    assert kept.folder.name.startswith("perftools-memray-")
    assert not kept.folder.exists()


def test_the_keeper_lets_out_early_when_it_is_let_go(monkeypatch) -> None:
    last = Kept(monkeypatch, span_s=60, let_go_s=0.1).reports[-1]
    assert (last.stage, last.cut, last.left) == ("ended", "asked", "")
    assert last.span_s < 30


def test_what_memray_says_when_it_cannot_be_let_in(monkeypatch) -> None:
    kept = Kept(monkeypatch, fails="attach")
    assert [report.stage for report in kept.reports][-1] == "ended"
    assert "detaching" not in [report.stage for report in kept.reports]
    assert kept.reports[-1].failed == "memray says no [31mway"
    assert kept.folder.name.startswith("perftools-memray-")
    assert not kept.folder.exists()


@needs_gdb
@pytest.mark.live
def test_gdb_is_asked_to_let_go_of_a_process_that_waits_for_itself(monkeypatch) -> None:
    monkeypatch.setattr(rescue, "PATIENCE_S", 0.3)
    gdb = ["gdb", "-batch", "-nx", "-iex=set auto-solib-add off", "-ex=set unwindonsignal on", "-ex=sharedlibrary libc"]
    with sleeping() as process:
        command = shlex.join([*gdb, "-ex=call (int)pause()", "-p", str(process.pid)])
        with subprocess.Popen(
            ["sh", "-c", f"{command}; true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as shell:
            watch, watched = Watch(process.pid), rescue.Rescue(process.pid, shell.pid)
            wait_for(lambda: HOST.status(process.pid)["TracerPid"] != "0")
            deadline_s = time.monotonic() + 20
            while shell.poll() is None and time.monotonic() < deadline_s:
                watch.look()
                watched.look(halted=watch.halted)
                time.sleep(0.005)
            watch.close()
            assert watched.asked
            assert shell.wait(10) == 0
        status = HOST.status(process.pid)
        assert (status["TracerPid"], status["State"][:1]) == ("0", "S")


def plan(process: Process) -> preflight.Plan:
    return preflight.Plan(process, "/tmp", os.getuid(), os.getgid(), "1.20.0")


ENDED = Report(stage="ended", attach=Halt(stopped_s=0.121), detach=Halt(stopped_s=0.088), span_s=5.0, cpu_s=2.0)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (None, "ended before it did anything: boom"),
        (Report(stage="tracking", attach=Halt()), "was ended from outside"),
        (replace(ENDED, failed="ImportError"), "into worker 4712, or out: ImportError; the worker runs on"),
        (replace(ENDED, failed="x", left="it is stopped"), "x; afterwards it is stopped"),
        (replace(ENDED, span_s=0.0), "was not in worker 4712 long enough"),
    ],
)
def test_what_went_wrong_is_said(report: Report | None, words: str) -> None:
    visit = SimpleNamespace(capture=3, span_s=5.0, last_words=lambda: "boom")
    found = recording._checked(plan(build.process(4712)), report, visit)
    assert isinstance(found, Missing)
    assert words in found.reason


def test_the_stall_is_said() -> None:
    assert recording.told(plan(build.process(4712)), ENDED) == (
        "worker 4712 stood still for 121 ms to let memray in, and for 88 ms to let it out; "
        "now it runs untraced and untracked."
    )


def test_the_busiest_worker_of_the_window_is_chosen() -> None:
    target = build.target()
    rounds = tuple(
        record.RoundTime(pid=pid, round=0, start_s=0.0, duration_s=2.0, cpu_s=used)
        for pid, used in ((4711, 9.0), (4712, 0.4), (4713, 0.5))
    )
    threads = record.Threads(cost=build.cost(), rounds=rounds, times=())
    assert recording.busiest(target, threads).pid == 4713


# The capture file.

PROGRAM = """
import numpy as np, memray, sys
kept = []
def handle(values):
    scores = values * 2.0  # a temporary
    return float(scores[0])
def keep(values):
    kept.append(values + 1.0)
def grow(n):
    rows = []
    for i in range(n): rows.append(i)
values = np.ones(1 << 18)
with memray.Tracker(destination=memray.FileDestination(sys.argv[1], compress_on_exit=False)):
    for _ in range(40):
        handle(values)
    keep(values)
    grow(200_000)
"""


@pytest.fixture(scope="module")
def capture(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("capture")
    script = folder / "program.py"
    script.write_text(PROGRAM)
    subprocess.run([sys.executable, str(script), str(folder / "capture.bin")], check=True, timeout=60)
    return folder / "capture.bin"


def read(path: Path, *, uid: int | None = None, most: int = reading.MOST_RECORDS):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return reading.read(descriptor, os.getuid() if uid is None else uid, os.getgid(), most=most)[0]
    finally:
        os.close(descriptor)


@needs_memray
def test_temporaries_what_is_kept_and_what_grows(capture: Path) -> None:
    summary = read(capture)
    assert not isinstance(summary, Missing), summary
    leaves = {
        site: summary.frames[summary.stacks[site.stack][0]] for site in summary.churn if summary.stacks[site.stack]
    }
    (handled,) = [site for site, (function, _, _) in leaves.items() if function == "handle"]
    assert (handled.allocations, handled.size_bytes) == (40, 40 * 2 * MIB)
    assert (handled.temporaries, handled.temporary_bytes) == (40, 40 * 2 * MIB)
    assert leaves[handled][2] == 5
    (kept,) = [site for site, (function, _, _) in leaves.items() if function == "keep"]
    assert (kept.size_bytes, kept.temporaries) == (2 * MIB, 0)
    grown = [site for site, (function, _, _) in leaves.items() if function == "grow"]
    assert sum(site.grown_bytes for site in grown) > 200_000 * 8
    assert summary.size_bytes > 42 * 2 * MIB and summary.peak_bytes >= 4 * MIB
    names = {summary.frames[summary.stacks[site.stack][0]][0] for site in summary.kept if summary.stacks[site.stack]}
    assert "keep" in names and "handle" not in names
    assert 0 < summary.span_s < 60 and summary.read == summary.records
    assert LARGE_BYTES < 2 * MIB


@needs_memray
def test_a_long_capture_is_read_in_part(capture: Path) -> None:
    summary = read(capture, most=30)
    assert not isinstance(summary, Missing)
    assert summary.read == 30 < summary.records
    found = recording.recorded(plan(build.process(4712)), ENDED, summary, recording.Undisturbed(0.5, 10.0), 0.1)
    assert found.span_s < 5.0 and found.cost.lost == summary.records - 30
    assert "of the first" in found.cost.complete


@needs_memray
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give its rights up")
def test_it_is_read_with_the_rights_of_its_owner(capture: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.bin"
    shutil.copy(capture, theirs)
    theirs.chmod(0o600)
    refusal = read(theirs, uid=65534)
    assert isinstance(refusal, Missing) and "Permission denied" in refusal.reason
    os.chown(theirs, 65534, 65534)
    assert not isinstance(read(theirs, uid=65534), Missing)


@needs_memray
@pytest.mark.parametrize("seed", range(2))
def test_a_broken_capture_is_refused_or_makes_sense(capture: Path, tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    content = bytearray(capture.read_bytes())
    for _ in range(40):
        content[choose.randrange(32, len(content))] = choose.randrange(256)
    broken = tmp_path / "broken.bin"
    broken.write_bytes(content[: choose.randrange(len(content) // 2, len(content))])
    found = read(broken)
    assert isinstance(found, Missing) or found.read >= 0


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.bin").write_bytes(b"nothing of the kind" * 100)
    refusal = read(tmp_path / "no.bin")
    assert isinstance(refusal, Missing) and refusal.code == "E-CAPTURE"


# The record.


def saved(**changes: object) -> bytes:
    scene = Scene()
    scene.file("/srv/app.py", "def f(a):\n    return a + 1\n")
    scene.sample(10, ("f", "/srv/app.py", "return"))
    heap = Heap(scene)
    heap.temporary(10, MIB, ("f", "/srv/app.py", "return"))
    return record.encode(heap.audit(**changes))


def test_it_is_saved_and_read_back() -> None:
    audit = record.decode(saved())
    assert record.decode(record.encode(audit)) == audit


@pytest.mark.parametrize(
    "changes",
    [
        {"stacks": ((0, 7),)},
        {"churn": (record.AllocationSite(stack=5, allocations=1, size_bytes=1),)},
        {"kept": (record.AllocationSite(stack=0, allocations=-1, size_bytes=1),)},
        {"peak_bytes": -1},
        {"span_s": 0.0},
        {"attach_stall_ms": -1.0},
    ],
)
def test_what_no_recording_can_say_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match="allocations"):
        record.decode(saved(**changes))
