"""The Diagnosis: what an Audit means. Findings carry numbers with units and intervals, apart from their words."""

from __future__ import annotations

from typing import Final, Literal

from perftools.record import Missing, Part, Type

COLLECTING: Final = "garbage collection"
"""What a line is said to do, in *where the time goes*, of the time in collections that began in it."""

GC_RULES: Final = ("gc-pause", "explicit-gc-collect")
"""The rules that answer for that time."""

Severity = Literal["info", "low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high")


class Estimate(Part, frozen=True, kw_only=True):
    """A number with its 95 % interval, its unit and what it is a share of."""

    value: float
    low: float
    high: float
    unit: str
    n: int
    """Observations behind it."""
    of: str | None = None
    """For shares: "cpu", "gil" or "wall" (design, "share.of")."""
    counted: bool = False
    """From a counter of the kernel or the collector: no interval."""
    few: bool = False
    """Too few independent blocks for an interval: "too few to tell"."""


class Measure(Part, frozen=True, kw_only=True):
    """A named number of the evidence: "samples on this line", "peak share, worker 4712"."""

    label: str
    estimate: Estimate


class Where(Part, frozen=True, kw_only=True):
    """The loop or call to change."""

    file: str
    line: int
    function: str
    """Qualified, from the source; the enclosing named function."""
    end_line: int | None = None


class Fact(Part, frozen=True, kw_only=True):
    """What is known of one name at one place, by vote over the walks."""

    name: str
    type: Type
    sizes: tuple[int, ...]
    observations: int


class Gain(Part, frozen=True, kw_only=True):
    """What a fix should bring; filled in after detection, from timings."""

    of: Literal["cpu", "wall", "p99", "memory"]
    low: float
    high: float
    basis: str


class Finding(Part, frozen=True, kw_only=True):
    """One cause, at one place."""

    rule: str
    severity: Severity
    title: str
    where: Where | None
    share: Estimate | None
    evidence: tuple[Measure | str, ...]
    facts: tuple[Fact, ...]
    heat: tuple[tuple[int, float], ...]
    """(line, share of the finding's own time), hottest first."""
    why: str
    todo: str
    fingerprint: str
    """Stable over runs and line shifts: rule, last two parts of the file's path, function, text of the line."""
    entry: Where | None = None
    """The route handler or task function that leads here."""
    gain: Gain | None = None
    recipe: str | None = None
    rank: float = 0.0
    """Ordering key: share x (1 - 1/speed-up). Not printed."""


class Ok(Part, frozen=True, kw_only=True):
    """Checked, and fine."""

    rule: str
    says: str


class Unjudged(Part, frozen=True, kw_only=True):
    """Not checked, and why."""

    rule: str
    missing: Missing


class Suppressed(Part, frozen=True, kw_only=True):
    """A finding that the user's settings keep out of the report."""

    finding: Finding
    reason: str
    until: str
    """The last day, as 2027-01-31."""
    place: str
    """FILE:LINE of the setting."""


class Clause(Part, frozen=True, kw_only=True):
    """One clause of the verdict."""

    text: str
    finding: int | None = None
    """Its number in the report, from 1."""


class TimeLine(Part, frozen=True, kw_only=True):
    """One line or function of *where the time goes*."""

    where: Where
    share: Estimate
    """Of all CPU samples: running and native together."""
    running: float | None
    """Part of `share` spent holding the GIL (Python code); None without gil rounds, and where shares are of "gil"."""
    native: float | None
    """Part of `share` spent on a CPU without the GIL."""
    waiting: float
    """Seconds that threads waited in this line (sleep, recv, a lock) in one second of the window: no part of `share`,
    and above 1 where several wait at once."""
    does: str = ""
    """What is called there, where that is known: "json", "pandas DataFrame.__init__", "torch forward"."""


class TimeTable(Part, frozen=True, kw_only=True):
    """Where the time goes, whether or not a rule fires."""

    lines: tuple[TimeLine, ...]
    functions: tuple[TimeLine, ...]
    of: Literal["cpu", "gil"]
    cpu_percent: float
    """CPU that the service's processes used over the window, 100 is one core."""
    running: float | None
    """Share of that CPU, start-up left out, spent holding the GIL; None without gil rounds."""
    native: float | None
    """On a CPU without the GIL, as samples show; None where they show holders of the GIL only. With `running` and
    `unseen` it makes up the whole."""
    unseen: float
    """Share that no sample explains: threads without Python frames, samples lost."""
    cpu_waiting: float | None = None
    """Seconds that threads stood ready without a CPU, in one second of the window: how many did on average."""
    gil_waiting: float | None = None
    """The same of waiting for the GIL; None where that was not looked at."""


class WaitLine(Part, frozen=True, kw_only=True):
    """One line of *where requests wait*."""

    where: Where
    what: str
    """What it calls there: "redis recv", "time.sleep", "lock"."""
    kind: Literal["thread", "task"]
    """What mostly stands there."""
    share: float
    """Of the wall time of all requests in flight: of those that wait, and of threads that run or want to."""
    mean: float
    """Requests that stood there, on average."""
    looks: int
    """How often one was seen there."""
    longest_s: float
    """For how long one was seen there, at most: at a stretch; a task may have come back there in between."""
    entry: Where | None = None
    """The function that a server or pool called, where that is another one."""


class WaitTable(Part, frozen=True, kw_only=True, tag="waits"):
    """Where threads and tasks wait that have a request in hand; those that are parked for work are left out."""

    lines: tuple[WaitLine, ...]
    """None where too few requests were seen waiting to tell."""
    waiting: float
    """Requests that wait, on average."""
    running: float
    """Threads that run, are ready to or wait for the GIL, on average."""
    looks: int
    """At the workers' threads and tasks, in all."""
    held_up: bool
    """Most of those that wait are in workers whose threads run all the time, and so may wait for their turn."""
    not_cpu_bound: bool
    """Requests mostly wait, and the service has CPUs to spare."""
    tasks: Missing | None = None
    """Why tasks of an event loop could not be seen; None where they could, or there are none."""


class ProcessLoad(Part, frozen=True, kw_only=True):
    """One worker's part."""

    pid: int
    cpu_percent: float
    samples: int
    top: Where | None
    """Its hottest line."""
    cpu_waiting: float | None = None
    """Its threads that stood ready without a CPU, on average."""
    gil_waiting: float | None = None
    """Its threads that waited for the GIL, on average; None where that was not looked at."""


class Diagnosis(Part, frozen=True, kw_only=True):
    """What an audit means, best first."""

    verdict: tuple[Clause, ...]
    findings: tuple[Finding, ...]
    checked_ok: tuple[Ok, ...]
    not_checked: tuple[Unjudged, ...]
    time: TimeTable | Missing
    processes: tuple[ProcessLoad, ...]
    waits: WaitTable | Missing = Missing(code="E-ABSENT", reason="was not recorded")
    suppressed: tuple[Suppressed, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader should know and no rule stands behind: source differs, GIL-held time only, …"""
