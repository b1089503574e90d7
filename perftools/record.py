"""The Audit: one immutable record of what was seen in a running service; nothing in it judges.

Every collector fills one field of `Observations`, or puts a `Missing` there. The record is saved as JSON, so that it
can be diagnosed again later, elsewhere, by newer rules. Clocks are CLOCK_MONOTONIC; times count from the start.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

SCHEMA: Final = "perftools.audit/1"

FROZEN_COUNTED: Final = 1000
"""Frozen objects form a list that has to be walked: so many are counted, and no more."""

_LONGEST_S = 1e9
"""No window is so long, and no CPU so busy."""
_LARGEST_BYTES = 1 << 60
"""No machine has so much memory."""
_DEEPEST_TYPE = 16
"""Containers inside one another; our own walks go down a few."""


class Part(Struct, frozen=True):
    """A frozen part of a document. `frozen` is repeated on every subclass because mypy does not inherit it."""


class Missing(Part, frozen=True, kw_only=True, tag="missing"):
    """Why something was not observed or not judged: a result like any other."""

    code: str
    reason: str
    remedy: str | None = None


class Cost(Part, frozen=True, kw_only=True):
    """What observing cost, and what the observer could not see."""

    method: str
    cpu_s: float
    lost: int
    max_gap_ms: float
    complete: str


Role = Literal["worker", "master", "helper"]


class Process(Part, frozen=True, kw_only=True):
    """One process of the service."""

    pid: int
    ns_pid: int
    """The pid inside its own pid namespace; equal to `pid` where there is none."""
    start_ticks: int
    """Start in clock ticks since boot (/proc/PID/stat field 22): with the pid, an identity that survives pid reuse."""
    role: Role
    python: str | None
    """Version as "3.11.7", or "3.11" where only the minor version could be had; None for what is no Python."""
    executable: str
    cmdline: tuple[str, ...]
    """Arguments; those that look like secrets are redacted."""
    uid: int
    threads: int


class Cpus(Part, frozen=True, kw_only=True):
    """How many CPUs the service may use at once."""

    effective: float
    source: str
    """The file or call that set the limit."""


class Target(Part, frozen=True, kw_only=True):
    """The service under observation: its processes, their roles, and the CPUs that they share."""

    root_pid: int
    asked: str
    """What the user named: "pid 4711", "port 8000", "name REGEX"."""
    processes: tuple[Process, ...]
    cpus: Cpus
    container: str | None = None
    user_paths: tuple[str, ...] = ()
    """Paths below site-packages that hold the user's own code (wheels installed from a folder, the distribution that
    owns the entry module), as the target sees them."""

    @property
    def workers(self) -> tuple[Process, ...]:
        """The processes that do the service's work, and are therefore sampled."""
        return tuple(process for process in self.processes if process.role == "worker")


class Run(Part, frozen=True, kw_only=True):
    """One sampler run: one process in one round."""

    pid: int
    round: int
    kind: Literal["active", "gil"]
    start_s: float
    duration_s: float
    ticks: int
    """Sampling instants in the run, of which each running thread should give one stack."""
    errors: int
    """Stacks that could not be read."""


class Stream(Part, frozen=True, kw_only=True):
    """One thread's samples of one run, in the order taken: blocks for the interval are formed inside it."""

    pid: int
    tid: int | None
    """Kernel thread id; None on targets <= 3.10, where the sampler cannot tell."""
    thread: str
    """The thread's Python name, "" where it has none."""
    round: int
    kind: Literal["active", "gil"]
    """A gil round records only whoever holds the GIL."""
    stacks: tuple[int, ...]
    """Indices into Samples.stacks."""


class Samples(Part, frozen=True, kw_only=True, tag="samples"):
    """Stacks of all workers over the window."""

    cost: Cost
    rate_hz: float
    frames: tuple[tuple[str, str, int], ...]
    """Function (qualified from 3.11 on), file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    runs: tuple[Run, ...]
    streams: tuple[Stream, ...]


class ThreadTime(Part, frozen=True, kw_only=True):
    """What the kernel's scheduler counted for one thread in one round (/proc/PID/task/TID/schedstat)."""

    pid: int
    tid: int
    name: str
    """The kernel's name of the thread (comm)."""
    round: int
    run_s: float
    """On a CPU."""
    wait_s: float
    """Runnable, waiting for a CPU."""


