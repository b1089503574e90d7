"""The Audit: one immutable record of what was seen in a running service; nothing in it judges.

Every collector fills one field of `Observations`, or puts a `Missing` there. The record is saved as JSON, so that it
can be diagnosed again later, elsewhere, by newer rules. Clocks are CLOCK_MONOTONIC; times count from the start.
"""

from __future__ import annotations

from perftools.record.audit import SCHEMA, Audit, Observations, Quality, Source, decode, encode
from perftools.record.gc import FROZEN_COUNTED, Collector, Gc, GcCharge, GcMethod, Generation, Pause
from perftools.record.memory import Allocations, AllocationSite, ForkedMemory, Memory, MemoryReading
from perftools.record.part import Cost, Missing, Part
from perftools.record.samples import RoundTime, Run, Samples, Stream, Threads, ThreadTime
from perftools.record.sched import Cgroup, Host, Pressure, ProcessSched, Sched, ThreadSched
from perftools.record.target import Cpus, Process, Role, Target
from perftools.record.values import Position, Seen, Site, Type, Values
from perftools.record.waits import EventLoops, LoopLooks, LoopStep, Wait, WaitLooks, Waits

__all__ = [
    "FROZEN_COUNTED",
    "SCHEMA",
    "AllocationSite",
    "Allocations",
    "Audit",
    "Cgroup",
    "Collector",
    "Cost",
    "Cpus",
    "EventLoops",
    "ForkedMemory",
    "Gc",
    "GcCharge",
    "GcMethod",
    "Generation",
    "Host",
    "LoopLooks",
    "LoopStep",
    "Memory",
    "MemoryReading",
    "Missing",
    "Observations",
    "Part",
    "Pause",
    "Position",
    "Pressure",
    "Process",
    "ProcessSched",
    "Quality",
    "Role",
    "RoundTime",
    "Run",
    "Samples",
    "Sched",
    "Seen",
    "Site",
    "Source",
    "Stream",
    "Target",
    "ThreadSched",
    "ThreadTime",
    "Threads",
    "Type",
    "Values",
    "Wait",
    "WaitLooks",
    "Waits",
    "decode",
    "encode",
]
