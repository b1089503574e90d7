"""The Python services that can be seen: what each uses, where it listens, and whether it may be audited."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perftools.errors import CannotObserve
from perftools.record import Role
from perftools.target import discover, listening, redact, tree
from perftools.target.container import container
from perftools.target.preflight import check
from perftools.target.proc import HOST, Proc

LOOK_S = 0.5
"""How long CPU time is counted: a clock tick is 10 ms, so to 2 % of a core."""


class Service(NamedTuple):
    """One service: a first process, and all that belong to it."""

    pid: int
    title: str
    """What it runs, as `Candidate.title`."""
    workers: int
    cpu_percent: float
    """Of all its processes for a moment; 100 is one core."""
    python: str | None
    """Version, like "3.11.7"."""
    ports: tuple[int, ...]
    """TCP ports that it listens on, as numbered in its own network namespace."""
    container: str | None
    refusal: CannotObserve | None
    """Why it cannot be audited; None where it can."""


def services(*, proc: Proc = HOST, look_s: float = LOOK_S) -> list[Service]:
    """Every Python service that we can see, the busiest first. Looks for half a second; attaches to nothing."""
    table = tree.Table(proc)
    families = {
        first: tree.members(table, first) for first in discover.firsts(table) if not tree.launches(table, first)
    }
    pids = [pid for family in families.values() for pid in family]
    start_s, before = time.monotonic(), _ticks(proc, pids)
    ports, versions = _Ports(proc), dict[str, str | None]()
    seen = [_service(table, first, family, ports, versions) for first, family in families.items()]
    time.sleep(max(0.0, look_s - (time.monotonic() - start_s)))
    span_s, after = time.monotonic() - start_s, _ticks(proc, pids)
    hz = os.sysconf("SC_CLK_TCK")
    used = {
        first: sum(after[pid] - before[pid] for pid in family if pid in before and pid in after)
        for first, family in families.items()
    }
    loaded = [each._replace(cpu_percent=100 * used[each.pid] / hz / max(span_s, 1e-3)) for each in seen if each]
    return sorted(loaded, key=lambda each: (-each.cpu_percent, each.pid))


def _ticks(proc: Proc, pids: Iterable[int]) -> dict[int, int]:
    return {stat.pid: stat.cpu_ticks for stat in map(proc.stat, pids) if stat is not None}


def _service(
    table: tree.Table, first: int, family: list[int], ports: _Ports, versions: dict[str, str | None]
) -> Service | None:
    """Without its CPU time; None where it has ended meanwhile."""
    proc, roles = table.proc, tree.roles(table, family)
    workers = [pid for pid in family if roles[pid] == "worker"] or [first]
    refusal, python = _refusal(table, first, workers, roles, versions)
    if proc.stat(first) is None:
        return None
    return Service(
        pid=first,
        title=redact.title(proc.cmdline(first)) or table.stats[first].comm,
        workers=len(workers),
        cpu_percent=0.0,
        python=python,
        ports=ports.of(first, family),
        container=container(proc, first),
        refusal=refusal,
    )


def _refusal(
    table: tree.Table, first: int, workers: Iterable[int], roles: Mapping[int, Role], versions: dict[str, str | None]
) -> tuple[CannotObserve | None, str | None]:
    """Why the first worker that cannot be observed cannot be, and the version that the workers run."""
    version = None
    for pid in workers:
        process = discover.process(table, pid, roles[pid], versions)
        if process is None:
            continue
        version = version or process.python
        try:
            check(table.proc, process, first)
        except CannotObserve as error:
            return error, version
    return None, version


class _Ports:
    """The ports of processes; the sockets of each network namespace are read once."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._own = proc.link(proc.own_pid, "ns/net")
        self._listening: dict[str, dict[int, int]] = {}

    def of(self, first: int, family: Iterable[int]) -> tuple[int, ...]:
        """All ports that one of the family's processes listens on; those of one namespace, the first process's."""
        namespace = self._proc.link(first, "ns/net")
        if namespace not in self._listening:
            net = f"proc/{first}/net" if namespace not in ("", self._own) else "proc/net"
            self._listening[namespace] = {each.inode: each.port for each in listening.listeners(self._proc, net)}
        ports = self._listening[namespace]
        held = set[int]().union(*(self._proc.sockets(pid) for pid in family)) if ports else set[int]()
        return tuple(sorted({port for inode, port in ports.items() if inode in held}))
