"""Where the time goes, line by line and function by function, and what each worker does of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from perftools.finding import COLLECTING, GC_RULES, Diagnosis, Finding, ProcessLoad, TimeLine, TimeTable
from perftools.record import Missing, Source
from perftools.report import terminal_waits
from perftools.report.page import Column, Page, Span
from perftools.report.paths import Paths, function
from perftools.report.words import GLUE, OF, clean, count, glued, interval, mean, percent, rough, source_line

LINES = 8
FUNCTIONS = 6
WORKERS = 12
"""Rows shown at most; the JSON report holds them all."""
HARDLY = 0.05
"""Mean waiting threads below which nobody need know how many."""
NONE = 0.005
NOTEWORTHY = 0.005
"""Shares below this are not worth a column."""
LEGEND = {
    "running": "in Python, holding the GIL",
    "native": "on a CPU without it",
    "waiting": "summed over threads, per second of the window",
}
WAITS = {"CPU wait": "cpu_waiting", "GIL wait": "gil_waiting"}
"""Threads of a worker that do, on average."""
WHOLE = {"cpu": "CPU time", "gil": "GIL-held time"}

INDENT = 4
DEEP = 6

Say = Callable[[TimeLine], Sequence[Span]]
"""The place of a row, and below it what it does."""


def write(page: Page, diagnosis: Diagnosis, sources: Sequence[Source], paths: Paths) -> None:
    time = diagnosis.time
    if isinstance(time, Missing) and time.reason in {unjudged.missing.reason for unjudged in diagnosis.not_checked}:
        return
    page.blank()
    page.write(("WHERE THE TIME GOES", "bold"))
    if isinstance(time, Missing):
        page.write(glued(time.reason), indent=INDENT, hang=INDENT)
    elif any(unjudged.missing.code == "E-IDLE" for unjudged in diagnosis.not_checked):
        used = f"{percent(time.cpu_percent / 100)} of{GLUE}a{GLUE}core used"
        page.write(f"{used}: too idle for its lines to mean anything", indent=INDENT, hang=INDENT)
        terminal_waits.write(page, diagnosis.waits, sources, paths)
        return
    else:
        page.write(*_summary(time), indent=INDENT, hang=INDENT)
        if time.cpu_waiting is not None:
            page.write(_waits(time.cpu_waiting, time.gil_waiting), indent=INDENT, hang=INDENT)

        def line(row: TimeLine) -> Sequence[Span]:
            text = clean(row.does) or source_line(sources, row.where) or ""
            return [f"{paths.line(row.where)} {function(row.where)}", *([(text.strip(), "dim")] if text else [])]

        def whole(row: TimeLine) -> Sequence[Span]:
            does: list[Span] = [(clean(row.does), "dim")] if row.does else []
            return [f"{function(row.where)} {paths.line(row.where)}", *does]

        _rows(page, "lines", time.lines[:LINES], time, diagnosis.findings, line)
        _rows(page, "functions", time.functions[:FUNCTIONS], time, (), whole)
        page.blank()
        page.write((glued(_legend(time)), "dim"), indent=INDENT, hang=INDENT)
    terminal_waits.write(page, diagnosis.waits, sources, paths)
    if len(diagnosis.processes) > 1:
        _workers(page, diagnosis.processes, paths)


def _summary(time: TimeTable) -> Iterator[Span]:
    parts = [(time.running, "running Python"), (time.native, "in native code"), (time.unseen, "not seen")]
    said = ", ".join(f"{rough(part)} {what}" for part, what in parts if part is not None and part >= NOTEWORTHY)
    yield f"{percent(time.cpu_percent / 100)} of{GLUE}a{GLUE}core used" + (f": {said}" if said else "")


def _waits(cpu: float, gil: float | None) -> str:
    """Waiting that no line shows: its threads were ready to run."""
    known = [cpu] if gil is None else [cpu, gil]
    for_what = "a CPU" if gil is None else "a CPU or the GIL"
    if max(known) < HARDLY:
        return f"threads hardly wait for {for_what} ({mean(sum(known))} of them on average)"
    said = [f"{mean(cpu)} threads wait for a CPU"] if cpu >= NONE else ["no thread waits for a CPU"]
    if gil is not None:
        said.append(f"{mean(gil)} for the GIL" if gil >= NONE else "none for the GIL")
    return f"on average {' and '.join(said)}: seconds of waiting per second"


def _rows(
    page: Page, kind: str, rows: Sequence[TimeLine], time: TimeTable, findings: Sequence[Finding], say: Say
) -> None:
    """One row a line or function: its finding's number, its share, the share's parts, the place, what it does."""
    if not rows:
        return
    page.blank()
    parts = _parts(rows)
    whole = f"of{GLUE}{OF[time.of]}"
    if not page.narrow:
        heads = [Column(" " * 3), Column(whole, "right"), *(Column(part, "right") for part in parts), Column(kind)]
        cells = [(_mark(row, findings), interval(row.share), *_percents(row, parts), *say(row)) for row in rows]
        page.table(heads, cells)
        return
    page.write((f"{kind}, share {whole}", "dim"), indent=INDENT, hang=INDENT)
    for row in rows:
        place, *does = say(row)
        page.write(interval(row.share), "  ", place, label=_mark(row, findings), hang=INDENT)
        percents = [f"{part}{GLUE}{said}" for part, said in zip(parts, _percents(row, parts), strict=True) if said]
        if percents:
            page.write(", ".join(percents), indent=DEEP, hang=DEEP)
        for line in does:
            page.cut(line, indent=DEEP)


def _legend(time: TimeTable) -> str:
    """What the columns mean that are there."""
    parts = [f"{part}: {LEGEND[part]}" for part in _parts((*time.lines[:LINES], *time.functions[:FUNCTIONS]))]
    shares = f"Shares are of the service's {WHOLE[time.of]}, ± is the 95 % interval."
    return f"{shares} {'; '.join(parts)}." if parts else shares


def _parts(rows: Sequence[TimeLine]) -> list[str]:
    """The parts of a row that are worth a column."""
    return [part for part in LEGEND if any((_part(row, part) or 0) >= NOTEWORTHY for row in rows)]


def _part(row: TimeLine, part: str) -> float | None:
    value: float | None = getattr(row, part)
    return value


def _percents(row: TimeLine, parts: Sequence[str]) -> list[str]:
    return [rough(_part(row, part) or 0.0) for part in parts]


def _mark(row: TimeLine, findings: Sequence[Finding]) -> Span:
    """The number of the finding that the row belongs to."""
    for number, finding in enumerate(findings, start=1):
        where = finding.where
        if (row.does == COLLECTING) != (finding.rule in GC_RULES):
            continue
        if not where or (where.file, where.function) != (row.where.file, row.where.function):
            continue
        if where.line <= row.where.line <= (where.end_line or where.line):
            return (f"[{number}]", "bold")
    return ""


def _workers(page: Page, processes: Sequence[ProcessLoad], paths: Paths) -> None:
    waits = [] if page.narrow else _waiting_columns(processes)
    page.blank()
    page.write(("WORKERS", "bold"), (", waits in threads on average" if waits else "", "dim"))
    heads = ["pid", "of a core", *waits, "stacks"]
    rows = [
        (
            str(process.pid), percent(process.cpu_percent / 100), *(_mean(process, WAITS[wait]) for wait in waits),
            count(process.samples), _top(page, process, paths),
        )
        for process in processes[:WORKERS]
    ]  # fmt: skip
    columns = [*(Column(head, "right") for head in heads), Column("hottest line")]
    page.table(columns, rows, indent=INDENT)
    if len(processes) > WORKERS:
        page.write((f"and {len(processes) - WORKERS} more", "dim"), indent=INDENT)


def _top(page: Page, process: ProcessLoad, paths: Paths) -> str:
    if not process.top:
        return ""
    return paths.line(process.top) if page.narrow else f"{paths.line(process.top)} {function(process.top)}"


def _waiting_columns(processes: Sequence[ProcessLoad]) -> list[str]:
    """What a worker's threads wait for, where it is worth a column."""
    return [head for head, what in WAITS.items() if any((_waiting(each, what) or 0.0) >= HARDLY for each in processes)]


def _mean(process: ProcessLoad, what: str) -> str:
    value = _waiting(process, what)
    return "n/a" if value is None else mean(value)


def _waiting(process: ProcessLoad, what: str) -> float | None:
    value: float | None = getattr(process, what)
    return value
