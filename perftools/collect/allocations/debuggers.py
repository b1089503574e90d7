"""The debugger that memray is let in by, and the right to use it.

gdb alone: memray can use lldb too, but where lldb stops a thread is not ours to choose (`safe_point.gdb`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

from perftools.collect import child
from perftools.record import Missing

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where it is looked for. Our own PATH is not asked: we may be root."""
_TRIAL = ("-nx", "-batch", "-ex", "print 40 + 2")
"""A sum that it works out for us, attached to nothing."""
_PTRACE_SEIZE = 0x4206  # <linux/ptrace.h>
_PATIENCE_S = 10.0
_LIMITS = child.Limits(cpu_s=10, file_bytes=1 << 20)


def refusal(path: str | None = None) -> Missing | None:
    """Why there is no gdb that works in these folders, by default `PATH`; None where there is one."""
    path = path or PATH
    program = shutil.which("gdb", path=path)
    if program is None:
        return Missing(
            code="E-DEBUGGER",
            reason=f"gdb is not installed (in {path.replace(':', ', ')})",
            remedy="apt-get install gdb  (or your system's package of that name)",
        )
    if not _works((program, *_TRIAL)):
        return Missing(
            code="E-DEBUGGER",
            reason=f"{program} does not work: it cannot add 40 and 2",
            remedy="apt-get install --reinstall gdb",
        )
    return None


def _works(command: tuple[str, ...]) -> bool:
    output = child.memory_file("debugger")
    try:
        started = child.start(
            command, stdout=output, stderr=output, pass_fds=(), environment={"PATH": PATH}, limits=_LIMITS
        )
        in_time = started.wait(_PATIENCE_S)
        started.kill()
        return in_time and started.status == 0 and b"= 42" in os.pread(output, 4096, 0)
    except OSError:
        return False
    finally:
        os.close(output)


def may_trace() -> bool:
    """Whether ptrace(2) is open to us at all: seccomp filters may forbid it. Tried on a child of our own."""
    try:
        started = child.start(
            (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(),
            environment={},
            limits=_LIMITS,
        )
    except OSError:
        return False
    try:
        nothing = ctypes.c_void_p(0)
        ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        ptrace.restype = ctypes.c_long
        return bool(ptrace(_PTRACE_SEIZE, ctypes.c_int(started.pid), nothing, nothing) == 0)
    finally:
        started.kill()
