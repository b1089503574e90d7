"""May we read the memory of a process, and if not, why: one cause, decided from what the kernel shows.

The order of the checks is that of the kernel: __ptrace_may_access in kernel/ptrace.c, then the security modules
(cap_ptrace_access_check in security/commoncap.c, yama_ptrace_access_check in security/yama/yama_lsm.c; Linux 6.6).
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
from typing import NamedTuple

from perftools.errors import NoRight
from perftools.target import commands
from perftools.target.container import container
from perftools.target.proc import Proc, mappings

_CAP_SYS_PTRACE = 1 << 19  # include/uapi/linux/capability.h
_PROBE_BYTES = 8


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def probe(proc: Proc, pid: int) -> int:
    """Read a few bytes of its memory with process_vm_readv(2), as the samplers do: 0, or the errno of the refusal."""
    try:
        text = proc.read(f"proc/{pid}/maps", 65536).decode(errors="replace")
    except OSError as error:
        return error.errno or errno.EPERM
    readable = next((mapping for mapping in mappings(text) if mapping.permissions.startswith("r")), None)
    if readable is None:
        return errno.ESRCH  # it has no memory any more
    buffer = ctypes.create_string_buffer(_PROBE_BYTES)
    local = _Iovec(ctypes.cast(buffer, ctypes.c_void_p), _PROBE_BYTES)
    remote = _Iovec(readable.start, _PROBE_BYTES)
    library = ctypes.CDLL(None, use_errno=True)
    if library.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) >= 0:
        return 0
    refusal = ctypes.get_errno()
    return 0 if refusal == errno.EFAULT else refusal  # a bad address is found after the rights are checked


class Facts(NamedTuple):
    """What decides whether we may read a process's memory. Sets of capabilities are bit masks."""

    pid: int
    refusal: int
    """The errno."""
    uid: int
    gid: int
    effective: int
    permitted: int
    bounding: int
    no_new_privs: bool
    filtered: bool
    """A seccomp filter is on us."""
    owner_uids: frozenset[int]
    owner_gids: frozenset[int]
    owner_permitted: int
    dumpable: bool
    yama: int
    same_user_namespace: bool
    container: str | None
    """Ours."""

    @property
    def capable(self) -> bool:
        return bool(self.effective & _CAP_SYS_PTRACE)

    @property
    def root_would_help(self) -> bool:
        """Whether sudo could give us the capability."""
        return bool(self.bounding & _CAP_SYS_PTRACE) and not self.no_new_privs


def gather(proc: Proc, pid: int, refusal: int) -> Facts:
    """The facts about us and process `pid`."""
    ours, theirs = proc.status("self"), proc.status(pid)
    yama = proc.text("proc/sys/kernel/yama/ptrace_scope", 16).strip()
    owner_uids = frozenset(_ids(theirs, "Uid"))
    try:
        folder_uid = os.stat(os.path.join(proc.root, f"proc/{pid}")).st_uid
    except OSError:
        folder_uid = -1
    return Facts(
        pid=pid,
        refusal=refusal,
        uid=_ids(ours, "Uid")[0],
        gid=_ids(ours, "Gid")[0],
        effective=_mask(ours.get("CapEff", "")),
        permitted=_mask(ours.get("CapPrm", "")),
        bounding=_mask(ours.get("CapBnd", "")),
        no_new_privs=ours.get("NoNewPrivs") == "1",
        filtered=ours.get("Seccomp") == "2",
        owner_uids=owner_uids,
        owner_gids=frozenset(_ids(theirs, "Gid")),
        owner_permitted=_mask(theirs.get("CapPrm", "")),
        # the kernel gives the files of a process that may not be dumped to root: task_dump_owner, fs/proc/base.c
        dumpable=folder_uid in owner_uids,
        yama=int(yama) if yama.isdecimal() else 0,
        same_user_namespace=proc.text("proc/self/uid_map", 4096) == proc.text(f"proc/{pid}/uid_map", 4096),
        container=container(proc, proc.own_pid),
    )


def _ids(status: dict[str, str], line: str) -> list[int]:
    """The real, effective and saved ids of the Uid or Gid line; [-1] where there is none (it has ended)."""
    return [int(word) for word in status.get(line, "").split()[:3]] or [-1]


def _mask(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def refused(facts: Facts, first: int) -> NoRight:
    """The error that names the one cause; `first` is the pid to audit once it is gone."""
    what = f"cannot read the memory of pid {facts.pid}"
    cause = _cause(facts)
    remedy: tuple[str, ...] = (commands.audit_as_root(first),)
    if facts.yama == 3 or (facts.capable and facts.uid == 0 and facts.same_user_namespace):
        remedy = ()  # more rights than these there are not
    elif not facts.capable and not facts.root_would_help:
        where = "this container" if facts.container else "this session"
        lacking = f"{where} has no SYS_PTRACE capability"
        if facts.bounding & _CAP_SYS_PTRACE:
            lacking = f"{where} may not gain the SYS_PTRACE capability (no_new_privs)"
        cause = f": {lacking}" if facts.uid == 0 else f"{cause}, and {lacking}"
        if facts.container:
            remedy = (commands.audit_in_container(first, facts.container),)
    return NoRight(what + cause, looked_at=_looked_at(facts), commands=remedy)


def _cause(facts: Facts) -> str:
    module = f": a {'seccomp filter or a ' if facts.filtered else ''}security module (SELinux, AppArmor) forbids it"
    owner = min(facts.owner_uids - {facts.uid}, default=facts.uid)
    group = min(facts.owner_gids - {facts.gid}, default=facts.gid)
    causes = (
        (facts.yama == 3, ": yama/ptrace_scope is 3, which forbids it to everybody until the next boot"),
        (
            facts.capable and not facts.same_user_namespace,
            ": your CAP_SYS_PTRACE counts in your user namespace alone, and it runs outside: run this outside too",
        ),
        (facts.capable, module),
        (owner != facts.uid, f" (owner {user(owner)}; you are {user(facts.uid)})"),
        (group != facts.gid, f": it runs as group {group}, you as group {facts.gid}"),
        (not facts.dumpable, ": it is not dumpable (it changed its user, or its program is not readable)"),
        (not facts.same_user_namespace, ": it runs in another user namespace"),
        (bool(facts.owner_permitted & ~facts.permitted), ": it holds capabilities that you do not have"),
        (facts.yama == 2, ": yama/ptrace_scope is 2, which asks for CAP_SYS_PTRACE"),
        (facts.yama == 1, ": yama/ptrace_scope is 1, which lets only its parents do so without CAP_SYS_PTRACE"),
    )
    return next((text for holds, text in causes if holds), module)


def _looked_at(facts: Facts) -> dict[str, str | int | float]:
    return {
        "errno": errno.errorcode.get(facts.refusal, facts.refusal),
        "yama/ptrace_scope": facts.yama,
        "CapEff": f"{facts.effective:016x} ({'has' if facts.capable else 'lacks'} CAP_SYS_PTRACE)",
        "your uid": facts.uid,
        "its uids": " ".join(map(str, sorted(facts.owner_uids))),
        "user namespace": "same" if facts.same_user_namespace else "another",
        "container": facts.container or "none",
    }


def user(uid: int) -> str:
    """Name and number: "app, uid 1000"."""
    try:
        return f"{pwd.getpwuid(uid).pw_name}, uid {uid}"
    except KeyError:
        return f"uid {uid}"
