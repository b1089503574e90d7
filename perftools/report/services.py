"""The services that could be audited: as a table to choose from, and as a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from perftools import __version__
from perftools.report.page import Column, Page, Span
from perftools.report.words import GLUE, clean, count, glued

if TYPE_CHECKING:
    from perftools.errors import CannotObserve, UsageError
    from perftools.target import Service

_COLUMNS = (
    Column("pid", "right"), Column("workers", "right"), Column("CPU", "right"), Column("Python"), Column("port"),
    Column("container"), Column("audit"), Column("command"),
)  # fmt: skip
_NARROW = (0, 2, 6, 7)
"""What is left of them on a page without room for all."""
_PORTS = 3
_PID = re.compile(r"\bpid \d+\b")
HANG = 9


def table(
    services: Sequence[Service], audit: Callable[[int], str], *, width: int, colour: bool, unicode: bool = True
) -> str:
    """A row for each service, then why some cannot be audited, then a command that audits the busiest.

    `audit` gives the command for a pid.
    """
    page = Page(width=width, colour=colour, unicode=unicode)
    if not services:
        page.write("No Python process can be seen: none runs, or those of other users are hidden from you.")
        return page.render()
    shown = range(len(_COLUMNS)) if not page.narrow else _NARROW
    rows = [_row(each) for each in services]
    page.table([_COLUMNS[n] for n in shown], [[row[n] for n in shown] for row in rows])
    page.blank()
    for index, alike in enumerate(_refused(services)):
        (_, error), *others = alike
        same = f"; the same of {', '.join(str(pid) for pid, _ in others)}" if others else ""
        page.write(glued(f"{error.message} ({error.code}){same}"), label="" if index else "why not", hang=HANG)
        if error.commands:
            page.whole(clean(error.commands[0]), hang=HANG)
    able = [each for each in services if each.refusal is None]
    if able:
        page.blank()
        page.whole(audit(able[0].pid), (f"  # {clean(able[0].title)}", "dim"), label=("NEXT", "bold"), hang=HANG)
    return page.render()


def document(services: Sequence[Service], error: UsageError, audit: Callable[[int], str]) -> bytes:
    """The same as a perftools.report/1 document: the error, and the services that it asks to choose from."""
    import msgspec

    from perftools.report.failure import described
    from perftools.report.model import SCHEMA, Choice, Choices

    choices = Choices(
        schema=SCHEMA,
        tool=f"perftools {__version__}",
        error=described(error),
        services=tuple(
            Choice(
                pid=each.pid,
                command=clean(each.title),
                workers=each.workers,
                cpu_percent=round(each.cpu_percent, 1),
                python=each.python,
                ports=each.ports,
                container=each.container,
                refusal=None if each.refusal is None else described(each.refusal),
                audit=audit(each.pid),
            )
            for each in services
        ),
    )
    return msgspec.json.format(msgspec.json.encode(choices), indent=1) + b"\n"


def _refused(services: Sequence[Service]) -> Iterable[list[tuple[int, CannotObserve]]]:
    """Pids and their refusals, those together that differ in nothing but the pid."""
    alike: dict[str, list[tuple[int, CannotObserve]]] = {}
    for each in services:
        if each.refusal is not None:
            alike.setdefault(_PID.sub("", each.refusal.message), []).append((each.pid, each.refusal))
    return alike.values()


def _row(service: Service) -> tuple[Span, ...]:
    ports = [str(port) for port in service.ports[:_PORTS]]
    if len(service.ports) > _PORTS:
        ports.append(f"{count(len(service.ports) - _PORTS)} more")
    return (
        str(service.pid),
        str(service.workers),
        f"{service.cpu_percent:.0f}{GLUE}%",
        clean(service.python or "?"),
        " ".join(ports),
        clean(service.container or ""),
        "yes" if service.refusal is None else service.refusal.code,
        clean(service.title),
    )
