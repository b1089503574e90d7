"""Whether memray can be let into a worker, found out before anything in it is touched."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import NamedTuple

from perftools.collect.allocations import debuggers, importable
from perftools.collect.allocations.entry import Case, can_load_helper, has_memray, sees_its_home
from perftools.collect.allocations.folder import BASES, MOST_BYTES, SPARE_BYTES, Base, bases
from perftools.record import Missing, Process
from perftools.target import alive, commands, rights
from perftools.target.container import container
from perftools.target.proc import HOST, Proc

OLDEST = (3, 7)
"""memray's injection looks for symbols of CPython 3.7 (memray 1.20, commands/_attach.gdb)."""
_MAGIC = b"memray\0"
"""A capture file begins with it (memray 1.20, records.h)."""
_MOST_SHARED = 64
"""Shared mappings of files that are looked at."""


class Plan(NamedTuple):
    """How memray gets in."""

    worker: Process
    base: str
    """Where the folder for the capture file is made."""
    uid: int
    gid: int
    memray: str
    """The version that the worker will import."""


def plan(worker: Process, *, proc: Proc = HOST) -> Plan | Missing:
    """How memray would get into the worker, or the first reason why it must not be tried. Reads only."""
    case = Case(proc, worker, proc.status(worker.pid))
    for check in _CHECKS:
        refusal = check(case)
        if refusal is not None:
            return refusal
    if (refusal := debuggers.refusal()) is not None:
        return refusal
    place = _place(case)
    if isinstance(place, Missing):
        return place
    theirs = importable.find(proc, worker.pid, case.version)
    memray = theirs.version if theirs is not None else ""
    return Plan(worker, place.path, case.uids[1], int(case.status["Gid"].split()[1]), memray)


def _is_there(case: Case) -> Missing | None:
    if not alive(case.worker, proc=case.proc) or len(case.uids) < 4:
        return Missing(code="E-GONE", reason=f"worker {case.pid} has ended", remedy=commands.audit())
    tracer = case.status.get("TracerPid", "0")
    if tracer != "0":
        return Missing(
            code="E-TRACED",
            reason=f"a debugger or tracer (pid {tracer}) holds worker {case.pid}",
            remedy="detach it, then try again",
        )
    if case.status.get("State", "")[:1] in ("t", "T"):
        return Missing(code="E-STOPPED", reason=f"worker {case.pid} is stopped", remedy=f"kill -CONT {case.pid}")
    return None


def _is_old_enough(case: Case) -> Missing | None:
    minor = tuple(int(part) for part in case.version.split(".") if part.isdigit())
    if len(minor) == 2 and minor >= OLDEST:
        return None
    runs = f"CPython {case.worker.python}" if case.worker.python else "no CPython whose version is known"
    return Missing(code="E-VERSION", reason=f"worker {case.pid} runs {runs}; memray needs 3.7 or newer")


def _is_ours_to_enter(case: Case) -> Missing | None:
    us, owners = os.geteuid(), set(case.uids)
    if us != 0 and owners != {us}:
        owner = min(owners - {us})
        return Missing(
            code="E-OWNER",
            reason=f"worker {case.pid} belongs to {rights.user(owner)}, and you are {rights.user(us)}: only its own "
            "user and root may run code in it",
            remedy=f"{commands.audit_as_root(case.pid)} --memory",
        )
    if refusal := rights.probe(case.proc, case.pid):
        refused = rights.refused(rights.gather(case.proc, case.pid, refusal), case.pid)
        remedy = f"{refused.commands[0]} --memory" if refused.commands else None
        return Missing(code="E-PTRACE", reason=refused.message, remedy=remedy)
    if not debuggers.may_trace():
        reason = "this session may not use ptrace, by which a debugger works"
        return Missing(code="E-PTRACE", reason=reason, remedy=f"{commands.audit_as_root(case.pid)} --memory")
    return None


def _is_reachable(case: Case) -> Missing | None:
    """The debugger names the worker by our pid, and what is loaded into it connects to a port of ours."""
    for name, what in (("net", "network"), ("pid", "process")):
        theirs, ours = case.proc.link(case.pid, f"ns/{name}"), os.readlink(f"/proc/self/ns/{name}")
        if theirs != ours:
            return Missing(
                code="E-PIDNS",
                reason=f"worker {case.pid} has a {what} namespace of its own: memray can be let in from inside alone",
                remedy=_inside(case),
            )
    return None


def _inside(case: Case) -> str:
    where = container(case.proc, case.pid)
    if where is None:
        return f"nsenter --target {case.pid} --all, and there: perftools audit {case.worker.ns_pid} --memory"
    return f"{commands.audit_in_container(case.worker.ns_pid, where)} --memory"


def _is_not_tracked(case: Case) -> Missing | None:
    """To attach ends the tracking that another `memray attach` began."""
    shared = (each for each in case.proc.maps(case.pid) if "w" in each.permissions and each.permissions[3:] == "s")
    for path in dict.fromkeys(each.path for each in itertools.islice(shared, _MOST_SHARED)):
        try:
            magic = case.proc.read_inside(case.pid, path, len(_MAGIC))
        except OSError:
            continue
        if magic == _MAGIC:
            return Missing(
                code="E-TRACKED",
                reason=f"memray is at work in worker {case.pid} already, and writes {path}",
                remedy=f"memray detach {case.pid}",
            )
    return None


def _place(case: Case) -> Base | Missing:
    """Where the capture file may grow to its largest."""
    needed, found = MOST_BYTES + SPARE_BYTES, bases(case.pid, case.uids[1])
    place = next((base for base in found if base.free_bytes >= needed), None)
    if place is not None:
        return place
    reason = f"worker {case.pid} may write neither in {BASES[0]} nor in {BASES[1]}"
    if found:
        most = max(found, key=lambda base: base.free_bytes)
        reason = (
            f"{most.free_bytes >> 20} MiB are free in {most.path}, and the capture file may need {needed >> 20} MiB"
        )
    return Missing(code="E-DISK", reason=reason, remedy=f"make room in {BASES[0]}")


def _may_write_much(case: Case) -> Missing | None:
    """A file that outgrows the limit would kill memray by SIGXFSZ, and the worker with it."""
    limit = next((line for line in _limits(case) if line.startswith("Max file size")), "").split()
    if len(limit) > 3 and limit[3].isdecimal() and int(limit[3]) < 2 * MOST_BYTES:
        return Missing(
            code="E-DISK",
            reason=f"worker {case.pid} may not write files beyond {int(limit[3]) >> 20} MiB (RLIMIT_FSIZE)",
            remedy=f"prlimit --fsize=unlimited --pid {case.pid}",
        )
    return None


def _limits(case: Case) -> list[str]:
    return case.proc.text(f"proc/{case.pid}/limits", 16384).splitlines()


_CHECKS: tuple[Callable[[Case], Missing | None], ...] = (
    _is_there,
    _is_old_enough,
    _is_ours_to_enter,
    _is_reachable,
    has_memray,
    can_load_helper,
    sees_its_home,
    _is_not_tracked,
    _may_write_much,
)
