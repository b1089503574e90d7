"""The rows of the README's table of permissions, each on a real process, where this machine can.

The tool runs as another user, so all its modules are imported before rights are given up: he may not be able to read
them. A dry run asks for the rights by what an audit would do, and attaches nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.services import running

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can become other users"),
]

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
ALICE, BOB = 65533, 65534
IDENTITY = """
import ctypes, os, sys
def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: as a program that was started by that user
"""
TARGET = (
    IDENTITY
    + """
if "allow" in sys.argv:
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
become(int(sys.argv[1]))
print("ready", flush=True)
while True:
    sum(range(1000))
"""
)
TOOL = (
    IDENTITY
    + """
import contextlib, io, struct, sysconfig
from perftools import cli
sysconfig.get_paths()
pid, uid = int(sys.argv[1]), int(sys.argv[2])
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    cli.main(["audit", str(pid), "--dry-run"])  # imports what the real one needs
if uid:
    become(uid)
if "filtered" in sys.argv:  # as a container's profile would: process_vm_readv fails with EPERM (seccomp(2))
    load, equal, give = (0x20, 0, 0, 0), (0x15, 0, 1, 310), (0x06, 0, 0, 0x00050001)
    program = b"".join(struct.pack("HBBI", *each) for each in (load, equal, give, (0x06, 0, 0, 0x7FFF0000)))
    buffer = ctypes.create_string_buffer(program)
    address = struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer))
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    assert ctypes.CDLL(None).prctl(22, 2, address, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
sys.exit(cli.main(["audit", str(pid), "--dry-run"]))
"""
)


@contextlib.contextmanager
def service(uid: int, *options: str) -> Iterator[int]:
    with running([sys.executable, "-c", TARGET, str(uid), *options], ready="ready") as (process, _):
        yield process.pid


def dry_run(pid: int, uid: int, *options: str) -> tuple[int, str]:
    """Its exit code, and what it says, as that user."""
    words = [sys.executable, "-c", TOOL, str(pid), str(uid), *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@contextlib.contextmanager
def ptrace_scope(scope: int) -> Iterator[None]:
    """The kernel's setting for the body; skips where it has none, or it cannot be changed."""
    if not YAMA.exists():
        if scope:
            pytest.skip("this kernel has no Yama: ptrace_scope is always 0")
        yield
        return
    before = YAMA.read_text()
    try:
        YAMA.write_text(str(scope))
    except OSError as error:
        pytest.skip(f"ptrace_scope cannot be changed here: {error.strerror}")
    try:
        yield
    finally:
        YAMA.write_text(before)


def in_table(words: str) -> None:
    """The row that a test is about stands in the README."""
    rows = [line for line in README.splitlines() if line.startswith("|")]
    assert any(words in row for row in rows), words


def test_ones_own_service_with_scope_0_needs_nothing() -> None:
    in_table("| your own service, `/proc/sys/kernel/yama/ptrace_scope` is 0 | nothing |")
    with ptrace_scope(0), service(ALICE) as pid:
        code, said = dry_run(pid, ALICE)
    assert code == 0, said


def test_ones_own_service_with_scope_1_needs_root_or_its_permission() -> None:
    in_table("| your own service, `ptrace_scope` is 1")
    with ptrace_scope(1), service(ALICE) as pid, service(ALICE, "allow") as allowing:
        code, said = dry_run(pid, ALICE)
        assert (code, "E-PTRACE" in said, "ptrace_scope is 1" in said) == (3, True, True)
        assert dry_run(allowing, ALICE)[0] == 0
        assert dry_run(pid, 0)[0] == 0


def test_with_scope_2_root_is_needed() -> None:
    in_table("| `ptrace_scope` is 2 | root")
    with ptrace_scope(2), service(ALICE, "allow") as pid:
        code, said = dry_run(pid, ALICE)
        assert (code, "ptrace_scope is 2" in said) == (3, True)
        assert dry_run(pid, 0)[0] == 0


def test_another_users_service_needs_root() -> None:
    in_table("| another user's service | root")
    with service(BOB) as pid:
        code, said = dry_run(pid, ALICE)
        assert (code, "E-PTRACE" in said, f"owner nobody, uid {BOB}" in said or f"uid {BOB}" in said) == (3, True, True)
        assert dry_run(pid, 0)[0] == 0


def test_with_scope_3_nobody_may() -> None:
    in_table("| `ptrace_scope` is 3 | not possible until the next boot |")
    if not YAMA.exists() or YAMA.read_text().strip() != "3":
        pytest.skip("ptrace_scope is not 3 here, and could not be set back: see tests/test_target_rights.py")
    with service(ALICE) as pid:
        assert dry_run(pid, 0)[0] == 3


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter names a system call of x86-64")
def test_inside_a_container_the_same_user_needs_a_profile_that_allows_the_call() -> None:
    in_table("| inside a container | the same user and a seccomp profile that allows `process_vm_readv`")
    with service(ALICE) as pid:
        assert dry_run(pid, ALICE)[0] == 0
        code, said = dry_run(pid, ALICE, "filtered")
    assert (code, "E-PTRACE" in said, "seccomp filter" in said) == (3, True, True)
    assert errno.errorcode[1] in said


def test_inside_a_container_without_the_capability_another_users_service_is_refused_by_that_reason() -> None:
    if shutil.which("capsh") is None:
        pytest.skip("capsh (libcap2-bin) is not installed")
    with service(BOB) as pid:
        words = ["capsh", "--drop=cap_sys_ptrace", "--", "-c", '"$0" "$@"', sys.executable, "-c", TOOL, str(pid), "0"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert re.search(r"has no\s+SYS_PTRACE\s+capability", done.stderr), done.stderr
