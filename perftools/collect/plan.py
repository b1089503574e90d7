"""What an audit reads of a service: by which call, with which right and at what cost. Nothing is attached to say so."""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple

from perftools.collect import loops, memory, samples, sched, values, waits
from perftools.collect.allocations import recording
from perftools.collect.gc import choice, pace, perf_events
from perftools.collect.rotation import RATES_HZ
from perftools.record import Missing, Target
from perftools.target import rights
from perftools.target.proc import HOST

TRACE = "to trace it (ptrace(2), PTRACE_MODE_ATTACH)"
ANYBODY = "none, everybody who sees the process may read it"
_WATCHPOINT_US = 21
"""Two debug exceptions, measured: see `choice.MOST_WATCHED_PER_S`."""


class Reading(NamedTuple):
    """One thing that is read."""

    id: str
    """Of the recorder: a field of Observations; "sources" for the text of the code."""
    what: str
    call: str
    right: str
    """That the kernel asks for."""
    had: str
    """Begins with "yes" or "no"."""
    cores: float
    """What that may use of a core of this machine."""
    cost: str = ""
    """To the service; "" for none that can be told."""


def plan(target: Target, *, allocations: bool = False) -> tuple[Reading, ...]:
    """What a window on a service that has passed the preflight would read; `allocations`: and memray after it."""
    had = _tracing(target)
    return (
        Reading(
            id="samples",
            what="Python stacks of every worker",
            call=f"py-spy record --nonblocking: process_vm_readv(2), at most {max(RATES_HZ)} times a second",
            right=TRACE,
            had=had,
            cores=samples.BUDGET_CORES,
        ),
        Reading(
            id="values",
            what="types and sizes of what hot lines work on, never values",
            call="process_vm_readv(2), in bounded reads",
            right=TRACE,
            had=had,
            cores=values.BUDGET_CORES,
        ),
        Reading(
            id="waits",
            what="where threads and tasks wait",
            call=f"process_vm_readv(2), about {1 / waits.LOOK_S:.0f} times a second",
            right=TRACE,
            had=had,
            cores=waits.BUDGET_CORES,
        ),
        Reading(
            id="loops",
            what="how long event loops are kept from going round",
            call="process_vm_readv(2), about 50 times a second",
            right=TRACE,
            had=had,
            cores=loops.BUDGET_CORES,
        ),
        Reading(
            id="gc",
            what="when the garbage collector runs, and for how long",
            call="perf_event_open(2), a hardware watchpoint on one flag, where that is permitted and cheap; elsewhere "
            "process_vm_readv(2), 1,000 times a second",
            right=f"{TRACE}; a watchpoint also CAP_PERFMON, or kernel.perf_event_paranoid of at most 2",
            had=f"{had}; a watchpoint: {_watchpoint()}",
            cores=min(len(target.workers) * pace.MOST_CORES_EACH, pace.MOST_CORES),
            cost=f"a watchpoint takes {_WATCHPOINT_US} µs a collection, and is set up to "
            f"{choice.MOST_WATCHED_PER_S:.0f} collections/s only",
        ),
        Reading(
            id="threads",
            what="CPU time of every thread",
            call="/proc/PID/task/TID/schedstat",
            right=ANYBODY,
            had="yes",
            cores=0.0,
        ),
        Reading(
            id="sched",
            what="who waits for a CPU or for the GIL; quotas, pressure, thread-count variables",
            call="/proc/PID/task/TID/{schedstat,status,syscall}, /proc/PID/environ, cpu.stat of its control group",
            right=f"for syscall and environ, {TRACE}",
            had=had,
            cores=sched.LOOKING_CORES + sched.SURVEYING_CORES,
        ),
        Reading(
            id="memory",
            what="memory of every process",
            call="/proc/PID/{status,statm,smaps,smaps_rollup}, memory.max and memory.events of its control group",
            right=f"for smaps and smaps_rollup, {TRACE}",
            had=had,
            cores=memory.COUNTING_CORES + memory.WALKING_CORES,
            cost="while the kernel walks the pages, about 20 ms for each GiB, its mmap and munmap wait",
        ),
        Reading(
            id="sources",
            what="the text of hot functions",
            call="open(2) and read(2) below /proc/PID/root; nothing is imported",
            right=TRACE,
            had=had,
            cores=0.0,
        ),
        *([_allocations(target)] if allocations else []),
    )


def _allocations(target: Target) -> Reading:
    found = recording.planned(target)
    if isinstance(found, Missing):
        had = f"no: {found.reason}{f' ({found.remedy})' if found.remedy else ''}"
    else:
        had = f"yes: memray {found.memray} would be let into worker {found.worker.pid}"
    return Reading(
        id="allocations",
        what="every allocation of the busiest worker, for some seconds after the window",
        call="gdb loads memray into it by ptrace(2), and memray runs inside it",
        right="to trace it, as its user or root; memray in its environment",
        had=had,
        cores=0.0,
        cost="stops the worker twice, for about 0.1 to 0.5 s, and slows it down in between",
    )


def _tracing(target: Target) -> str:
    capable = rights.gather(HOST, target.workers[0].pid, 0).capable
    return f"yes, by {'CAP_SYS_PTRACE' if capable else 'being its user'}"


def _watchpoint() -> str:
    """Whether one may be set, tried on ourselves."""
    on_ourselves, any_cpu = 0, -1
    attributes = perf_events.watch_writes(mmap.PAGESIZE, 4, inherit=False)
    try:
        os.close(perf_events.open_event(attributes, on_ourselves, any_cpu))
    except OSError as error:
        return f"no, {perf_events.in_words(error.errno or 0)}"
    return "yes"
