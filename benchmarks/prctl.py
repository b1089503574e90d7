"""prctl(2): who may trace this process, and what ends it. Constants from linux/prctl.h."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)


def allow_any_tracer() -> None:
    """Let every process of this user read our memory where Yama allows that to ancestors alone (ptrace_scope 1).

    Kernels without Yama refuse the call and need none.
    """
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)


def end_with(parent: int, by: int = signal.SIGKILL) -> None:
    """Get the signal `by` when `parent`, the process that started this one, ends for whatever reason."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        sys.exit(f"process {parent} has ended, and this one ends with it")
