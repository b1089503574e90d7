"""From what the user names (a pid, a port, a name) to the whole service."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from typing import NamedTuple

from perftools import errors
from perftools.record import Process, Role, Target
from perftools.target import commands, cpus, listening, owned, python, redact, rights, tree
from perftools.target.container import container
from perftools.target.proc import HOST, Proc

_MOST_LISTED = 20


class Candidate(NamedTuple):
    """The first process of a Python service that we can see."""

    pid: int
    title: str
    """What it runs: "gunicorn: master [app]"; secrets hidden."""


def find(
    *,
    pid: int | None = None,
    port: int | None = None,
    name: str | None = None,
    this_process: bool = False,
    proc: Proc = HOST,
) -> Target:
    """The service that a pid, a listening TCP port or a pattern of the command line leads to.

    Exactly one of `pid` (of any of its processes or threads, or of a launcher above them), `port` and `name` (a
    regular expression, searched in the command lines of Python processes). `this_process` restricts the service to
    the process that was found.

    Raises UsageError, NoProcess, Gone (a zombie), WrongNamespace (a pid inside a container), NotPython (no Python, or
    several services that must be told apart) and NoRight (what the process runs, or who listens, may not be seen).
    """
    if [pid, port, name].count(None) != 2:
        raise errors.UsageError("name one target: a pid, --port or --name")
    table = tree.Table(proc)
    if pid is not None:
        asked, found = f"pid {pid}", [_process_of(table, pid)]
    elif port is not None:
        asked, found = f"port {port}", _listeners(table, port)
    else:
        asked, found = f"name {name}", _named(table, name or "")
    if this_process and len(found) == 1:
        if not table.is_python(found[0]):
            raise _not_python(table, found[0])
        return _target(table, asked, [found[0]], {found[0]: "worker"})
    first = _one_service(table, asked, found)
    processes = tree.members(table, first)
    return _target(table, asked, processes, tree.roles(table, processes))


def candidates(*, proc: Proc = HOST) -> list[Candidate]:
    """The first Python process of each service that we can see."""
    return _candidates(tree.Table(proc))


def _candidates(table: tree.Table) -> list[Candidate]:
    return [Candidate(pid, redact.title(table.proc.cmdline(pid)) or table.stats[pid].comm) for pid in firsts(table)]


def firsts(table: tree.Table) -> list[int]:
    """The first Python process of each service that we can see, but for those that started us."""
    own = _own_line(table)
    pids = [pid for pid in table.stats if pid not in own and table.is_python(pid, embedded=False)]
    return sorted({tree.first_process(table, pid) for pid in pids})


def _own_line(table: tree.Table) -> set[int]:
    """Our parents: whoever started us is not what is meant by a name, though its arguments may hold it."""
    line: set[int] = set()
    ours = table.proc.stat(table.proc.own_pid)
    pid = ours.parent if ours else 0
    while pid in table.stats and pid not in line:
        line.add(pid)
        pid = table.stats[pid].parent
    return line


def _process_of(table: tree.Table, pid: int) -> int:
    """The process of a pid or thread id."""
    if pid not in table.stats:
        group = table.proc.status(pid).get("Tgid", "")
        if not group.isdecimal() or int(group) not in table.stats:
            raise _absent(table, pid)
        pid = int(group)
    if table.stats[pid].state in "ZX":
        raise errors.Gone(
            f"pid {pid} ({table.stats[pid].comm}) has ended: it is a zombie that its parent has not collected",
            looked_at={"State": table.stats[pid].state},
            commands=(commands.audit(table.stats[pid].parent),),
        )
    return pid


def _absent(table: tree.Table, pid: int) -> errors.CannotObserve:
    inside = []
    for other in table.stats:
        pids = table.proc.status(other).get("NSpid", "").split()
        if str(pid) in pids[1:]:
            inside.append(other)
    inside = [other for other in inside if table.is_python(other)] or inside
    if not inside:
        return _no_process(table, f"no process {pid}")
    hosts = " or ".join(map(str, inside[:_MOST_LISTED]))
    return errors.WrongNamespace(
        f"no process {pid} here, but pid {pid} inside a container is {hosts} on this host",
        looked_at={"NSpid": " ".join(table.proc.status(inside[0]).get("NSpid", "").split())},
        commands=tuple(_told_apart(table, inside)) if len(inside) > 1 else (commands.audit(inside[0]),),
    )


def _no_process(table: tree.Table, message: str) -> errors.NoProcess:
    seen = _candidates(table)
    listed = "   ".join(f"{row.pid} {row.title}" for row in seen[:_MOST_LISTED])
    first = (f"{commands.audit()}  # lists them",) if seen else ()
    return errors.NoProcess(message, looked_at={"python processes you can see": listed or "none"}, commands=first)


def _listeners(table: tree.Table, port: int) -> list[int]:
    sockets = listening.sockets(table.proc, port)
    if not sockets:
        raise _no_process(table, f"no process listens on TCP port {port}")
    holders = [pid for pid in table.stats if not sockets.keys().isdisjoint(table.proc.sockets(pid))]
    if not holders:
        owner = rights.user(next(iter(sockets.values())))
        raise errors.NoRight(
            f"something of {owner} listens on TCP port {port}, but you may not see which process it is",
            looked_at={"sockets": len(sockets), "owner": owner},
            commands=(commands.audit_as_root(f"--port {port}"),),
        )
    return [pid for pid in holders if table.is_python(pid)] or holders


def _named(table: tree.Table, name: str) -> list[int]:
    try:
        pattern = re.compile(name)
    except re.error as error:
        raise errors.UsageError(f"--name is no regular expression: {error}") from None
    own = _own_line(table)
    matching = [pid for pid in table.stats if pid not in own and pattern.search(" ".join(table.proc.cmdline(pid)))]
    found = [pid for pid in matching if table.is_python(pid)]
    if not found:
        raise _no_process(table, f"no Python process has a command line that matches {name!r}")
    return found


def _one_service(table: tree.Table, asked: str, found: Iterable[int]) -> int:
    """The first process of the one service that the processes belong to, or launch."""
    firsts: dict[int, None] = {}
    launcher = None
    for pid in found:
        first = tree.first_process(table, pid) if table.is_python(pid) else pid
        if table.is_python(first) and not tree.launches(table, first):
            firsts[first] = None
        else:
            launcher = first
            firsts.update(dict.fromkeys(tree.services_below(table, first)))
    if len(firsts) == 1:
        return next(iter(firsts))
    if not firsts:
        raise _not_python(table, launcher or 0)
    what = f"{asked} leads to"
    if launcher is not None:
        kind = "a launcher" if table.is_python(launcher) else "not Python"
        what = f"pid {launcher} is {_program(table, launcher)}, {kind}, and runs"
    raise errors.NotPython(
        f"{what} {len(firsts)} Python services: name one",
        looked_at={"services": len(firsts)},
        commands=tuple(_told_apart(table, firsts)),
    )


def _not_python(table: tree.Table, pid: int) -> errors.CannotObserve:
    if table.is_python(pid) is None:
        return _unseen(table, pid)
    return errors.NotPython(
        f"pid {pid} is {_program(table, pid)}, not Python, and runs no Python service",
        looked_at={"command": redact.title(table.proc.cmdline(pid)) or f"[{table.stats[pid].comm}]"},
        commands=tuple(commands.audit(row.pid) + f"  # {row.title}" for row in _candidates(table)[:1]),
    )


def _unseen(table: tree.Table, pid: int) -> errors.NoRight:
    return rights.refused(rights.gather(table.proc, pid, errno.EACCES), pid)


def _program(table: tree.Table, pid: int) -> str:
    return table.executable(pid) or table.stats[pid].comm


def _told_apart(table: tree.Table, pids: Iterable[int]) -> list[str]:
    """One command for each, with what it runs as a comment."""
    rows = []
    for pid in sorted(pids)[:_MOST_LISTED]:
        running = python.identify(table.proc, pid)
        rows.append(f"{commands.audit(pid)}  # {redact.title(table.proc.cmdline(pid))}, {running}")
    return rows


def _target(table: tree.Table, asked: str, pids: list[int], roles: dict[int, Role]) -> Target:
    proc = table.proc
    versions: dict[str, str | None] = {}
    processes = [found for pid in pids if (found := process(table, pid, roles[pid], versions)) is not None]
    if not processes or processes[0].pid != pids[0]:
        raise errors.Gone(f"pid {pids[0]} ended while it was looked at", commands=(commands.audit(pids[0]),))
    workers = [each.pid for each in processes if each.role == "worker"] or pids[:1]
    return Target(
        root_pid=pids[0],
        asked=asked,
        processes=tuple(processes),
        cpus=cpus.effective(proc, workers),
        container=container(proc, pids[0]),
        user_paths=owned.user_paths(proc, pids[0]),
    )


def process(table: tree.Table, pid: int, role: Role, versions: dict[str, str | None]) -> Process | None:
    """What is recorded of a process; None where it has ended meanwhile.

    `versions` holds what is known of executables that were looked at before.
    """
    status = table.proc.status(pid)
    if "Uid" not in status:
        return None
    argv = table.proc.cmdline(pid)
    executable = table.executable(pid) or (argv[0] if argv else "")
    if executable not in versions:
        versions[executable] = python.full_version(table.proc, pid, python.identify(table.proc, pid)) or None
    return Process(
        pid=pid,
        ns_pid=int((status.get("NSpid", "").split() or [str(pid)])[-1]),
        start_ticks=table.stats[pid].start_ticks,
        role=role,
        python=versions[executable],
        executable=executable.encode(errors="surrogateescape").decode(errors="replace"),
        cmdline=redact.redact(argv),
        uid=int(status["Uid"].split()[1]),
        threads=int(status.get("Threads", "1")),
    )
