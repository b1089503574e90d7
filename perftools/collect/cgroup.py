"""What a CPU quota did, and how long tasks waited for a CPU, by the counters of control groups (v1, v2, hybrid)."""

from __future__ import annotations

import re
from typing import NamedTuple

from perftools.record import Cgroup
from perftools.target.cpus import Quota, groups, quotas
from perftools.target.proc import Proc

_SOME = re.compile(r"^some .*\btotal=(\d+)", re.MULTILINE)


class Throttling(NamedTuple):
    """What cpu.stat counts since the group was made."""

    periods: int
    throttled: int
    throttled_s: float


def tightest(proc: Proc, pid: int) -> Quota | None:
    """The smallest quota of the process's control groups; None where none has one."""
    return min(quotas(proc, pid), key=lambda quota: quota.cpus, default=None)


def throttling(proc: Proc, quota: Quota) -> Throttling | None:
    """None where the group does not tell.

    v2 counts throttled_usec (Documentation/admin-guide/cgroup-v2.rst), v1 throttled_time in nanoseconds
    (Documentation/scheduler/sched-bwc.rst).
    """
    lines = (line.split() for line in quota.group.text(proc, "cpu.stat").splitlines())
    counts = {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}
    name, unit_s = ("throttled_usec", 1e-6) if quota.group.version == 2 else ("throttled_time", 1e-9)
    if not {"nr_periods", "nr_throttled", name} <= counts.keys():
        return None
    return Throttling(counts["nr_periods"], counts["nr_throttled"], counts[name] * unit_s)


def between(quota: Quota, before: Throttling, after: Throttling) -> Cgroup:
    """What the quota did from one reading to the other."""
    return Cgroup(
        path=quota.group.folder,
        version=quota.group.version,
        quota=quota.cpus,
        periods=max(after.periods - before.periods, 0),
        throttled_periods=max(after.throttled - before.throttled, 0),
        throttled_s=max(after.throttled_s - before.throttled_s, 0.0),
    )


def pressure_file(proc: Proc, pid: int) -> str | None:
    """Where pressure is told: for the process's own group if the kernel keeps it, else for the whole machine."""
    group = next((group for group in groups(proc, pid) if group.version == 2), None)
    files = filter(None, (group and f"{group.folder}/cpu.pressure", "/proc/pressure/cpu"))
    return next((file for file in files if stalled_s(proc, file) is not None), None)


def stalled_s(proc: Proc, file: str) -> float | None:
    """Seconds in which some task waited for a CPU, up to now: "total" of the line "some", which is in microseconds.

    (Documentation/accounting/psi.rst.) In a group, tasks that its quota holds back wait too.
    """
    match = _SOME.search(proc.text(file.lstrip("/"), 4096))
    return int(match[1]) * 1e-6 if match else None
