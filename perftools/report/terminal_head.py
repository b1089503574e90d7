"""The first rows: what was watched and how well, the verdict, the next command."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from perftools.finding import Diagnosis
from perftools.record import Allocations, Audit, Missing, Process, Quality, Samples, Target
from perftools.report.page import Page, Span
from perftools.report.paths import Paths
from perftools.report.words import GLUE, clean, count, glued, milliseconds, number, percent, plural, seconds

LAST_VERDICT_ROW = 14
"""The verdict ends here at the latest, so that the first finding stands in the first 24 rows."""
LONGEST_TITLE = 60
HANG = 9

ENDED = {
    "complete": "",
    "early": ", enough to tell",
    "extended": ", extended",
    "interrupted": ", interrupted",
    "gone": ", until it ended",
}


def write(page: Page, audit: Audit, diagnosis: Diagnosis, paths: Paths, next_commands: Sequence[str]) -> None:
    page.write(*_apart(_target(audit.target)), hang=2)
    page.write(*_apart(_watched(audit)), hang=2)
    if paths.root:
        page.write(f"code below {clean(paths.root)}/", hang=2)
    page.blank()
    _verdict(page, diagnosis)
    page.blank()
    _next(page, next_commands)


def title(process: Process) -> str:
    """The process as `ps` would show it, without the folders of interpreter and script."""
    arguments = [clean(argument) for argument in process.cmdline] or [clean(process.executable)]
    said = " ".join([*(posixpath.basename(argument) or argument for argument in arguments[:2]), *arguments[2:]])
    return said if len(said) <= LONGEST_TITLE else said[: LONGEST_TITLE - 1] + "…"


def _target(target: Target) -> Iterator[Span]:
    root = next((process for process in target.processes if process.pid == target.root_pid), None)
    yield f"pid{GLUE}{target.root_pid}"
    if root:
        yield (title(root), "bold")
    versions = sorted({process.python for process in target.workers if process.python})
    if versions:
        yield f"CPython{GLUE}{clean(', '.join(versions))}"
    cpus = f"{number(target.cpus.effective)}{GLUE}CPU{'' if target.cpus.effective == 1 else 's'}"
    yield f"{glued(target.container)}, {cpus}" if target.container else cpus
    yield plural(len(target.workers), "worker")
    if target.asked != f"pid {target.root_pid}":
        yield f"the service of {glued(target.asked)}"


def _watched(audit: Audit) -> Iterator[Span]:
    quality = audit.quality
    load = "under load" if quality.loaded else "not loaded"
    yield f"watched {seconds(quality.window_s)} {load}{ENDED[quality.ended]}"
    yield _stacks(audit.observations.samples)
    yield f"observer {_observer(quality)}, {_stopped(audit.observations.allocations)}"


def _stacks(samples: Samples | Missing) -> str:
    if isinstance(samples, Missing):
        return "no stacks"
    taken = sum(len(stream.stacks) for stream in samples.streams)
    tried = taken + samples.cost.lost
    lost = f", {percent(samples.cost.lost / tried)} lost" if samples.cost.lost else ""
    return f"{plural(taken, 'stack')}{lost}"


def _observer(quality: Quality) -> str:
    return f"{percent(quality.observer_cpu_s / quality.window_s)} of a core" if quality.window_s else "?"


def _stopped(allocations: Allocations | Missing) -> str:
    """What the service was made to stand still for."""
    if isinstance(allocations, Missing):
        return "nothing stopped"
    stall_ms = allocations.attach_stall_ms + allocations.detach_stall_ms
    return f"then memray stopped pid {allocations.pid} for {milliseconds(stall_ms)}"


def _verdict(page: Page, diagnosis: Diagnosis) -> None:
    for index, clause in enumerate(diagnosis.verdict):
        left = len(diagnosis.verdict) - index
        if index and left > 1 and page.rows >= LAST_VERDICT_ROW:
            page.write(f"and {count(left)} more, below", hang=HANG, indent=HANG)
            break
        mark: Span = (f"{GLUE}[{clause.finding}]", "bold") if clause.finding else ""
        page.write((glued(clause.text), "bold"), mark, label="" if index else ("VERDICT", "bold"), hang=HANG)


def _next(page: Page, commands: Sequence[str]) -> None:
    for index, command in enumerate(commands):
        said, _, comment = clean(command).partition("  # ")
        label = "" if index else "NEXT"
        if page.fits(said, "  ", comment, indent=HANG):
            page.whole(said, ("  " + comment, "dim"), label=label, hang=HANG)
        else:
            page.whole(said, label=label, hang=HANG)
            page.write((comment, "dim"), indent=HANG, hang=HANG)
    page.blank()


def _apart(parts: Iterator[Span]) -> Iterator[Span]:
    """Parts that are broken between, not within."""
    for index, part in enumerate(parts):
        if index:
            yield "   "
        said, style = part if isinstance(part, tuple) else (part, "")
        yield said.replace(" ", GLUE), style
