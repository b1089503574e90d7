"""What an audit would do, before it is done: for a person, and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from perftools import __version__
from perftools.record import Part, Target
from perftools.report.page import Page
from perftools.report.terminal_head import title
from perftools.report.words import clean, glued, percent, plural

SCHEMA: Literal["perftools.plan/1"] = "perftools.plan/1"
HANG = 7
MEMORY = "allocations"
"""What alone of all that is read runs code in the service."""


class Reading(Protocol):
    """One thing that is read."""

    @property
    def id(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def right(self) -> str: ...
    @property
    def had(self) -> str: ...
    @property
    def cores(self) -> float: ...
    @property
    def cost(self) -> str: ...


class Read(Part, frozen=True, kw_only=True):
    """One thing that is read."""

    id: str
    """Of the observer, as in `observations.observers` of a report."""
    what: str
    call: str
    right: str
    """That the kernel asks for."""
    had: str
    """Begins with "yes" or "no"."""
    cores: float
    """What that may use of a core of this machine."""
    cost: str
    """To the service; "" for none that can be told."""


class Plan(Part, frozen=True, kw_only=True):
    """What an audit would read."""

    schema: Literal["perftools.plan/1"]
    tool: str
    target: Target
    reads: tuple[Read, ...]


def render(
    target: Target,
    readings: Sequence[Reading],
    next_command: str,
    *,
    width: int,
    colour: bool,
    unicode: bool = True,
) -> str:
    """What would be read, in paragraphs, and the command that does it."""
    page = Page(width=width, colour=colour, unicode=unicode)
    root = next((process for process in target.processes if process.pid == target.root_pid), target.workers[0])
    workers = f"{plural(len(target.workers), 'worker')}: {', '.join(str(worker.pid) for worker in target.workers)}"
    page.write(f"pid {target.root_pid}   ", (title(root), "bold"), f"   {workers}")
    page.write(
        "Nothing was attached or started; to test the right, a few bytes of each worker were read. An audit would read "
        "the following, and neither stop nor change the service"
        + (", but for --memory, which does both." if any(each.id == MEMORY for each in readings) else ".")
    )
    for reading in readings:
        page.blank()
        page.write((glued(reading.what), "bold"))
        page.write(glued(reading.call), label="call", hang=HANG)
        page.write(glued(f"{reading.right}: {reading.had}"), label="right", hang=HANG)
        if cost := _cost(reading):
            page.write(cost, label="cost", hang=HANG)
    page.blank()
    page.write(f"All of it: up to {percent(sum(reading.cores for reading in readings))} of a core of this machine.")
    page.blank()
    page.whole(clean(next_command), label="NEXT", hang=HANG)
    return page.render()


def document(target: Target, readings: Sequence[Reading]) -> bytes:
    """The same as a perftools.plan/1 document."""
    import msgspec

    reads = tuple(
        Read(
            id=each.id, what=each.what, call=each.call, right=each.right, had=each.had, cores=each.cores, cost=each.cost
        )
        for each in readings
    )  # fmt: skip
    made = Plan(schema=SCHEMA, tool=f"perftools {__version__}", target=target, reads=reads)
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


def _cost(reading: Reading) -> str:
    ours = [f"up to {percent(reading.cores)} of a core"] if reading.cores else []
    its = [glued(reading.cost)] if reading.cost else []
    return "; ".join(ours + its)
