"""A service in namespaces of its own, audited from outside and from inside: pids, sources and workers are its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.live.command import PERFTOOLS, report
from tests.live.services import children, line_of, running
from tests.pythons import pythons

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.getuid() != 0, reason="only root may make pid and mount namespaces here"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare (util-linux) is not installed"),
]

VECTORS = Path(__file__).with_name("vectors_target.py")
INSIDE = "/mnt/app.py"
"""On a file system that only the service sees."""
ENTER = "mount -t tmpfs none /mnt && cp -- {vectors} /mnt/app.py && exec {command}"
FIRST_WORKER = 30_001
TWO_WORKERS = f"""
import os, runpy, sys
sys.argv = ["app.py", "0"]
with open("/proc/sys/kernel/ns_last_pid", "w") as last:
    last.write("{FIRST_WORKER - 1}")
for _ in range(2):
    if os.fork() == 0:
        runpy.run_path("{INSIDE}", run_name="__main__")
os.wait()
"""


class Contained(NamedTuple):
    """A service that is pid 1 of its namespace."""

    pid: int
    """As the host sees it."""

    def inside(self, *command: str) -> list[str]:
        """A command that runs beside it, in its namespaces."""
        return ["nsenter", "--target", str(self.pid), "--pid", "--mount", *command]


@contextlib.contextmanager
def contained(*command: str, prefix: Sequence[str] = ()) -> Iterator[Contained]:
    enter = ENTER.format(vectors=VECTORS, command='"$0" "$@"')
    unshare = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    with running([*unshare, *prefix, "sh", "-c", enter, *command], ready="ready") as (process, _):
        (pid,) = children(process.pid)
        try:
            yield Contained(pid)
        finally:
            os.kill(pid, signal.SIGKILL)  # unshare waits for it, deaf to SIGTERM


def assert_found(found: Any, workers: int) -> None:
    alarms = [each for each in found["findings"] if each["rule"] == "list-hot-path"]
    assert len(alarms) == 1, found["not_checked"]
    where = alarms[0]["where"]
    assert (where["file"], where["function"]) == (INSIDE, "dot")
    assert where["line"] <= line_of(str(VECTORS), "total += a * b") <= where["end_line"]
    roles = [process["role"] for process in found["target"]["processes"]]
    assert roles.count("worker") == workers


def test_from_inside_a_service_of_two_workers_is_found_by_the_pids_there() -> None:
    with contained(sys.executable, "-c", TWO_WORKERS) as service:
        words = service.inside(*PERFTOOLS, "audit", "1", "--window", "4", "--json")
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert_found(found, workers=2)
    assert {process["pid"] for process in found["target"]["processes"]} == {1, FIRST_WORKER, FIRST_WORKER + 1}


def test_from_the_host_with_a_python_too_old_for_the_tool_and_the_audit_taken_away(tmp_path: Path) -> None:
    """The sources are those that the service sees; the tool's own Python does not matter, nor the machine later on."""
    old = next((path for version, path in pythons().items() if version < (3, 11)), sys.executable)
    saved = tmp_path / "audit.json"
    with contained(old, INSIDE, "0") as service:
        found = report("audit", service.pid, "--window", "4", "-o", saved)
        assert not Path(INSIDE).exists()
    assert_found(found, workers=1)
    [process] = found["target"]["processes"]
    assert (process["pid"], process["ns_pid"]) == (service.pid, 1)
    away = tmp_path / "away"
    away.mkdir()
    shutil.move(saved, away / "audit.json")
    bare = {"PATH": os.defpath, "HOME": str(away), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    words = [*PERFTOOLS, "explain", "audit.json", "--json"]
    again = subprocess.run(words, cwd=away, env=bare, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(again.stdout) == found


def test_a_pid_that_is_known_inside_only_is_translated() -> None:
    with contained(sys.executable, "-c", TWO_WORKERS) as service:
        if Path(f"/proc/{FIRST_WORKER}").exists():
            pytest.skip(f"pid {FIRST_WORKER} is one of the host's too")
        words = [*PERFTOOLS, "audit", str(FIRST_WORKER), "--json"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        workers = children(service.pid)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (3, "E-PIDNS")
    assert int(error["command"].split()[-1]) in workers
