"""How many CPUs a service may use: its affinity, and the tightest CPU quota up its control groups (v1, v2, hybrid)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perftools.record import Cpus
from perftools.target.proc import Proc

_ONLINE = "sys/devices/system/cpu/online"


class _Limit(NamedTuple):
    cpus: float
    source: str


class Group(NamedTuple):
    """A control group that may limit or count what its processes use."""

    folder: str
    """Where it is mounted, from the root of the tree."""
    version: int

    def text(self, proc: Proc, file: str) -> str:
        """A file of it; "" where there is none."""
        return proc.text(f"{self.folder}/{file}".lstrip("/"), 65536)


class Quota(NamedTuple):
    """A CPU quota, and the group that holds it."""

    cpus: float
    group: Group
    source: str
    """The file that sets it."""


def effective(proc: Proc, pids: Iterable[int]) -> Cpus:
    """min(CPUs in the affinity of any of `pids` and online, the tightest quota of any control group above the first).

    `source` names the file that set the limit: on a tie the affinity.
    """
    pids = list(pids)
    online = _cpu_list(proc.text(_ONLINE))
    allowed = _allowed(proc, pids)
    may_use = allowed & online or allowed or online
    affinity = _Limit(float(len(may_use) or os.cpu_count() or 1), "CPUs online")
    if pids and allowed and may_use != online:
        affinity = _Limit(affinity.cpus, f"/proc/{pids[0]}/status Cpus_allowed_list")
    limits = [_Limit(quota.cpus, quota.source) for quota in quotas(proc, pids[0])] if pids else []
    tightest = min([affinity, *limits], key=lambda limit: limit.cpus)
    return Cpus(effective=round(tightest.cpus, 3), source=tightest.source)


def usable(proc: Proc, pids: Iterable[int]) -> frozenset[int]:
    """The numbers of the CPUs that are online and in the affinity of any of `pids`."""
    online, allowed = _cpu_list(proc.text(_ONLINE)), _allowed(proc, pids)
    return frozenset(allowed & online or allowed or online)


def quotas(proc: Proc, pid: int) -> Iterator[Quota]:
    """The quota of each control group from the process's own up to the root that we can see.

    v2: cpu.max, "QUOTA PERIOD" or "max PERIOD" (Documentation/admin-guide/cgroup-v2.rst). v1: cpu.cfs_quota_us, -1 for
    none, and cpu.cfs_period_us (Documentation/scheduler/sched-bwc.rst). On a hybrid system the controller is in one of
    the two, and the other has no such files.
    """
    for group in groups(proc, pid):
        files = ("cpu.max",) if group.version == 2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        words = " ".join(group.text(proc, file) for file in files).split()
        if len(words) == 2 and all(word.isdecimal() and int(word) for word in words):
            yield Quota(int(words[0]) / int(words[1]), group, f"{group.folder}/{files[0]}")


def groups(proc: Proc, pid: int, controller: str = "cpu") -> Iterator[Group]:
    """The process's groups of that controller, its own first, then those above it; of both versions where hybrid."""
    mounts = list(_mounts(proc, controller))
    for line in proc.text(f"proc/{pid}/cgroup", 65536).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        version = 1 if controllers else 2
        if controllers and controller not in controllers.split(","):
            continue
        for mount in mounts:
            if mount.version == version:
                yield from (Group(folder, version) for folder in _upwards(mount, path))
                break


def _allowed(proc: Proc, pids: Iterable[int]) -> set[int]:
    allowed: set[int] = set()
    for pid in pids:
        allowed |= _cpu_list(proc.status(pid).get("Cpus_allowed_list", ""))
    return allowed


class _Mount(NamedTuple):
    point: str
    top: str
    """The group that is mounted there: not "/" in a container that sees the host's hierarchy."""
    version: int


def _mounts(proc: Proc, controller: str) -> Iterator[_Mount]:
    """Where the controller and the v2 hierarchy are mounted (format of mountinfo: proc(5))."""
    for line in proc.text("proc/self/mountinfo").splitlines():
        fields, _, tail = line.partition(" - ")
        words, kind = fields.split(), tail.split()
        if len(words) < 5 or len(kind) < 3:
            continue
        if kind[0] == "cgroup2":
            yield _Mount(words[4], words[3], 2)
        elif kind[0] == "cgroup" and controller in kind[2].split(","):
            yield _Mount(words[4], words[3], 1)


def _upwards(mount: _Mount, path: str) -> Iterator[str]:
    """The folder of group `path` and of each of its ancestors below the mount point."""
    top = mount.top.rstrip("/")
    inside = path[len(top) :] if path == top or path.startswith(top + "/") else path
    parts = [part for part in inside.split("/") if part]
    if ".." in parts:  # a group outside our cgroup namespace
        parts = []
    for length in range(len(parts), -1, -1):
        yield "/".join([mount.point, *parts[:length]])


def _cpu_list(text: str) -> set[int]:
    """The numbers in "0-3,8" (the list format of cpuset(7))."""
    cpus: set[int] = set()
    for piece in text.strip().split(","):
        first, _, last = piece.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            cpus.update(range(int(first), min(int(last or first), 65535) + 1))
    return cpus
