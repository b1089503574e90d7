"""Whether the target can be observed at all, found out before the window."""

from __future__ import annotations

import errno

from perftools import errors
from perftools.record import Process, Target
from perftools.target import commands, python, redact, rights
from perftools.target.proc import HOST, Proc

OLDEST = (3, 6)
"""The sampler and our frame walk read CPython from 3.6 on. There is no newest: whether samples come decides."""


def preflight(target: Target, *, proc: Proc = HOST) -> None:
    """Raise the error that fits the first worker that cannot be observed.

    Raises Gone, Traced, Stopped, NoRight or UnknownVersion.
    """
    if not target.workers:
        raise errors.Gone(f"the service of pid {target.root_pid} has no worker now", commands=_again(target.root_pid))
    for worker in target.workers:
        check(proc, worker, target.root_pid)


def alive(process: Process, *, proc: Proc = HOST) -> bool:
    """Whether this very process still runs: same pid and start time, and not a zombie."""
    stat = proc.stat(process.pid)
    return stat is not None and stat.start_ticks == process.start_ticks and stat.state not in "ZX"


def check(proc: Proc, worker: Process, first: int) -> None:
    """The same for one worker of the service whose first process is `first`."""
    pid, name = worker.pid, redact.title(worker.cmdline)
    if not alive(worker, proc=proc):
        stat = proc.stat(pid)
        state = "no such process" if stat is None else "zombie" if stat.state in "ZX" else "another process"
        raise errors.Gone(f"pid {pid} ({name}) has ended", looked_at={"pid now": state}, commands=_again(first))
    status = proc.status(pid)
    state, tracer = status.get("State", "")[:1], int(status.get("TracerPid") or 0)
    if tracer:
        debugger = redact.title(proc.cmdline(tracer)) or "another process"
        raise errors.Traced(
            f"pid {pid} is held by {debugger} (pid {tracer}): detach it, then try again",
            looked_at={"TracerPid": tracer, "State": status.get("State", "")},
            commands=_again(first),
        )
    if state in ("T", "t"):
        raise errors.Stopped(
            f"pid {pid} ({name}) is stopped and would give no sample",
            looked_at={"State": status["State"]},
            commands=(f"kill -CONT {pid}",),
        )
    _check_rights(proc, pid, name, first)
    _check_version(proc, pid)


def _check_rights(proc: Proc, pid: int, name: str, first: int) -> None:
    refusal = rights.probe(proc, pid)
    if refusal in (errno.ESRCH, errno.ENOENT):
        raise errors.Gone(f"pid {pid} ({name}) has ended", commands=_again(first))
    if refusal:
        raise rights.refused(rights.gather(proc, pid, refusal), first)


def _check_version(proc: Proc, pid: int) -> None:
    found = python.identify(proc, pid)
    if found.implementation != "python":
        raise errors.UnknownVersion(
            f"pid {pid} runs {found}; only CPython can be read",
            looked_at={"executable": proc.executable(pid) or ""},
        )
    if found.minor and found.minor < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise errors.UnknownVersion(
            f"pid {pid} runs {found}; CPython can be read from {oldest} on", looked_at={"version": found.version}
        )


def _again(first: int) -> tuple[str, ...]:
    return (commands.audit(first),)
