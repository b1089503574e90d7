"""Allocations by the user's line that caused them, as both reports show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.causes import Code, where_of
from perftools.causes.allocated import Allocated, by_line, charges
from perftools.record import AllocationSite, Audit, Missing
from perftools.report.model import AllocatedLine, AllocatedMemory


def allocated(audit: Audit) -> AllocatedMemory | Missing:
    """What was recorded, charged to lines as samples are."""
    seen = audit.observations.allocations
    if isinstance(seen, Missing):
        return seen
    code = Code(audit.sources, audit.observations.values)
    charged = charges(seen, code, audit.target.user_paths)

    def lines(sites: Sequence[AllocationSite]) -> tuple[AllocatedLine, ...]:
        return tuple(_line(each, code) for each in by_line(sites, charged))

    return AllocatedMemory(
        pid=seen.pid, tool=seen.tool, span_s=seen.span_s, attach_stall_ms=seen.attach_stall_ms,
        detach_stall_ms=seen.detach_stall_ms, left=seen.left, complete=seen.cost.complete, cpus=seen.cpus,
        undisturbed_cpus=seen.undisturbed_cpus,
        page_faults_per_s=seen.page_faults_per_s, fault_us=seen.fault_us, allocations=seen.allocations,
        size_bytes=seen.size_bytes, temporaries=seen.temporaries, temporary_bytes=seen.temporary_bytes,
        peak_bytes=seen.peak_bytes, churn=lines(seen.churn), peak=lines(seen.peak), kept=lines(seen.kept),
    )  # fmt: skip


def _line(line: Allocated, code: Code) -> AllocatedLine:
    return AllocatedLine(
        where=where_of(line.frame, code) if line.frame is not None else None,
        inside=max(line.packages, key=lambda name: line.packages[name], default=""),
        allocations=line.allocations,
        size_bytes=line.size_bytes,
        temporaries=line.temporaries,
        temporary_bytes=line.temporary_bytes,
    )
