"""One py-spy run on one process: its command, the guard over it, and what its speedscope file says.

Exit codes of py-spy prove nothing (0 for a target that is stopped or dies): a run is judged by what it wrote.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
import re
import signal
import sysconfig
import time
from typing import NamedTuple

import msgspec

from perftools.collect import child, speedscope

TOOL = "py-spy"
STARTUP_S = 0.03
"""From start to first sample: reading the target's maps and ELF symbols."""
LATE_S = 2.0
"""Further behind than this, py-spy is ended: it does not catch up."""

_GRACE_S = 1.0
_FILE_BYTES = 32 << 20
_LOG_BYTES = 1 << 16
_CHECK_S = 0.1


class Outcome(NamedTuple):
    """What one run brought."""

    recorded: speedscope.Recorded | None
    """None where py-spy left no file that can be read."""
    start_s: float
    """CLOCK_MONOTONIC."""
    duration_s: float
    ticks: int
    """Sampling instants; reckoned from the time where the run was ended before its count was full."""
    errors: int
    """Instants at which the process could not be read, and stacks that came back empty."""
    cpu_s: float
    stopped: str
    """Why we ended it ("cost", "late", "time", "asked"); "" where it ended by itself."""
    log: str
    """py-spy's last words, in printable characters."""


def binary() -> str | None:
    """The py-spy that was installed with us; None if there is none. PATH is not asked: we may be root."""
    candidates = [os.path.join(sysconfig.get_path("scripts"), TOOL)]
    try:
        files = importlib.metadata.files(TOOL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    candidates += [str(file.locate()) for file in files if file.name == TOOL]
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def command(path: str, pid: int, output: str, *, rate_hz: int, duration_s: float, gil: bool) -> list[str]:
    """The arguments of one run. py-spy counts rate x duration instants, both whole numbers, at random intervals."""
    argv = [path, "record", "--pid", str(pid), "--output", output, "--format", "speedscope"]
    argv += ["--rate", str(rate_hz), "--duration", str(math.ceil(duration_s))]
    argv += ["--threads", "--nonblocking", "--full-filenames"]
    return [*argv, "--gil"] if gil else argv


class Recording:
    """A running py-spy, and the guard over it: `poll` it several times a second, then `finish`."""

    def __init__(self, path: str, pid: int, *, rate_hz: int, duration_s: float, gil: bool, cpu_limit_s: float) -> None:
        """Start it. Raises OSError where py-spy cannot be run."""
        self.pid = pid
        self.rate_hz = rate_hz
        self.gil = gil
        self._planned = rate_hz * math.ceil(duration_s) - 1  # py-spy 0.4.3 ends before it records the last instant
        self._cpu_limit_s = cpu_limit_s
        self._stopped = ""
        self._interrupted_s = 0.0
        self._checked_s = 0.0
        self._output = child.memory_file("stacks")
        self._log = child.memory_file("log")
        argv = command(path, pid, f"/proc/self/fd/{self._output}", rate_hz=rate_hz, duration_s=duration_s, gil=gil)
        try:
            self._child = child.start(
                argv,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(self._output,),
                environment={"RUST_BACKTRACE": "0"},
                limits=child.Limits(cpu_s=math.ceil(duration_s) + 1, file_bytes=_FILE_BYTES),
            )
        except OSError:
            self._close()
            raise
        whole = duration_s == math.ceil(duration_s)
        # the intervals are random: n of them vary by sqrt(n), so that a whole count may take a little longer
        spread_s = 2 * math.sqrt(self._planned) / rate_hz if whole else 0.0
        self._deadline_s = self._child.started_s + duration_s + min(spread_s, 0.25 * duration_s)

    def poll(self) -> bool:
        """Whether it has ended. Ends it when it costs too much, falls behind or outlives its time."""
        if self._child.ended():
            return True
        now = time.monotonic()
        if self._stopped:
            if now - self._interrupted_s > _GRACE_S:
                self._child.kill()
            return self._child.ended()
        if now > self._deadline_s:
            self.stop("time")
        elif now - self._checked_s > _CHECK_S:
            self._checked_s = now
            if self._child.cpu_s > self._cpu_limit_s:
                self.stop("cost")
            elif lateness_s(self._read_log()) > LATE_S:
                self.stop("late")
        return False

    def stop(self, why: str = "asked") -> None:
        """Ask it to write what it has (SIGINT); `poll` kills it when it does not within a second."""
        if not self._stopped and not self._child.ended():
            self._stopped, self._interrupted_s = why, time.monotonic()
            self._child.send(signal.SIGINT)

    def finish(self) -> Outcome:
        """Wait for its end, no longer than its time and the grace, and read its file."""
        give_up_s = self._deadline_s + 4 * _GRACE_S  # only where the kernel cannot even kill it
        while not self.poll() and time.monotonic() < give_up_s:
            time.sleep(0.005)
        log = self._read_log()
        recorded = self._read_output()
        duration_s = (self._child.ended_s or time.monotonic()) - self._child.started_s
        complete = recorded is not None and "Stopped sampling" not in log
        reckoned = min(self._planned, round((duration_s - STARTUP_S) * self.rate_hz))
        longest = max((len(thread.stacks) for thread in recorded.threads), default=0) if recorded else 0
        errors = error_count(log) + (recorded.empty if recorded else 0)
        outcome = Outcome(
            recorded=recorded,
            start_s=self._child.started_s,
            duration_s=duration_s,
            ticks=self._planned if complete else max(reckoned, longest),
            errors=errors,
            cpu_s=self._child.cpu_s,
            stopped=self._stopped,
            log=last_words(log),
        )
        self._close()
        return outcome

    def close(self) -> None:
        """End it without asking for its file. Idempotent."""
        self._child.kill()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._output, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._log = -1

    def _read_log(self) -> str:
        size = os.fstat(self._log).st_size
        return os.pread(self._log, _LOG_BYTES, max(0, size - _LOG_BYTES)).decode(errors="replace")

    def _read_output(self) -> speedscope.Recorded | None:
        size = os.fstat(self._output).st_size
        try:
            return speedscope.parse(os.pread(self._output, min(size, _FILE_BYTES), 0))
        except (msgspec.DecodeError, ValueError):
            return None


def error_count(log: str) -> int:
    """N of "Samples: M Errors: N"."""
    found = re.findall(r"Errors: (\d{1,9})", log)
    return int(found[-1]) if found else 0


def lateness_s(log: str) -> float:
    """How far behind it last said it was: "2.31s behind in sampling"; it says so from 1 s on."""
    found = re.findall(r"(\d{1,6}(?:\.\d{1,9})?)s behind in sampling", log)
    return float(found[-1]) if found else 0.0


def last_words(log: str) -> str:
    """The error that py-spy ended with and its cause, on one line of at most 200 printable characters; "" if none."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if line.startswith(("Error:", "Permission", "thread '"))), None)
    if start is None:
        return ""
    told = lines[start].removeprefix("Error:").strip()
    causes = [line.partition(":")[2].strip() for line in lines[start + 1 :] if re.match(r"\d+:", line)]
    text = f"{told} ({causes[-1]})" if causes else told
    return "".join(char for char in text if char.isprintable())[:200]
