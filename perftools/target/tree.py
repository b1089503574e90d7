"""The whole service from one of its processes, and the role of each.

A service is one program: its first process, and below it every process that is a fork of its parent, was started by
multiprocessing, or runs the same executable with the same entry. Shells, supervisors, test runners, notebooks and
their like are other programs, so the climb ends below them.
"""

from __future__ import annotations

import time
from functools import cached_property

from perftools.record import Role
from perftools.target import program
from perftools.target.proc import Proc, Stat

MASTER_CPU_SHARE = 0.05
"""A first process with less than this part of the service's CPU time does no work of its own: no finding is made of
less than 5 %."""

_LOOKS, _BETWEEN_LOOKS_S = 4, 0.008


class Table:
    """One look at all processes but our own. Command lines and programs are read when they are asked for.

    Processes come and go while it is taken, so parents may be missing, and even form a loop where a pid is used again.
    """

    def __init__(self, proc: Proc) -> None:
        self.proc = proc
        own = proc.own_pid
        stats = (proc.stat(pid) for pid in proc.pids() if pid != own)
        self.stats: dict[int, Stat] = {stat.pid: stat for stat in stats if stat is not None}
        self._commands: dict[int, program.Command] = {}
        self._executables: dict[int, str | None] = {}
        self._python: dict[int, bool | None] = {}

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for stat in self.stats.values():
            children.setdefault(stat.parent, []).append(stat.pid)
        return children

    def children(self, pid: int) -> list[int]:
        return self._children.get(pid, [])

    def command(self, pid: int) -> program.Command:
        if pid not in self._commands:
            self._commands[pid] = program.parse(self.proc.cmdline(pid))
        return self._commands[pid]

    def executable(self, pid: int) -> str | None:
        if pid not in self._executables:
            self._executables[pid] = self.proc.executable(pid)
        return self._executables[pid]

    def is_python(self, pid: int, *, embedded: bool = True) -> bool | None:
        """Whether it runs Python; None where its program may not be looked at and its arguments do not tell.

        `embedded` also looks for a libpython in its memory map.
        """
        executable = self.executable(pid)
        if executable and program.is_interpreter(executable):
            return True
        if executable is None:
            command = self.command(pid)
            told = command.kind != "title" or program.is_python_title(command.entry)
            return told or program.is_interpreter(self.stats[pid].comm) or None
        if not embedded or not executable:
            return False
        if pid not in self._python:
            self._python[pid] = any("/libpython" in mapping.path for mapping in self.proc.maps(pid))
        return self._python[pid]

    def same_program(self, parent: int, child: int) -> bool:
        """Whether `child` belongs to the program that its parent runs."""
        if program.part(self.command(child)):
            return True
        executables = {self.executable(parent), self.executable(child)} - {None}
        if len(executables) > 1:
            return False
        stacks = {self.stats[parent].stack_start, self.stats[child].stack_start}
        if len(stacks) == 1 and 0 not in stacks:
            return True
        return program.same_entry(self.command(parent), self.command(child))


def first_process(table: Table, pid: int) -> int:
    """The topmost process of the service that `pid` belongs to."""
    seen = {pid}
    while True:
        parent = table.stats[pid].parent
        if parent in seen or parent not in table.stats or not table.is_python(parent):
            return pid
        if not table.same_program(parent, pid):
            return pid
        seen.add(parent)
        pid = parent


def members(table: Table, first: int) -> list[int]:
    """The service's processes, parents before their children."""
    found = {first: None}
    todo = [first]
    for pid in todo:
        for child in table.children(pid):
            running = child not in found and table.stats[child].state not in "ZX"
            if running and table.is_python(child) and table.same_program(pid, child):
                found[child] = None
                todo.append(child)
    return list(found)


def launches(table: Table, pid: int) -> bool:
    """Whether this is a Python program that only starts others, and has."""
    return program.is_launcher(table.command(pid)) and bool(services_below(table, pid))


def services_below(table: Table, pid: int) -> list[int]:
    """First processes of the Python services that a launcher started, directly or through other launchers."""
    found, todo = [], [pid]
    for launcher in todo:
        for child in table.children(launcher):
            if table.stats[child].state in "ZX" or child in todo:
                continue
            if table.is_python(child) and not program.is_launcher(table.command(child)):
                found.append(child)
            else:
                todo.append(child)
    return found


def roles(table: Table, processes: list[int]) -> dict[int, Role]:
    """The role of each process of a service (`processes`: parents before their children).

    helper: multiprocessing's resource tracker and fork server.
    master: has workers below it and does no work itself. That is known of the first process of gunicorn, hypercorn,
    granian, and of uvicorn and fastapi with several workers. Of any other parent it must show: it used less than 5 %
    of the CPU time that it and the workers below it have used in their lives, and is not seen running now.
    worker: everything else, so also a parent that shares the work of its pool.
    """
    parents = {pid: table.stats[pid].parent for pid in processes[1:]}
    found: dict[int, Role] = {}
    for pid in reversed(processes):
        started_for = program.part(table.command(pid))
        forked = started_for == "forkserver" and _is_forkserver(table, parents.get(pid))
        if started_for in ("tracker", "forkserver") and not forked:
            found[pid] = "helper"
            continue
        below = [other for other, role in found.items() if role == "worker" and _is_below(other, pid, parents)]
        found[pid] = "master" if below and _only_leads(table, pid, below, first=pid == processes[0]) else "worker"
    return {pid: found[pid] for pid in processes}


def _is_forkserver(table: Table, pid: int | None) -> bool:
    return pid in table.stats and program.part(table.command(pid)) == "forkserver"


def _is_below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False


def _only_leads(table: Table, pid: int, below: list[int], *, first: bool) -> bool:
    if first and program.never_works(table.command(pid), table.proc.environ(pid)):
        return True
    own = table.stats[pid].cpu_ticks
    theirs = sum(table.stats[other].cpu_ticks for other in below)
    return own < MASTER_CPU_SHARE * (own + theirs) and not _keeps_running(table.proc, pid)


def _keeps_running(proc: Proc, pid: int) -> bool:
    """Whether a few looks all see it run: one alone may meet the moment in which it hands out work."""
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN_LOOKS_S)
        if not proc.any_thread_runs(pid):
            return False
    return True
