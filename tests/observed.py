"""Targets made of processes of this machine, for tests that observe one."""

from __future__ import annotations

import os

from perftools.record import Cpus, Process, Target
from perftools.target.proc import HOST


def process(pid: int, python: str = "3.12.1") -> Process:
    stat = HOST.stat(pid)
    assert stat
    return Process(
        pid=pid,
        ns_pid=pid,
        start_ticks=stat.start_ticks,
        role="worker",
        python=python,
        executable="",
        cmdline=(),
        uid=os.getuid(),
        threads=stat.threads,
    )


def target(*pids: int, python: str = "3.12.1") -> Target:
    processes = tuple(process(pid, python) for pid in pids)
    return Target(root_pid=pids[0], asked="a test", processes=processes, cpus=Cpus(effective=1.0, source="a test"))
