"""Whether memray can be let into a worker, found out before anything in it is touched."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from perftools.collect.allocations import debuggers, importable
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
_LIBRARY = 4 << 20


class Plan(NamedTuple):
    """How memray gets in."""

    worker: Process
    base: str
    """Where the folder for the capture file is made."""
    uid: int
    gid: int
    memray: str
    """The version that the worker will import."""


class _Case(NamedTuple):
    """What the checks look at."""

    proc: Proc
    worker: Process
    status: dict[str, str]

    @property
    def pid(self) -> int:
        return self.worker.pid

    @property
    def version(self) -> str:
        """Like "3.11"; "" where it is not known."""
        return ".".join((self.worker.python or "").split(".")[:2])

    @property
    def uids(self) -> list[int]:
        return [int(word) for word in self.status.get("Uid", "").split()]

    @property
    def gids(self) -> set[int]:
        words = f"{self.status.get('Gid', '')} {self.status.get('Groups', '')}".split()
        return {int(word) for word in words}


def plan(worker: Process, *, proc: Proc = HOST) -> Plan | Missing:
    """How memray would get into the worker, or the first reason why it must not be tried. Reads only."""
    case = _Case(proc, worker, proc.status(worker.pid))
    for check in _CHECKS:
        refusal = check(case)
        if refusal is not None:
            return refusal
    if (refusal := debuggers.refusal()) is not None:
        return refusal
    place = _place(case)
    if isinstance(place, Missing):
        return place
    ours = importlib.metadata.version("memray")  # the one that it imports is of the same series
    return Plan(worker, place.path, case.uids[1], int(case.status["Gid"].split()[1]), ours)


def _is_there(case: _Case) -> Missing | None:
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


def _is_old_enough(case: _Case) -> Missing | None:
    minor = tuple(int(part) for part in case.version.split(".") if part.isdigit())
    if len(minor) == 2 and minor >= OLDEST:
        return None
    runs = f"CPython {case.worker.python}" if case.worker.python else "no CPython whose version is known"
    return Missing(code="E-VERSION", reason=f"worker {case.pid} runs {runs}; memray needs 3.7 or newer")


def _is_ours_to_enter(case: _Case) -> Missing | None:
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


def _is_reachable(case: _Case) -> Missing | None:
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


def _inside(case: _Case) -> str:
    where = container(case.proc, case.pid)
    if where is None:
        return f"nsenter --target {case.pid} --all, and there: perftools audit {case.worker.ns_pid} --memory"
    return f"{commands.audit_in_container(case.worker.ns_pid, where)} --memory"


def _has_memray(case: _Case) -> Missing | None:
    try:
        ours = importlib.metadata.version("memray")
    except importlib.metadata.PackageNotFoundError:
        return Missing(
            code="E-TOOL",
            reason="memray is not installed beside the Python that runs this tool",
            remedy="python -m pip install memray",
        )
    found = importable.find(case.proc, case.pid, case.version)
    remedy = f"{_python(case)} -m pip install memray=={ours}  (in the service's environment; it needs no restart)"
    if found is None:
        return Missing(code="E-MEMRAY", reason=f"worker {case.pid} cannot import memray", remedy=remedy)
    if found.version.split(".")[:2] != ours.split(".")[:2]:
        # minor versions add arguments (FileDestination's `buffered`) and change the capture file
        version = f"memray {found.version}" if found.version else "a memray of unknown version"
        return Missing(
            code="E-MEMRAY", reason=f"worker {case.pid} would import {version}, and ours is {ours}", remedy=remedy
        )
    if not found.built:
        return Missing(
            code="E-MEMRAY",
            reason=f"{found.folder} is not built for CPython {case.version}, which worker {case.pid} runs",
            remedy=remedy,
        )
    return None


def _python(case: _Case) -> str:
    """The interpreter whose pip installs for the worker: that of its site-packages."""
    for folder in importable.search_path(case.proc, case.pid, case.version):
        prefix, lib, _ = folder.rpartition("/lib/")
        if lib and folder.endswith("/site-packages") and case.proc.exists_inside(case.pid, f"{prefix}/bin/python"):
            return f"{prefix}/bin/python"
    return case.worker.executable


def _can_load_helper(case: _Case) -> Missing | None:
    """The debugger lets the worker load a library of our memray, by the path that it has here."""
    spec = importlib.util.find_spec("memray")
    folders = spec.submodule_search_locations if spec else None
    path = next((str(file) for folder in folders or () for file in Path(folder).glob("_inject.abi3*.so")), None)
    reason = None
    if path is None:
        return Missing(code="E-TOOL", reason="our memray has no library to inject", remedy="reinstall memray")
    try:
        same = case.proc.read_inside(case.pid, path, _LIBRARY) == Path(path).read_bytes()
    except OSError:
        same = False
    if not same:
        reason = f"worker {case.pid} does not see {path}, which memray has it load"
    elif not _may_read(path, case.uids[1], case.gids):
        reason = f"{rights.user(case.uids[1])}, as whom worker {case.pid} runs, may not read {path}"
    if reason is None:
        return None
    return Missing(
        code="E-MEMRAY",
        reason=reason,
        remedy="install perftools where the service can read it, such as below /opt, and run it from there",
    )


def _may_read(path: str, uid: int, gids: set[int]) -> bool:
    """Whether a user may open a file, by the permission bits of the file and of the folders above it."""
    if uid == 0:
        return True
    for folder in (path, os.path.realpath(path)):
        for above in Path(folder).parents:
            if not _allows(os.stat(above), uid, gids, stat.S_IXOTH):
                return False
    return _allows(os.stat(path), uid, gids, stat.S_IROTH)


def _allows(status: os.stat_result, uid: int, gids: set[int], bit: int) -> bool:
    shift = 6 if status.st_uid == uid else 3 if status.st_gid in gids else 0
    return bool(status.st_mode & bit << shift)


def _sees_its_home(case: _Case) -> Missing | None:
    """Memray asks whether the user's site-packages exist, and fails where that may not be asked.

    A server that root starts and that then becomes another user keeps root's HOME.
    """
    environ = case.proc.environ(case.pid)
    base = environ.get("PYTHONUSERBASE") or f"{environ.get('HOME', '')}/.local"
    for folder in list(Path(base).parents)[::-1]:
        try:
            status = os.stat(f"/proc/{case.pid}/root{folder}")
        except OSError:
            return None  # what is not there may be asked for
        if case.uids[1] != 0 and not _allows(status, case.uids[1], case.gids, stat.S_IXOTH):
            return Missing(
                code="E-MEMRAY",
                reason=f"memray looks into {base} (HOME), and {rights.user(case.uids[1])}, as whom worker {case.pid} "
                "runs, may not",
                remedy="start the service with HOME set to its own user's",
            )
    return None


def _is_not_tracked(case: _Case) -> Missing | None:
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


def _place(case: _Case) -> Base | Missing:
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


def _may_write_much(case: _Case) -> Missing | None:
    """A file that outgrows the limit would kill memray by SIGXFSZ, and the worker with it."""
    limit = next((line for line in _limits(case) if line.startswith("Max file size")), "").split()
    if len(limit) > 3 and limit[3].isdecimal() and int(limit[3]) < 2 * MOST_BYTES:
        return Missing(
            code="E-DISK",
            reason=f"worker {case.pid} may not write files beyond {int(limit[3]) >> 20} MiB (RLIMIT_FSIZE)",
            remedy=f"prlimit --fsize=unlimited --pid {case.pid}",
        )
    return None


def _limits(case: _Case) -> list[str]:
    return case.proc.text(f"proc/{case.pid}/limits", 16384).splitlines()


_CHECKS: tuple[Callable[[_Case], Missing | None], ...] = (
    _is_there,
    _is_old_enough,
    _is_ours_to_enter,
    _is_reachable,
    _has_memray,
    _can_load_helper,
    _sees_its_home,
    _is_not_tracked,
    _may_write_much,
)
