"""The machine around the service: how busy its CPUs were with everything, what a quota did, and its memory."""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from typing import NamedTuple

from perftools.collect import cgroup
from perftools.record import Cgroup, Host, Pressure
from perftools.target.cpus import usable
from perftools.target.proc import HOST, Proc


class CpuTime(NamedTuple):
    """Seconds since boot, summed over some CPUs."""

    busy_s: float
    stolen_s: float


class Surroundings:
    """Follows the machine from now on, as the processes `pids` may use it."""

    def __init__(self, pids: Sequence[int], proc: Proc = HOST) -> None:
        self._proc = proc
        self._cpus = usable(proc, pids)
        self._quota = cgroup.tightest(proc, pids[0])
        self._pressure_file = cgroup.pressure_file(proc, pids[0])
        self._before = self._now = self._read()

    def update(self) -> None:
        """Read all counters."""
        self._now = self._read()

    def host(self) -> Host:
        """The machine, and what everything did on the CPUs that the service may use."""
        import psutil

        memory = psutil.virtual_memory()
        before, now = self._before.cpu, self._now.cpu
        return Host(
            cpus=psutil.cpu_count() or len(self._cpus),
            busy_s=max(now.busy_s - before.busy_s, 0.0),
            stolen_s=max(now.stolen_s - before.stolen_s, 0.0),
            usable=len(self._cpus),
            memory_bytes=memory.total,
            memory_available_bytes=memory.available,
        )

    def cgroup(self) -> Cgroup | None:
        """What the tightest quota did; None where there is none, or its group does not tell."""
        before, now = self._before.throttling, self._now.throttling
        if self._quota is None or before is None or now is None:
            return None
        return cgroup.between(self._quota, before, now)

    def pressure(self) -> Pressure | None:
        """How long some task waited for a CPU; None where the kernel does not tell."""
        before, now = self._before.stalled_s, self._now.stalled_s
        if self._pressure_file is None or before is None or now is None:
            return None
        return Pressure(source=self._pressure_file, some_s=max(now - before, 0.0))

    def _read(self) -> _Counters:
        return _Counters(
            cpu_time(self._cpus, self._proc),
            cgroup.throttling(self._proc, self._quota) if self._quota else None,
            cgroup.stalled_s(self._proc, self._pressure_file) if self._pressure_file else None,
        )


class _Counters(NamedTuple):
    cpu: CpuTime
    throttling: cgroup.Throttling | None
    stalled_s: float | None


def cpu_time(cpus: Container[int], proc: Proc = HOST) -> CpuTime:
    """What everything used of those CPUs: user, nice, system, irq and softirq, in clock ticks (/proc/stat, proc(5)).

    Also in a container it is the whole machine's.
    """
    busy = stolen = 0
    for line in proc.text("proc/stat").splitlines():
        name, *fields = line.split() or [""]
        number = name.removeprefix("cpu")
        if number.isdecimal() and name != number and int(number) in cpus and len(fields) >= 8:
            user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    ticks_hz = os.sysconf("SC_CLK_TCK")
    return CpuTime(busy / ticks_hz, stolen / ticks_hz)