class RoundTime(Part, frozen=True, kw_only=True):
    """When a round ran, and the CPU time that one process used in it (threads that ended are in it)."""

    pid: int
    round: int
    start_s: float
    duration_s: float
    cpu_s: float


class Threads(Part, frozen=True, kw_only=True, tag="threads"):
    """CPU and run-queue time of every thread that ran, by round; threads that never ran are left out."""

    cost: Cost
    rounds: tuple[RoundTime, ...]
    times: tuple[ThreadTime, ...]


class Type(Part, frozen=True, kw_only=True):
    """What an object is, read from the target's memory; never its value.

    `list[float]` is Type(name="list", items=(Type(name="float"),)). For mixed containers `items` holds every element
    type that made up >= 10 % of the elements read, most frequent first. `fields` are the attributes, string keys or
    tuple positions that the source names: dict records, instances, mixed tuples.
    """

    name: str
    dtype: str = ""
    """ndarray "f8", "i4", …; array.array type code."""
    order: str = ""
    """ndarray: "C", "F" or "" (neither)."""
    keys: tuple[Type, ...] = ()
    items: tuple[Type, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.name in ("ndarray", "array"):
            inside = ", ".join(part for part in (self.dtype, self.order) if part)
        elif self.fields:
            inside = ", ".join(f"{name}: {kind}" for name, kind in self.fields)
            return f"{self.name}({inside})"
        else:
            items = " | ".join(str(item) for item in self.items)
            keys = " | ".join(str(key) for key in self.keys)
            inside = ", ".join(part for part in (keys, items) if part)
        return f"{self.name}[{inside}]" if inside else self.name


class Seen(Part, frozen=True, kw_only=True):
    """One name at one place, and what it was found to be: one row for each type that was seen under it."""

    name: str
    """A path as the source writes it ("rows", "self.weights", "row['x']"), or an iterator of the running loops:
    "<iter 0>" is the outermost one's container, ".0" a comprehension's or generator's."""
    type: Type
    sizes: tuple[int, ...]
    """Length, or shape, by nesting depth; median over the observations."""
    count: int
    """Observations of this type under this name at this place."""
    same: bool = False
    """Every observation was at one address: refutes "made anew per request" for parameters and attributes only."""


class Position(Part, frozen=True, kw_only=True):
    """Where inside a line the leaf frame stood, from the code object's position table (3.11 on)."""

    line: int
    end_line: int
    column: int
    end_column: int
    calling: bool
    """The instruction is a call: the time is spent inside C."""
    count: int


class Site(Part, frozen=True, kw_only=True):
    """All that the walks saw while one line of one function was executing (itself or a callee)."""

    file: str
    function: str
    """co_name, or co_qualname where the version has it."""
    first_line: int
    """co_firstlineno: compared with the source to notice that it differs."""
    line: int
    walks: int
    """Walks whose frame stood on this line and was read."""
    seen: tuple[Seen, ...]
    positions: tuple[Position, ...]


class Values(Part, frozen=True, kw_only=True, tag="values"):
    """Types and sizes of what the hot lines work on, from our own frame walks; no values."""

    cost: Cost
    walks: int
    failed: int
    """Walks that were refused by a check (the target ran on meanwhile)."""
    sites: tuple[Site, ...]


GcMethod = Literal["watchpoint", "ring", "poll"]


class Pause(Part, frozen=True, kw_only=True):
    """One garbage collection: nothing else of its interpreter ran meanwhile."""

    pid: int
    thread_id: int | None
    """Kernel thread id; None where the method cannot tell."""
    start_s: float
    duration_ms: float
    """Wall time; `waited_ms` of it the thread stood ready without a CPU, and the collector is not to blame."""
    waited_ms: float | None = None
    """Run-queue delay within the pause; None where it was not taken (short pauses)."""
    cpu_ms: float | None = None
    """CPU time within the pause; None where it was not taken."""
    generation: int | None = None
    """0 is the youngest; None where several collections fell between two readings of the counters."""
    collected: int | None = None
    examined: int | None = None
    """Objects that were candidates; counted from 3.15 on."""
    stack: int | None = None
    """What the thread was executing, an index into Gc.stacks; None where it was not read."""


class Generation(Part, frozen=True, kw_only=True):
    """One generation of one interpreter, by its own counters (gc.get_stats, gc.get_threshold)."""

    collections: int
    """Runs within the span that was watched."""
    collected: int
    """Objects freed by them."""
    uncollectable: int
    threshold: int


class Collector(Part, frozen=True, kw_only=True):
    """The garbage collector of one process, and how it was watched."""

    pid: int
    method: GcMethod
    because: str
    """Why not a better method, or why this one."""
    start_s: float
    end_s: float
    """The span that was watched."""
    enabled: bool
    """At the span's end."""
    generations: tuple[Generation, ...]
    """Youngest first."""
    frozen: int
    """Objects in the permanent generation (gc.freeze), counted up to `FROZEN_COUNTED`."""
    long_lived: int | None
    """Objects that survived the last full collection."""
    pending: int | None
    """Objects that reached the oldest generation since then: a full collection waits for a quarter of `long_lived`."""
    unseen: int
    """Collections that the counters have and no pause stands for."""
    max_gap_ms: float
    """Longest time in which the observer did not look; for the watchpoint and the ring it hides nothing."""


class GcCharge(Part, frozen=True, kw_only=True):
    """How often a look at regular intervals found a process collecting while this stack was executing."""

    pid: int
    stack: int
    looks: int


class Gc(Part, frozen=True, kw_only=True, tag="gc"):
    """Garbage collection of all workers over the window."""

    cost: Cost
    collectors: tuple[Collector, ...]
    pauses: tuple[Pause, ...]
    """By start; all of them where `unseen` is 0."""
    frames: tuple[tuple[str, str, int], ...]
    """Function (qualified from 3.11 on), file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    charges: tuple[GcCharge, ...]
    """To which lines the time in pauses was charged: looks are spread evenly over time, so they weigh by duration."""
    unwatched: dict[int, Missing] = {}
    """Workers whose collector could not be watched, by pid."""


class ThreadSched(Part, frozen=True, kw_only=True):
    """How one thread was scheduled over the span; threads that never ran nor waited are left out.

    One born within the span counts from zero; one that ended, up to the last look at it. An id may come twice.
    """

    pid: int
    tid: int
    name: str
    """The kernel's name of the thread (comm)."""
    run_s: float
    """On a CPU."""
    wait_s: float
    """Runnable, waiting for a CPU (a quota's throttling is in it)."""
    voluntary: int
    """Context switches because it blocked."""
    involuntary: int
    """Context switches because another thread was given its CPU."""
    looks: int
    """At how many instants it is known whether it waited for the GIL; 0 where it could not be looked at."""
    gil_waits: int
    """At how many of these it did: it stood in a futex inside `_PyRuntime`."""


class ProcessSched(Part, frozen=True, kw_only=True):
    """One process of the service; those started within the span are among them."""

    pid: int
    cpu_s: float
    """By the process's clock: also of threads that were too short-lived to be seen."""
    threads: int
    """When it was last looked at."""
    rss_bytes: int
    libraries: tuple[str, ...]
    """Native thread pools that are mapped: "openblas", "mkl", "libgomp", "libomp", "libiomp5", "torch", …"""
    variables: dict[str, int]
    """Thread-count variables of its environment, the integers only: OMP_NUM_THREADS, …"""
    blocked: float
    """Threads in uninterruptible sleep (state D), mean over about one look a second."""
    looks: int = 0
    """At how many instants, regular in time, its threads were looked at: the sum of their `gil_waits`, divided by
    this, is how many waited for the GIL on average."""


class Cgroup(Part, frozen=True, kw_only=True):
    """What the tightest CPU quota did over the span (cpu.stat)."""

    path: str
    version: int
    """1 or 2."""
    quota: float
    """CPUs."""
    periods: int
    throttled_periods: int
    throttled_s: float
    """Summed over the CPUs on which the group was held back: may exceed the span."""


class Pressure(Part, frozen=True, kw_only=True):
    """Pressure stall information of the CPU: seconds in which some task waited for one."""

    source: str
    some_s: float


class Host(Part, frozen=True, kw_only=True):
    """The machine around the service."""

    cpus: int
    """Online."""
    busy_s: float
    """CPU seconds of everything that ran on the CPUs that the service may use, over the span."""
    stolen_s: float = 0.0
    """CPU seconds that the hypervisor gave to others meanwhile."""
    usable: int
    """CPUs that the service may use."""
    memory_bytes: int
    memory_available_bytes: int


class Sched(Part, frozen=True, kw_only=True, tag="sched"):
    """How the service was scheduled: who ran, who waited for what, and under which limits."""

    cost: Cost
    span_s: float
    threads: tuple[ThreadSched, ...]
    processes: tuple[ProcessSched, ...]
    host: Host
    cgroup: Cgroup | None
    """None where no quota is set, or its group does not tell what it did."""
    pressure: Pressure | None
    """None where the kernel gives none."""
    gil: Missing | None
    """Why waiting for the GIL was not looked at; None where it was."""


class MemoryReading(Part, frozen=True, kw_only=True):
    """The memory of one process at one time."""

    pid: int
    at_s: float
    rss_bytes: int
    """Resident: anonymous and shared memory, and the pages of files that are mapped."""
    anonymous_bytes: int
    """Heaps, stacks and whatever was written in a private mapping: the kernel can take it back by swapping alone."""
    shmem_bytes: int
    """Shared memory that is mapped: tmpfs, memfd, multiprocessing.shared_memory."""
    swap_bytes: int
    pss_bytes: int | None = None
    """Each page divided by the number of processes that map it: sums over processes count nothing twice.

    None, and so the next two, where the page tables were not walked at this time."""
    private_bytes: int | None = None
    """Mapped by this process alone: what ending it would free (USS)."""
    shared_bytes: int | None = None


class ForkedMemory(Part, frozen=True, kw_only=True):
    """What a process still shares of the anonymous memory that it got from the process that forked it."""

    pid: int
    parent: int
    at_s: float
    inherited_bytes: int
    """Resident pages in ranges that are resident in the parent too."""
    copied_bytes: int
    """Of these, what is private by now: copied because one of both wrote to it."""


class Memory(Part, frozen=True, kw_only=True, tag="memory"):
    """Memory of all processes of the service over the window, by the kernel's accounts alone."""

    cost: Cost
    readings: tuple[MemoryReading, ...]
    """By time."""
    started_s: dict[int, float]
    """When each process was started, by pid: negative before the window."""
    slack_bytes: int
    """By how much the kernel's counters may be off, and with them every reading without `pss_bytes`; 0: exact."""
    forked: tuple[ForkedMemory, ...]
    """First and last look at each process that was forked from one that is still there."""
    unwalked: Missing | None
    """Why the page tables of some process were not walked; None where all were."""
    limit_bytes: int | None
    """The tightest memory limit of its control groups that is below what the machine has; None where there is none."""
    limit_source: str
    used_bytes: int | None
    """Of that limit, at the end, without the page cache that gives way first; None where it is not told."""
    oom_kills: int | None
    """Processes of the service's own control group that the kernel killed for memory, within the window."""


class AllocationSite(Part, frozen=True, kw_only=True):
    """What one stack allocated."""

    stack: int
    allocations: int
    size_bytes: int
    temporaries: int = 0
    """Of these, how many were large (128 KiB or more each) and were given back within the span."""
    temporary_bytes: int = 0
    grown_bytes: int = 0
    """Of `size_bytes`, what something that grows was moved into (realloc): a list, a bytearray, a string."""


class Allocations(Part, frozen=True, kw_only=True, tag="allocations"):
    """Every allocation of one worker for some seconds after the window, by memray, which ran inside it.

    Small objects (up to 512 bytes) come from the interpreter's own pools and are not among them.
    """

    cost: Cost
    pid: int
    tool: str
    """"memray 1.20.0"."""
    span_s: float
    attach_stall_ms: float
    """How long the worker stood still to let memray in, by looks from outside about 1,000 times a second."""
    detach_stall_ms: float
    """The same, to let it out."""
    cpus: float
    """CPU that the worker used meanwhile, memray's part in it included; 1 is one core."""
    undisturbed_cpus: float
    """CPU that it used in the window, before memray was in it; 0, and so the next, where that is not known."""
    page_faults_per_s: float
    """Minor faults of the worker in the window: pages that the kernel gave it, and cleared, on first touch. Not counted
    while memray is in: its own memory changes what malloc gives back."""
    fault_us: float
    """CPU time that one costs on this machine, measured beside the worker."""
    allocations: int
    size_bytes: int
    """Allocated over the span, whether freed or not."""
    temporaries: int
    temporary_bytes: int
    peak_bytes: int
    """Most that was alive at a time of what was allocated in the span."""
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    churn: tuple[AllocationSite, ...]
    """What was allocated, by the stacks that allocated most; the sums above have the others too."""
    peak: tuple[AllocationSite, ...]
    """What was alive when most was."""
    kept: tuple[AllocationSite, ...]
    """What was alive at the end of the span."""
    left: str = ""
    """What was wrong with the worker afterwards; "" where it ran, untraced and untracked."""


class Wait(Part, frozen=True, kw_only=True):
    """How often a thread, or a task of an event loop, was found standing at one place, off the CPU."""

    pid: int
    kind: Literal["thread", "task"]
    stack: int
    """Index into Waits.stacks."""
    call: str
    """What it stands in: a thread's system call ("recvfrom", "futex"), what a task awaits ("StreamReader", "gather"); ""
    where that could not be read."""
    looks: int
    """Summed over the threads or tasks that stood there: divided by its process's looks, how many did on average."""
    longest_s: float
    """For how long one of them was seen there without having run meanwhile, at most; a task: at the same place."""


class WaitLooks(Part, frozen=True, kw_only=True):
    """How often the threads and tasks of one process were looked at, regular in time."""

    pid: int
    looks: int
    span_s: float
    """From the first look to the last."""
    failed: int
    """Threads, and lists of tasks, that a look could not read: the target ran on meanwhile."""
    running: int
    """Sum over the looks of the threads that were found on a CPU or ready for one."""
    gil: int | None
    """The same of threads that waited for the GIL, which are in no Wait; None where these could not be told."""
    tasks: Missing | None = None
    """Why tasks could not be seen; None where they could, or there is no event loop."""


class Waits(Part, frozen=True, kw_only=True, tag="waits"):
    """Where threads and tasks stand while they do not run, from our own walks."""

    cost: Cost
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once. Of a task: the innermost await first."""
    looks: tuple[WaitLooks, ...]
    waits: tuple[Wait, ...]


class LoopStep(Part, frozen=True, kw_only=True):
    """A callback, or a step of a task, that an event loop was seen to run more than once: it had not come back between.

    It began before the first of these looks and ended after the last one: it was longer than is said here.
    """

    pid: int
    tid: int
    stack: int
    """Index into EventLoops.stacks: where it stood at the last look."""
    looks: int
    lasted_s: float
    ran_s: float
    """CPU time of the loop's thread between these looks."""


class LoopLooks(Part, frozen=True, kw_only=True):
    """How often one event loop was looked at, regular in time."""

    pid: int
    tid: int
    kind: Literal["asyncio", "uvloop"]
    looks: int


class EventLoops(Part, frozen=True, kw_only=True, tag="loops"):
    """The steps of asyncio and uvloop event loops that used 20 ms of CPU and more, from our own walks."""

    cost: Cost
    frames: tuple[tuple[str, str, int], ...]
    """Function, file as the target sees it, line."""
    stacks: tuple[tuple[int, ...], ...]
    """Indices into frames, leaf first; each distinct stack once."""
    loops: tuple[LoopLooks, ...]
    steps: tuple[LoopStep, ...]


class Observations(Part, frozen=True, kw_only=True):
    """What each collector saw, or why it saw nothing."""

    samples: Samples | Missing
    threads: Threads | Missing
    values: Values | Missing
    gc: Gc | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    sched: Sched | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    memory: Memory | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    allocations: Allocations | Missing = Missing(code="E-ABSENT", reason="was not asked for")
    waits: Waits | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    loops: EventLoops | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    extra: dict[str, Raw] = {}
    """A third party's collector writes here, under its id."""


class Source(Part, frozen=True, kw_only=True):
    """The text of a hot function (the outermost `def`, or a module's top-level statement), as the file holds it."""

    file: str
    first_line: int
    text: str
    sha256: str
    """Of the whole file."""
    function: str
    """Qualified name: "Scorer.score", or "<module>"."""
    imports: str = ""
    """The import statements of its module's top level: what the names in it stand for."""


class Quality(Part, frozen=True, kw_only=True):
    """How good the observation is: its length, its load and what went wrong."""

    start_unix_ns: int
    window_s: float
    rounds: int
    round_s: float
    loaded: bool
    ended: Literal["complete", "early", "extended", "interrupted", "gone"]
    observer_cpu_s: float
    """Our own process and our children, program start and imports excluded."""
    warnings: tuple[str, ...]


class Audit(Part, frozen=True, kw_only=True):
    """Everything that was seen in one window."""

    schema: Literal["perftools.audit/1"]
    tool: str
    target: Target
    quality: Quality
    observations: Observations
    sources: tuple[Source, ...]


def encode(audit: Audit) -> bytes:
    """The audit as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(audit), indent=1)


def decode(text: bytes) -> Audit:
    """Read an audit back.

    Raises msgspec.DecodeError (ValidationError among them) where the text is no audit of this schema, or says what no
    audit can: whoever reads the result may take its indices for valid and its types for shallow.
    """
    try:
        audit = msgspec.json.decode(text, type=Audit)
    except RecursionError as error:
        raise msgspec.ValidationError("nested too deep") from error
    seen = audit.observations
    if isinstance(seen.samples, Samples):
        _check_samples(seen.samples)
    if isinstance(seen.threads, Threads):
        seconds = [time.run_s for time in seen.threads.times] + [round_.cpu_s for round_ in seen.threads.rounds]
        _require(all(0 <= each <= _LONGEST_S for each in seconds), "threads: CPU seconds out of range")
    if isinstance(seen.values, Values):
        for site in seen.values.sites:
            for name in site.seen:
                _require(_shallow(name.type), f"values: the type of {name.name!r} is nested too deep")
    if isinstance(seen.gc, Gc):
        _check_gc(seen.gc)
    if isinstance(seen.sched, Sched):
        _check_sched(seen.sched)
    if isinstance(seen.allocations, Allocations):
        _check_allocations(seen.allocations)
    if isinstance(seen.waits, Waits):
        _check_waits(seen.waits)
    if isinstance(seen.loops, EventLoops):
        _check_loops(seen.loops)
    if isinstance(seen.memory, Memory):
        _check_memory(seen.memory)
    return audit


def _check_gc(gc: Gc) -> None:
    frames, stacks = len(gc.frames), len(gc.stacks)
    for stack in gc.stacks:
        _require(all(0 <= at < frames for at in stack), "gc: a stack names a frame that is not there")
    indices = [pause.stack for pause in gc.pauses if pause.stack is not None] + [each.stack for each in gc.charges]
    _require(all(0 <= at < stacks for at in indices), "gc: a pause names a stack that is not there")
    for pause in gc.pauses:
        in_range = -_LONGEST_S <= pause.start_s <= _LONGEST_S and 0 <= pause.duration_ms <= 1000 * _LONGEST_S
        _require(in_range, "gc: a pause's times are out of range")
    _require(all(each.looks >= 0 for each in gc.charges), "gc: a count is negative")
    for each in gc.collectors:
        _require(-_LONGEST_S <= each.start_s <= each.end_s <= _LONGEST_S, "gc: a span is out of range")


def _check_sched(sched: Sched) -> None:
    _require(0 <= sched.span_s <= _LONGEST_S, "sched: the span is out of range")
    for thread in sched.threads:
        in_range = 0 <= thread.run_s <= _LONGEST_S and 0 <= thread.wait_s <= _LONGEST_S
        _require(in_range, "sched: seconds of a thread are out of range")
        _require(0 <= thread.gil_waits <= thread.looks, "sched: more waits than looks")
    _require(all(0 <= each.cpu_s <= _LONGEST_S for each in sched.processes), "sched: CPU seconds are out of range")


def _check_memory(memory: Memory) -> None:
    sizes = [memory.slack_bytes, memory.limit_bytes or 0, memory.used_bytes or 0]
    for each in memory.readings:
        sizes += [each.rss_bytes, each.anonymous_bytes, each.shmem_bytes, each.swap_bytes]
        sizes += [each.pss_bytes or 0, each.private_bytes or 0, each.shared_bytes or 0]
    for fork in memory.forked:
        sizes += [fork.inherited_bytes, fork.copied_bytes]
        _require(fork.copied_bytes <= fork.inherited_bytes, "memory: more was copied than inherited")
    _require(all(0 <= size <= _LARGEST_BYTES for size in sizes), "memory: a size is out of range")
    times = [each.at_s for each in memory.readings] + [each.at_s for each in memory.forked]
    times += memory.started_s.values()
    _require(all(-_LONGEST_S <= each <= _LONGEST_S for each in times), "memory: a time is out of range")


def _check_allocations(seen: Allocations) -> None:
    frames, stacks = len(seen.frames), len(seen.stacks)
    for stack in seen.stacks:
        _require(all(0 <= at < frames for at in stack), "allocations: a stack names a frame that is not there")
    for site in (*seen.churn, *seen.peak, *seen.kept):
        _require(0 <= site.stack < stacks, "allocations: a site names a stack that is not there")
        numbers = (site.allocations, site.size_bytes, site.temporaries, site.temporary_bytes, site.grown_bytes)
        _require(min(numbers) >= 0, "allocations: a count is negative")
    numbers = (seen.allocations, seen.size_bytes, seen.temporaries, seen.temporary_bytes, seen.peak_bytes)
    _require(min(numbers) >= 0, "allocations: a count is negative")
    stalls_s = (seen.attach_stall_ms / 1000, seen.detach_stall_ms / 1000)
    rates = (seen.cpus, seen.undisturbed_cpus, seen.page_faults_per_s, seen.fault_us)
    in_range = all(0 <= each <= _LONGEST_S for each in (*stalls_s, *rates))
    _require(in_range and 0 < seen.span_s <= _LONGEST_S, "allocations: a time or rate is out of range")


def _check_waits(seen: Waits) -> None:
    frames, stacks, pids = len(seen.frames), len(seen.stacks), {each.pid for each in seen.looks}
    for stack in seen.stacks:
        _require(all(0 <= at < frames for at in stack), "waits: a stack names a frame that is not there")
    for wait in seen.waits:
        _require(0 <= wait.stack < stacks, "waits: a wait names a stack that is not there")
        _require(wait.pid in pids, "waits: a wait is of a process that was not looked at")
        _require(wait.looks >= 0 and 0 <= wait.longest_s <= _LONGEST_S, "waits: a wait is out of range")
    for each in seen.looks:
        counts = (each.looks, each.failed, each.running, each.gil or 0)
        _require(min(counts) >= 0 and 0 <= each.span_s <= _LONGEST_S, "waits: looks are out of range")


def _check_loops(seen: EventLoops) -> None:
    frames, stacks, loops = len(seen.frames), len(seen.stacks), {(each.pid, each.tid) for each in seen.loops}
    for stack in seen.stacks:
        _require(all(0 <= at < frames for at in stack), "loops: a stack names a frame that is not there")
    for step in seen.steps:
        _require(0 <= step.stack < stacks, "loops: a step names a stack that is not there")
        _require((step.pid, step.tid) in loops, "loops: a step is of a loop that was not looked at")
        in_range = 0 <= step.ran_s <= _LONGEST_S and 0 <= step.lasted_s <= _LONGEST_S and step.looks >= 0
        _require(in_range, "loops: a step is out of range")
    _require(all(each.looks >= 0 for each in seen.loops), "loops: a count is negative")


def _check_samples(samples: Samples) -> None:
    frames, stacks, pids = len(samples.frames), len(samples.stacks), {run.pid for run in samples.runs}
    _require(samples.rate_hz > 0, "samples: rate_hz must be positive")
    for run in samples.runs:
        in_range = 0 <= run.start_s <= _LONGEST_S and 0 <= run.duration_s <= _LONGEST_S and run.ticks >= 0
        _require(in_range, "samples: a run's times or ticks are out of range")
    for stack in samples.stacks:
        _require(all(0 <= at < frames for at in stack), "samples: a stack names a frame that is not there")
    for stream in samples.streams:
        _require(all(0 <= at < stacks for at in stream.stacks), "samples: a stream names a stack that is not there")
        _require(stream.pid in pids, "samples: a stream is of a process that no run looked at")


def _shallow(kind: Type) -> bool:
    level = [kind]
    for _ in range(_DEEPEST_TYPE):
        level = [inner for each in level for inner in (*each.keys, *each.items, *(field for _, field in each.fields))]
        if not level:
            return True
    return False


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise msgspec.ValidationError(otherwise)
