"""Services that cannot be observed, or not to the end: what the user is told, as text and as JSON; exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.live.command import PERFTOOLS, Word, samplers, watching
from tests.live.services import running
from tests.live.test_target_live import TRACER

pytestmark = pytest.mark.live

BUSY = [sys.executable, str(Path(__file__).with_name("vectors_target.py")), "0"]
SLEEPER = """
import ctypes, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
print("ready", flush=True)
time.sleep(600)
"""
IDLE = [sys.executable, "-c", SLEEPER]
NOBODY = 65534

# The command as another user, who may not be allowed to read our modules: an error of root's has imported them all.
AS_NOBODY = f"""
import contextlib, io, os, sys, sysconfig
from perftools import cli
sysconfig.get_paths()
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    cli.main(["audit", str(2**22 + 1)])  # beyond the greatest pid: proc_sys_kernel(5)
    cli.main(["audit", str(2**22 + 1), "--json"])
os.setgroups([])
os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
sys.exit(cli.main(sys.argv[1:]))
"""


@contextlib.contextmanager
def started(command: Sequence[str], ready: str = "ready") -> Iterator[subprocess.Popen[bytes]]:
    with running(command, ready=ready) as (process, _):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)  # else it cannot end in order


def failure(*arguments: Word, code: int = 3, program: Sequence[str] = PERFTOOLS) -> Any:
    """The error with which an audit ends: the same on stderr as text, and on stdout as JSON."""
    words = [*program, "audit", *map(str, arguments)]
    text, document = (
        subprocess.run([*words, *form], capture_output=True, text=True, timeout=60, check=False)
        for form in ([], ["--json"])
    )
    assert (text.returncode, document.returncode) == (code, code), text.stderr + document.stderr
    assert (text.stdout, document.stderr) == ("", "")
    error = json.loads(document.stdout)["error"]
    assert text.stderr.startswith(f"error {error['code']}: {error['message']}\n")
    assert error["command"] is None or f"\n  run:  {error['command']}\n" in text.stderr
    return error


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_no_such_process() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    error = failure(gone.pid)
    assert error["code"] == "E-NOPID"
    assert str(gone.pid) in error["message"]


def test_not_python() -> None:
    with started(["sh", "-c", "echo ready; exec sleep 600"]) as process:
        error = failure(process.pid)
    assert error["code"] == "E-NOTPYTHON"
    assert f"pid {process.pid} " in error["message"]
    assert "sleep" in error["message"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_users_process() -> None:
    with started(IDLE) as process:
        error = failure(process.pid, program=(sys.executable, "-c", AS_NOBODY))
        assert process.poll() is None
    assert error["code"] == "E-PTRACE"
    assert f"pid {process.pid} (owner root, uid 0; you are " in error["message"]
    assert f"uid {NOBODY})" in error["message"]
    assert shlex.split(error["command"])[0] == "sudo"
    assert shlex.split(error["command"])[-2:] == ["audit", str(process.pid)]


def test_a_stopped_service_and_the_command_that_helps() -> None:
    with started(BUSY) as process:
        process.send_signal(signal.SIGSTOP)
        while state(process.pid) != "T":
            time.sleep(0.01)
        error = failure(process.pid)
        assert state(process.pid) == "T", "it is not for us to continue it"
        subprocess.run(shlex.split(error["command"]), check=True)
        assert state(process.pid) in "RS"
    assert error["code"] == "E-STOPPED"


def test_a_service_that_a_debugger_holds() -> None:
    with started(IDLE) as process, started([sys.executable, "-c", TRACER, str(process.pid)], r"^(0|-1)\n") as tracer:
        if f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{process.pid}/status").read_text():
            pytest.skip("ptrace(2) is refused here")
        error = failure(process.pid)
    assert error["code"] == "E-TRACED"
    assert f"(pid {tracer.pid})" in error["message"]


def test_a_service_that_ends_before_it_was_seen_at_work() -> None:
    with started(IDLE) as process, watched_twice(process.pid) as (text, document):
        samplers(text, 1)
        samplers(document, 1)
        process.kill()
        printed, said = text.communicate(timeout=60)
        found = json.loads(document.communicate(timeout=60)[0])
    assert (text.returncode, document.returncode) == (3, 3)
    assert (printed, found["error"]["code"]) == ("", "E-GONE")
    assert f"error E-GONE: {found['error']['message']}\n" in said


def test_a_service_that_ends_later_is_reported_with_a_warning() -> None:
    with started(BUSY) as process, watched_twice(process.pid) as (text, document):
        samplers(text, 3)
        samplers(document, 3)
        process.kill()
        printed, _ = text.communicate(timeout=60)
        found = json.loads(document.communicate(timeout=60)[0])
    assert (text.returncode, document.returncode) == (0, 0)
    warning = f"worker {process.pid} ended in the window"
    assert warning in found["quality"]["warnings"]
    assert warning in " ".join(printed.split())
    assert found["quality"]["ended"] == "gone"
    assert "dot" in {line["where"]["function"] for line in found["observations"]["time"]["lines"]}
    assert "dot()" in printed


@contextlib.contextmanager
def watched_twice(pid: int) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str]]]:
    """Audits with rounds of 1 s: one prints text, the other JSON."""
    with watching(pid, "--window", "7") as text, watching(pid, "--window", "7", "--json") as document:
        yield text, document


@pytest.mark.parametrize("output", ["nowhere/audit.json", "."], ids=["no-such-folder", "a-folder"])
def test_an_output_that_cannot_be_written_is_told_before_the_window(output: str, tmp_path: Path) -> None:
    with started(IDLE) as process:
        began_s = time.monotonic()
        error = failure(process.pid, "--window", "60", "-o", tmp_path / output, code=2)
        assert time.monotonic() - began_s < 60
    assert error["code"] == "E-OUTPUT"
    assert not list(tmp_path.iterdir())
