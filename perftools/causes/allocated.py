"""Allocations by the user's line that caused them: charged by the same code as samples are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from perftools.causes.charge import Charge, charge
from perftools.causes.code import Code
from perftools.hot import Frame, classify, cut_at_process_entry
from perftools.record import Allocations, AllocationSite

_NOBODY = Charge("framework", None)
"""Native threads, and servers at their own work."""


@dataclass
class Allocated:
    """What was allocated for one line of the user's, by itself or by what it called."""

    frame: Frame | None
    """None for what no line of the user's caused."""
    allocations: int = 0
    size_bytes: int = 0
    temporaries: int = 0
    temporary_bytes: int = 0
    grown_bytes: int = 0
    packages: Counter[str] = field(default_factory=Counter)
    """Bytes by the library that the line entered, "" where there is none."""
    looped_bytes: int = 0
    """Bytes allocated in a loop that is not the service's own."""
    routes: Counter[Frame] = field(default_factory=Counter)
    """Bytes by the handler or task function that led there."""


def charges(allocations: Allocations, code: Code, user_paths: Sequence[str] = ()) -> tuple[Charge, ...]:
    """What each stack of `allocations` is charged to."""
    frames = [classify(*frame, user_paths) for frame in allocations.frames]
    stacks = (cut_at_process_entry(tuple(frames[at] for at in reversed(stack))) for stack in allocations.stacks)
    return tuple(charge(stack, code) if stack else _NOBODY for stack in stacks)


def by_line(sites: Iterable[AllocationSite], charged: Sequence[Charge]) -> list[Allocated]:
    """Sites of `allocations` added up by line, most bytes first; `charged`: of each stack."""
    lines: dict[tuple[str, int] | None, Allocated] = {}
    for site in sites:
        cause = charged[site.stack]
        key = (cause.frame.file, cause.frame.line) if cause.frame is not None else None
        line = lines.setdefault(key, Allocated(cause.frame))
        line.allocations += site.allocations
        line.size_bytes += site.size_bytes
        line.temporaries += site.temporaries
        line.temporary_bytes += site.temporary_bytes
        line.grown_bytes += site.grown_bytes
        line.packages[cause.package] += site.size_bytes
        if cause.kind == "loop":
            line.looped_bytes += site.size_bytes
        if cause.route is not None:
            line.routes[cause.route] += site.size_bytes
    return sorted(lines.values(), key=lambda line: -line.size_bytes)
