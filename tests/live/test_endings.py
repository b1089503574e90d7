"""However the command ends, nothing of it is left, and the service runs on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.command import samplers, watching
from tests.live.services import ended, running

pytestmark = pytest.mark.live

VECTORS = str(Path(__file__).with_name("vectors_target.py"))


@pytest.fixture(scope="module")
def service() -> Iterator[subprocess.Popen[bytes]]:
    with running([sys.executable, VECTORS, "0"], ready="ready") as (process, _):
        yield process


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 0),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_nothing_is_left_behind(
    service: subprocess.Popen[bytes], number: signal.Signals, code: int, tmp_path: Path
) -> None:
    surroundings = os.environ | {"TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    output = tmp_path / "audit.json"
    with watching(service.pid, "--window", "7", "-o", output, cwd=tmp_path, env=surroundings) as audit:
        started = samplers(audit, 3 if number == signal.SIGINT else 1)
        audit.send_signal(number)
        printed, said = audit.communicate(timeout=60)
        assert ended(started, within_s=5)
    assert audit.returncode == code, said
    assert "Traceback" not in said
    reported = number == signal.SIGINT
    assert ("list-hot-path" in printed) == reported
    assert list(tmp_path.iterdir()) == [output] * reported
    assert works(service)


def test_a_second_ctrl_c_ends_it_without_a_report(service: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with watching(service.pid, cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)}) as audit:
        started = samplers(audit, 1)
        audit.send_signal(signal.SIGINT)
        assert audit.stderr
        assert audit.stderr.readline().startswith("watched")  # by the first one; the report takes a moment more
        audit.send_signal(signal.SIGINT)
        printed, said = audit.communicate(timeout=60)
        assert ended(started, within_s=5)
    assert (audit.returncode, printed) == (130, "")
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())
    assert works(service)


def works(service: subprocess.Popen[bytes]) -> bool:
    """Whether it runs, untraced, and uses CPU."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    clock = (~service.pid << 3) | 2  # the CPU time of a process: clock_getcpuclockid(3)
    before_s = time.clock_gettime(clock)
    time.sleep(0.3)
    return "TracerPid:\t0\n" in status and time.clock_gettime(clock) > before_s
