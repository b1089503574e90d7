"""Programs that we run beside the target: no shell, a session of their own, bounded, and dead as soon as we are.

Nothing has to be cleaned up after us: the kernel kills the children of a tool that ends in whatever way
(PR_SET_PDEATHSIG), and what they write goes into memory files without a name (`memory_file`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import site
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import perftools

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_POLL_S = 0.005


class Limits(NamedTuple):
    """What the kernel holds a child to, even while we are stopped ourselves (setrlimit(2))."""

    cpu_s: int
    file_bytes: int


def memory_file(name: str) -> int:
    """A descriptor of an empty file that lives in memory and ends with its last descriptor (memfd_create(2))."""
    return os.memfd_create(name, os.MFD_CLOEXEC)


def cpu_time_s(pid: int) -> float:
    """CPU seconds of all threads that a process has or had, to the nanosecond.

    Its clock's id is made as clock_getcpuclockid(3) makes it. Raises OSError where there is no such process.
    """
    return time.clock_gettime((~pid << 3) | 2)


def python_environment() -> dict[str, str]:
    """The environment of a Python program of ours: nothing but where its modules are.

    That is this package's folder, unless it is installed, and PYTHONPATH as we have it. Relative entries are left out,
    the empty one too: it means the current folder.
    """
    folder = str(Path(perftools.__file__).absolute().parent.parent)
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    paths = [folder] * (folder not in installed)
    paths += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path.startswith("/")]
    environment = {name: os.environ[name] for name in ("HOME", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    return environment | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUTF8": "1"}


def die_with(parent: int) -> None:
    """Be killed when `parent`, which started us, ends; ends at once where it has (prctl(2), PR_SET_PDEATHSIG).

    A change of user ids ends that bond: call it again afterwards.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class Child:
    """A program that we started; `start` makes one."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.started_s = time.monotonic()
        self.ended_s: float | None = None
        self.status: int | None = None
        """Exit code, or the negative number of the signal that ended it; it proves nothing about the output."""
        self._process = process
        self._cpu_s = 0.0

    @property
    def cpu_s(self) -> float:
        """User and system time up to now."""
        if self.status is None:
            self._cpu_s = cpu_time_s(self.pid)
        return self._cpu_s

    def ended(self) -> bool:
        """Whether it has ended; reaps it then."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.ended_s = time.monotonic()
                self.status = self._process.returncode = os.waitstatus_to_exitcode(status)
                self._cpu_s = usage.ru_utime + usage.ru_stime
        return self.status is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came in time."""
        deadline = time.monotonic() + timeout_s
        while not self.ended():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def send(self, number: signal.Signals) -> None:
        """Signal it and its own children, if it still runs."""
        if not self.ended():
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it at once, and reap it."""
        self.send(signal.SIGKILL)
        self.wait(1.0)  # less only where the kernel holds it in an uninterruptible call


def start(
    argv: Sequence[str],
    *,
    stdout: int,
    stderr: int,
    pass_fds: Sequence[int],
    environment: Mapping[str, str],
    limits: Limits,
) -> Child:
    """Start a program with nothing but this environment and these descriptors. Raises OSError where it cannot run.

    It dies with the thread that starts it, so that must be one that lives as long as the child is needed.
    """
    return Child(
        subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=pass_fds,
            env=environment,
            start_new_session=True,
            # calls the kernel only: takes no lock that another thread may hold at the fork
            preexec_fn=_bound(limits),  # noqa: PLW1509
        )
    )


def _bound(limits: Limits) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork nothing may be loaded
    parent = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # we died before the kernel knew of the bond
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return bind
