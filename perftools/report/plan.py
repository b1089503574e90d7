"""What an audit would do, before it is done: for a person, and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from perftools import __version__
from perftools.record import Part, Target
from perftools.report.page import Page
from perftools.report.terminal_head import title
from perftools.report.words import clean, glued, plain, plural

SCHEMA: Literal["perftools.plan/1"] = "perftools.plan/1"
HANG = 7


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
    cost: str


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
    workers = ", ".join(str(worker.pid) for worker in target.workers)
    page.write(
        f"pid {target.root_pid}   ",
        (title(root), "bold"),
        f"   {plain(plural(len(target.workers), 'worker'))}: {workers}",
    )
    page.write("Nothing was attached or started. An audit would read, and neither stop nor change the service:")
    for reading in readings:
        page.blank()
        page.write((glued(reading.what), "bold"))
        for label, said in (
            ("call", reading.call),
            ("right", reading.right),
            ("had", reading.had),
            ("cost", reading.cost),
        ):
            page.write(glued(said), label=label, hang=HANG)
    page.blank()
    page.whole(clean(next_command), label="NEXT", hang=HANG)
    return page.render()


def document(target: Target, readings: Sequence[Reading]) -> bytes:
    """The same as a perftools.plan/1 document."""
    import msgspec

    reads = tuple(
        Read(id=each.id, what=each.what, call=each.call, right=each.right, had=each.had, cost=each.cost)
        for each in readings
    )
    made = Plan(schema=SCHEMA, tool=f"perftools {__version__}", target=target, reads=reads)
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
