"""Allocations by the user's line that caused them, as the reports show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from perftools.causes import Code, where_of
from perftools.causes.allocated import by_line, charges
from perftools.finding import Where
from perftools.record import Allocations, AllocationSite, Audit


class Row(NamedTuple):
    """One line of the user's; `where` is None for what no line of theirs caused."""

    where: Where | None
    allocations: int
    size_bytes: int
    temporaries: int
    temporary_bytes: int
    inside: str
    """The library that most of it was allocated in, "" where the line did so itself."""


class Lines(NamedTuple):
    """The three lists of `Allocations`, by line, most bytes first."""

    churn: Sequence[Row]
    peak: Sequence[Row]
    kept: Sequence[Row]


def lines(audit: Audit, seen: Allocations) -> Lines:
    """Charged as samples are."""
    code = Code(audit.sources, audit.observations.values)
    charged = charges(seen, code, audit.target.user_paths)

    def rows(sites: Sequence[AllocationSite]) -> list[Row]:
        return [
            Row(
                where=where_of(line.frame, code) if line.frame is not None else None,
                allocations=line.allocations,
                size_bytes=line.size_bytes,
                temporaries=line.temporaries,
                temporary_bytes=line.temporary_bytes,
                inside=max(line.packages, key=lambda name: line.packages[name], default=""),
            )
            for line in by_line(sites, charged)
        ]

    return Lines(rows(seen.churn), rows(seen.peak), rows(seen.kept))
