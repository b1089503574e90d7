"""The types of the report document, perftools.report/1. Shares are fractions of 1."""

from __future__ import annotations

from typing import Literal

from perftools.finding import (
    Estimate,
    Fact,
    Finding,
    Gain,
    Measure,
    Ok,
    ProcessLoad,
    Severity,
    TimeLine,
    Unjudged,
    WaitTable,
    Where,
)
from perftools.record import Collector, Cost, ForkedMemory, Missing, Part, Quality, Sched, Target

SCHEMA: Literal["perftools.report/1"] = "perftools.report/1"


class Share(Part, frozen=True, kw_only=True):
    """A fraction of `of`, with its 95 % interval."""

    value: float
    low: float
    high: float
    of: str | None
    n: int
    """Samples behind it."""
    few: bool
    """Too few independent samples for an interval that could be trusted."""
    counted: bool
    """Counted, not sampled: there is no interval."""


class Found(Part, frozen=True, kw_only=True):
    """One finding. Its place in `findings`, from 1, is its number."""

    rule: str
    severity: Severity
    title: str
    where: Where | None
    share: Share | None
    evidence: tuple[Measure | str, ...]
    facts: tuple[Fact, ...]
    """Types and sizes that were read from the target's memory."""
    heat: tuple[tuple[int, float], ...]
    """(line, fraction of the finding's own time), hottest first."""
    why: str
    todo: str
    entry: Where | None
    gain: Gain | None
    recipe: str | None
    fingerprint: str


class Hidden(Part, frozen=True, kw_only=True):
    """A finding that the user's settings keep out of `findings`."""

    finding: Found
    reason: str
    until: str
    """The last day, as 2027-01-31."""
    place: str
    """FILE:LINE of the setting."""


class Time(Part, frozen=True, kw_only=True, tag="time"):
    """Where the time goes."""

    of: Literal["cpu", "gil"]
    cpu_percent: float
    """CPU that the service used, 100 is one core."""
    running: float | None
    native: float | None
    unseen: float
    cpu_waiting: float | None
    """Threads that stood ready without a CPU, on average."""
    gil_waiting: float | None
    """Threads that waited for the GIL, on average; null where that was not looked at."""
    lines: tuple[TimeLine, ...]
    functions: tuple[TimeLine, ...]


class Stacks(Part, frozen=True, kw_only=True, tag="stacks"):
    """How many stacks were taken, of running and of waiting threads, in all rounds."""

    taken: int
    lost: int
    rate_hz: float


class Observer(Part, frozen=True, kw_only=True):
    """One collector: what it cost, and what it could not see."""

    id: str
    cost: Cost


class GcPause(Part, frozen=True, kw_only=True):
    """One garbage collection, during which the process ran nothing else."""

    start_s: float
    """From the start of the window."""
    duration_ms: float
    """Wall time."""
    generation: int | None
    """0 is the youngest; null where several collections were too close together to tell."""
    pid: int
    thread_id: int | None
    waited_ms: float | None
    """Part of the duration in which the thread stood ready without a CPU; null where it was not taken."""
    cpu_ms: float | None
    collected: int | None
    examined: int | None
    where: Where | None
    """The line of the user's own that was executing: it set the collection off."""


class GarbageCollection(Part, frozen=True, kw_only=True, tag="gc"):
    """Garbage collection of all workers."""

    pauses: tuple[GcPause, ...]
    """By start; all that were seen (`unseen` of a collector counts the others)."""
    collectors: tuple[Collector, ...]
    unwatched: dict[int, Missing]
    """Workers whose collector could not be watched, by pid."""


class ProcessMemory(Part, frozen=True, kw_only=True):
    """The memory of one process at the end of the window."""

    pid: int
    rss_bytes: int
    anonymous_bytes: int
    shmem_bytes: int
    swap_bytes: int
    pss_bytes: int | None
    """Null, and so the next two, where page tables were not walked."""
    private_bytes: int | None
    shared_bytes: int | None
    growth: Estimate | None
    """Of anonymous memory, swapped out or not, with its 95 % interval; null where it was read too few times."""


class MemoryUse(Part, frozen=True, kw_only=True, tag="memory"):
    """Memory of the service."""

    processes: tuple[ProcessMemory, ...]
    """The largest first; those that ended in the window are left out."""
    forked: tuple[ForkedMemory, ...]
    """First and last look at each forked process."""
    unwalked: Missing | None
    """Why the page tables of some process were not walked."""
    limit_bytes: int | None
    """The tightest memory limit of its control groups; null where there is none."""
    limit_source: str
    used_bytes: int | None
    """Of that limit, at the end, without page cache."""
    oom_kills: int | None
    """Processes killed for memory within the window, in the service's control group."""


