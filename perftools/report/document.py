"""The report for programs: one perftools.report/1 JSON document."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from perftools.finding import Diagnosis, Suppressed, TimeTable
from perftools.record import Allocations, Audit, EventLoops, Gc, Memory, Missing, Samples, Sched, Threads, Values, Waits
from perftools.report.allocation_summary import allocated
from perftools.report.gc_summary import places
from perftools.report.memory_summary import growth, held
from perftools.report.model import (
    SCHEMA,
    GarbageCollection,
    GcPause,
    Hidden,
    MemoryUse,
    Observed,
    Observer,
    ProcessMemory,
    Report,
    Stacks,
    Time,
    found,
)
from perftools.report.words import sentence

Observation = Samples | Threads | Values | Gc | Sched | Memory | Allocations | Waits | EventLoops


def render(audit: Audit, diagnosis: Diagnosis) -> bytes:
    """The document, indented, ending in a newline."""
    report = Report(
        schema=SCHEMA,
        tool=audit.tool,
        target=audit.target,
        quality=audit.quality,
        verdict=sentence(diagnosis.verdict),
        observations=Observed(
            observers=tuple(_observers(audit)),
            stacks=_stacks(audit.observations.samples),
            time=_time(diagnosis.time),
            processes=diagnosis.processes,
            gc=_gc(audit),
            sched=audit.observations.sched,
            memory=_memory(audit.observations.memory),
            allocations=allocated(audit),
            waits=diagnosis.waits,
        ),
        findings=tuple(found(finding) for finding in diagnosis.findings),
        checked_ok=diagnosis.checked_ok,
        not_checked=diagnosis.not_checked,
        suppressed=tuple(_hidden(each) for each in diagnosis.suppressed),
        notes=diagnosis.notes,
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def _hidden(suppressed: Suppressed) -> Hidden:
    return Hidden(
        finding=found(suppressed.finding),
        reason=suppressed.reason,
        until=suppressed.until,
        place=suppressed.place,
    )


def _observers(audit: Audit) -> Iterator[Observer]:
    for name in ("samples", "threads", "values", "gc", "sched", "memory", "allocations", "waits", "loops"):
        part: Observation | Missing = getattr(audit.observations, name)
        if not isinstance(part, Missing):
            yield Observer(id=name, cost=part.cost)


def _stacks(samples: Samples | Missing) -> Stacks | Missing:
    if isinstance(samples, Missing):
        return samples
    taken = sum(len(stream.stacks) for stream in samples.streams)
    return Stacks(taken=taken, lost=samples.cost.lost, rate_hz=samples.rate_hz)


def _time(time: TimeTable | Missing) -> Time | Missing:
    if isinstance(time, Missing):
        return time
    return Time(
        of=time.of, cpu_percent=time.cpu_percent, running=time.running, native=time.native, unseen=time.unseen,
        cpu_waiting=time.cpu_waiting, gil_waiting=time.gil_waiting, lines=time.lines, functions=time.functions,
    )  # fmt: skip


def _gc(audit: Audit) -> GarbageCollection | Missing:
    gc = audit.observations.gc
    if isinstance(gc, Missing):
        return gc
    where = places(audit, gc)
    pauses = tuple(
        GcPause(
            start_s=pause.start_s, duration_ms=pause.duration_ms, generation=pause.generation, pid=pause.pid,
            thread_id=pause.thread_id, waited_ms=pause.waited_ms, cpu_ms=pause.cpu_ms, collected=pause.collected,
            examined=pause.examined, where=where.get(pause.stack) if pause.stack is not None else None,
        )
        for pause in gc.pauses
    )  # fmt: skip
    return GarbageCollection(pauses=pauses, collectors=gc.collectors, unwatched=gc.unwatched)


def _memory(memory: Memory | Missing) -> MemoryUse | Missing:
    if isinstance(memory, Missing):
        return memory
    processes = []
    for each in held(memory):
        last, walked = each.last, each.walked
        processes.append(
            ProcessMemory(
                pid=last.pid, rss_bytes=last.rss_bytes, anonymous_bytes=last.anonymous_bytes,
                shmem_bytes=last.shmem_bytes, swap_bytes=last.swap_bytes,
                pss_bytes=walked.pss_bytes if walked is not None else None,
                private_bytes=walked.private_bytes if walked is not None else None,
                shared_bytes=walked.shared_bytes if walked is not None else None,
                growth=growth(each),
            )
        )  # fmt: skip
    return MemoryUse(
        processes=tuple(processes), forked=memory.forked, unwalked=memory.unwalked, limit_bytes=memory.limit_bytes,
        limit_source=memory.limit_source, used_bytes=memory.used_bytes, oom_kills=memory.oom_kills,
    )  # fmt: skip
