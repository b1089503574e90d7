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


def effective(proc: Proc, pids: Iterable[int]) -> Cpus:
    """min(CPUs in the affinity of any of `pids` and online, the tightest quota of any control group above the first).

    `source` names the file that set the limit: on a tie the affinity.
    """
    pids = list(pids)
    online = _cpu_list(proc.text(_ONLINE))
    allowed: set[int] = set()
    for pid in pids:
        allowed |= _cpu_list(proc.status(pid).get("Cpus_allowed_list", ""))
    usable = allowed & online or allowed or online
    affinity = _Limit(float(len(usable) or os.cpu_count() or 1), "CPUs online")
    if pids and allowed and usable != online:
        affinity = _Limit(affinity.cpus, f"/proc/{pids[0]}/status Cpus_allowed_list")
    tightest = min([affinity, *_quotas(proc, pids[0])] if pids else [affinity], key=lambda limit: limit.cpus)
    return Cpus(effective=round(tightest.cpus, 3), source=tightest.source)


def _quotas(proc: Proc, pid: int) -> Iterator[_Limit]:
    """The quota of each control group from the process's own up to the root that we can see.

    v2: cpu.max, "QUOTA PERIOD" or "max PERIOD" (Documentation/admin-guide/cgroup-v2.rst). v1: cpu.cfs_quota_us, -1 for
    none, and cpu.cfs_period_us (Documentation/scheduler/sched-bwc.rst). On a hybrid system the controller is in one of
    the two, and the other has no such files.
    """
    for folder, version in _groups(proc, pid):
        files = ("cpu.max",) if version == 2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        words = " ".join(proc.text(f"{folder}/{file}".lstrip("/"), 128) for file in files).split()
        if len(words) == 2 and all(word.isdecimal() and int(word) for word in words):
            yield _Limit(int(words[0]) / int(words[1]), f"{folder}/{files[0]}")


def _groups(proc: Proc, pid: int) -> Iterator[tuple[str, int]]:
    """Folders of the process's CPU control groups, its own first, and the version of each."""
    mounts = list(_mounts(proc))
    for line in proc.text(f"proc/{pid}/cgroup", 65536).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        version = 1 if controllers else 2
        if controllers and "cpu" not in controllers.split(","):
            continue
        for mount in mounts:
            if mount.version == version:
                yield from ((folder, version) for folder in _upwards(mount, path))
                break


class _Mount(NamedTuple):
    point: str
    top: str
    """The group that is mounted there: not "/" in a container that sees the host's hierarchy."""
    version: int


def _mounts(proc: Proc) -> Iterator[_Mount]:
    """Where the CPU controller and the v2 hierarchy are mounted (format of mountinfo: proc(5))."""
    for line in proc.text("proc/self/mountinfo").splitlines():
        fields, _, tail = line.partition(" - ")
        words, kind = fields.split(), tail.split()
        if len(words) < 5 or len(kind) < 3:
            continue
        if kind[0] == "cgroup2":
            yield _Mount(words[4], words[3], 2)
        elif kind[0] == "cgroup" and "cpu" in kind[2].split(","):
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
