"""One window as a document, and to and from JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec
from msgspec import Raw, field

from perftools.record.gc import Gc, check_gc
from perftools.record.memory import Allocations, Memory, check_allocations, check_memory
from perftools.record.part import Missing, Part
from perftools.record.samples import Samples, Threads, check_samples, check_threads
from perftools.record.sched import Sched, check_sched
from perftools.record.target import Target
from perftools.record.values import Values, check_values
from perftools.record.waits import EventLoops, Waits, check_loops, check_waits

SCHEMA: Final = "perftools.audit/1"


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
    extra: dict[str, Raw] = field(default_factory=dict)
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


_CHECKS: Mapping[type, Callable[..., None]] = {
    Samples: check_samples,
    Threads: check_threads,
    Values: check_values,
    Gc: check_gc,
    Sched: check_sched,
    Memory: check_memory,
    Allocations: check_allocations,
    Waits: check_waits,
    EventLoops: check_loops,
}


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
    for name in Observations.__struct_fields__:
        part = getattr(audit.observations, name)
        if check := _CHECKS.get(type(part)):
            check(part)
    return audit
