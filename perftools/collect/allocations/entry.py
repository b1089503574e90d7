"""Whether a worker could import memray, and load the library that lets it in."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import stat
from pathlib import Path
from typing import NamedTuple

from perftools.collect.allocations import importable
from perftools.record import Missing, Process
from perftools.target import rights
from perftools.target.proc import Proc

_LIBRARY = 4 << 20
"""Bytes: the library to inject has 0.2 MB."""


class Case(NamedTuple):
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


def has_memray(case: Case) -> Missing | None:
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


def _python(case: Case) -> str:
    """The interpreter whose pip installs for the worker: that of its site-packages."""
    for folder in importable.search_path(case.proc, case.pid, case.version):
        prefix, lib, _ = folder.rpartition("/lib/")
        if lib and folder.endswith("/site-packages") and case.proc.exists_inside(case.pid, f"{prefix}/bin/python"):
            return f"{prefix}/bin/python"
    return case.worker.executable


def can_load_helper(case: Case) -> Missing | None:
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
    elif not may_read(path, case.uids[1], case.gids):
        reason = f"{rights.user(case.uids[1])}, as whom worker {case.pid} runs, may not read {path}"
    if reason is None:
        return None
    return Missing(
        code="E-MEMRAY",
        reason=reason,
        remedy="install perftools where the service can read it, such as below /opt, and run it from there",
    )


def may_read(path: str, uid: int, gids: set[int]) -> bool:
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


def sees_its_home(case: Case) -> Missing | None:
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
