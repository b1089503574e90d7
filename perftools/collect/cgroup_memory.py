"""The memory limit of a process's control groups (v1, v2, hybrid): what is used of it, and whom the kernel killed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from perftools.target.cpus import Group, groups
from perftools.target.proc import Proc

_TOTAL = re.compile(r"^MemTotal:\s+(\d{1,15}) kB$", re.MULTILINE)
_NO_LIMIT = 1 << 60
"""v1 writes "none" as a number: PAGE_COUNTER_MAX (include/linux/page_counter.h), 2^63 less a page."""


class Limit(NamedTuple):
    """A memory limit, and the group that holds it."""

    limit_bytes: int
    group: Group
    source: str
    """The file that sets it."""


def tightest(proc: Proc, pid: int) -> Limit | None:
    """The smallest limit of the process's control groups below what the machine has; None where there is none."""
    found = _TOTAL.search(proc.text("proc/meminfo", 65536))
    machine = int(found[1]) * 1024 if found else _NO_LIMIT
    return min((each for each in _limits(proc, pid) if each.limit_bytes < machine), default=None)


def own(proc: Proc, pid: int) -> Group | None:
    """The group that the process is in: kills are counted there (memcg_memory_event_mm, include/linux/memcontrol.h)."""
    found = list(groups(proc, pid, "memory"))
    return next((group for group in found if oom_kills(proc, group) is not None), None)


def used_bytes(proc: Proc, group: Group) -> int | None:
    """What counts against its limit, less the page cache that the kernel takes back before it kills; None: not told."""
    total = _number(group.text(proc, "memory.current" if group.version == 2 else "memory.usage_in_bytes"))
    if total is None:
        return None
    stat, prefix = _counts(group.text(proc, "memory.stat")), "" if group.version == 2 else "total_"
    cache = sum(stat.get(f"{prefix}{name}_file", 0) for name in ("active", "inactive"))
    return max(total - cache, 0)


def oom_kills(proc: Proc, group: Group) -> int | None:
    """Processes killed for memory since the group was made; None where it does not tell.

    v2: memory.events (Documentation/admin-guide/cgroup-v2.rst). v1: memory.oom_control, from Linux 4.13 on.
    """
    file = "memory.events" if group.version == 2 else "memory.oom_control"
    return _counts(group.text(proc, file)).get("oom_kill")


def _limits(proc: Proc, pid: int) -> Iterator[Limit]:
    for group in groups(proc, pid, "memory"):
        file = "memory.max" if group.version == 2 else "memory.limit_in_bytes"
        limit = _number(group.text(proc, file))
        if limit is not None and limit < _NO_LIMIT:
            yield Limit(limit, group, f"{group.folder}/{file}")


def _number(text: str) -> int | None:
    """None of "max", and of a file that is not there."""
    word = text.strip()
    return int(word) if word.isdecimal() and len(word) < 20 else None


def _counts(text: str) -> dict[str, int]:
    lines = (line.split() for line in text.splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}
