"""The debugger that memray is let in by, and the right to use it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

from perftools.collect import child
from perftools.collect.allocations.orders import Debugger
from perftools.record import Missing

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where it is looked for. Our own PATH is not asked: we may be root."""
_TRIAL: dict[Debugger, tuple[str, ...]] = {
    "gdb": ("-nx", "-batch", "-ex", "print 40 + 2"),
    "lldb": ("--no-lldbinit", "--batch", "-o", "expression 40 + 2"),
}
"""A sum that each works out for us, attached to nothing."""
_PTRACE_SEIZE = 0x4206  # <linux/ptrace.h>
_PATIENCE_S = 10.0
_LIMITS = child.Limits(cpu_s=10, file_bytes=1 << 20)


def find(path: str = PATH) -> Debugger | Missing:
    """The first debugger that is installed and works: gdb, then lldb."""
    broken = None
    for name, trial in _TRIAL.items():
        program = shutil.which(name, path=path)
        if program is None:
            continue
        if _works((program, *trial)):
            return name
        broken = program
    if broken is not None:
        reason = f"{broken} does not work: it cannot add 40 and 2"
        return Missing(code="E-DEBUGGER", reason=reason, remedy="apt-get install --reinstall gdb")
    return Missing(
        code="E-DEBUGGER",
        reason=f"neither gdb nor lldb is installed (in {path.replace(':', ', ')})",
        remedy="apt-get install gdb  (or your system's package of that name)",
    )


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