class AllocatedLine(Part, frozen=True, kw_only=True):
    """What was allocated for one line of the user's own."""

    where: Where | None
    """null for what no line of the user's own caused."""
    inside: str
    """The library that most of it was allocated in, "" where the line did so itself."""
    allocations: int
    size_bytes: int
    temporaries: int
    """Of these, how many were large (128 KiB or more each) and were given back within the span."""
    temporary_bytes: int


class AllocatedMemory(Part, frozen=True, kw_only=True, tag="allocations"):
    """Every allocation of one worker for some seconds after the window, but for small objects."""

    pid: int
    tool: str
    span_s: float
    attach_stall_ms: float
    """How long the worker stood still to let memray in."""
    detach_stall_ms: float
    left: str
    """What was wrong with the worker afterwards; "" where it ran, untraced and untracked."""
    complete: str
    """What is in it, and what is not."""
    cpus: float
    undisturbed_cpus: float
    """In the window, before memray was in the worker."""
    page_faults_per_s: float
    """In the window, too."""
    fault_us: float
    """CPU time of a page fault on this machine."""
    allocations: int
    size_bytes: int
    temporaries: int
    temporary_bytes: int
    peak_bytes: int
    churn: tuple[AllocatedLine, ...]
    """Of all that was allocated, by line, most bytes first."""
    peak: tuple[AllocatedLine, ...]
    """Of what was alive when most was."""
    kept: tuple[AllocatedLine, ...]
    """Of what was alive at the end."""


class Observed(Part, frozen=True, kw_only=True):
    """What was seen, apart from what it means."""

    observers: tuple[Observer, ...]
    stacks: Stacks | Missing
    time: Time | Missing
    processes: tuple[ProcessLoad, ...]
    gc: GarbageCollection | Missing
    sched: Sched | Missing
    memory: MemoryUse | Missing
    allocations: AllocatedMemory | Missing
    waits: WaitTable | Missing


class Report(Part, frozen=True, kw_only=True):
    """What an audit means."""

    schema: Literal["perftools.report/1"]
    tool: str
    target: Target
    quality: Quality
    verdict: str
    observations: Observed
    findings: tuple[Found, ...]
    checked_ok: tuple[Ok, ...]
    not_checked: tuple[Unjudged, ...]
    suppressed: tuple[Hidden, ...]
    notes: tuple[str, ...]


class Failure(Part, frozen=True, kw_only=True):
    """Why there is no report."""

    code: str
    message: str
    values: dict[str, str | int | float]
    """What was looked at."""
    command: str | None
    """What to type."""


class Failed(Part, frozen=True, kw_only=True):
    """Stands in a report's place where there is none."""

    schema: Literal["perftools.report/1"]
    tool: str
    error: Failure


class Choice(Part, frozen=True, kw_only=True):
    """A service that could be audited."""

    pid: int
    command: str
    """What it runs; secrets hidden."""
    workers: int
    cpu_percent: float
    """Over half a second, 100 is one core."""
    python: str | None
    ports: tuple[int, ...]
    """TCP ports, as numbered in its own network namespace."""
    container: str | None
    refusal: Failure | None
    """Why it cannot be audited; null where it can."""
    audit: str
    """What to type."""


class Choices(Part, frozen=True, kw_only=True):
    """Stands in a report's place where no service was named."""

    schema: Literal["perftools.report/1"]
    tool: str
    error: Failure
    services: tuple[Choice, ...]
    """The busiest first."""


def found(finding: Finding) -> Found:
    """The finding as the document has it."""
    return Found(
        rule=finding.rule, severity=finding.severity, title=finding.title, where=finding.where,
        share=_share(finding.share) if finding.share else None,
        evidence=finding.evidence, facts=finding.facts, heat=finding.heat, why=finding.why, todo=finding.todo,
        entry=finding.entry, gain=finding.gain, recipe=finding.recipe, fingerprint=finding.fingerprint,
    )  # fmt: skip


def _share(share: Estimate) -> Share:
    return Share(
        value=share.value, low=share.low, high=share.high, of=share.of, n=share.n, few=share.few, counted=share.counted
    )
