"""The garbage collector: its pauses over the window, what each generation takes, how it is set, how it was watched."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from perftools.finding import Diagnosis
from perftools.record import FROZEN_COUNTED, Audit, Collector, Gc, GcMethod, Missing, Pause
from perftools.report.gc_summary import Row, Worker, places, rows, workers
from perftools.report.page import Column, Page, Span
from perftools.report.paths import Paths, function
from perftools.report.strip import HEIGHTS, QUIET, axis, slice_s, strip
from perftools.report.words import GLUE, count, glued, milliseconds, number, percent, plural, seconds

RULES = ("gc-pause", "explicit-gc-collect")
LONG_MS = 10.0
OF_WALL = 0.05
"""Below both a collector is healthy, and said to be so in two lines."""
STRIPS = 6
GROUPS = 4
"""Settings that differ between workers, shown at most."""
PIDS = 6
CELLS = 60
SHORTEST_SLICE_S = 0.1
WAITED = 0.05
"""Part of a pause without a CPU from which that is said."""

INDENT = 4
HANG = 14
METHODS: dict[GcMethod, str] = {
    "watchpoint": "a hardware watchpoint",
    "ring": "the interpreter's own statistics",
    "poll": "polling",
}


def write(page: Page, audit: Audit, diagnosis: Diagnosis, paths: Paths) -> None:
    """Nothing where the collector was not watched: the reason stands with the rules that were not checked."""
    gc = audit.observations.gc
    if isinstance(gc, Missing) or not gc.collectors:
        return
    numbers = [n for n, finding in enumerate(diagnosis.findings, start=1) if finding.rule in RULES]
    seen = workers(gc)
    worst, most = seen[0], max(seen, key=lambda worker: worker.of_wall)
    page.blank()
    page.write(("GARBAGE COLLECTION", "bold"), *((f" [{n}]", "bold") for n in numbers))
    if not numbers and worst.worst_ms < LONG_MS and most.of_wall < OF_WALL:
        page.write(_healthy(gc, worst, most), indent=INDENT, hang=INDENT)
        page.write(f"watched {_watched(gc, audit.quality.window_s)}", indent=INDENT, hang=INDENT)
    else:
        page.write(_summary(worst, most, len(seen)), indent=INDENT, hang=INDENT)
        _strips(page, seen, audit.quality.window_s)
        _generations(page, gc)
        page.blank()
        _detail(page, audit, gc, worst, paths)
    for pids, missing in _unwatched(gc):
        page.write(f"not watched: {pids}: {glued(missing.reason)}", indent=INDENT, hang=INDENT)


def _healthy(gc: Gc, worst: Worker, most: Worker) -> str:
    collections = _collections(gc)
    if not collections and not gc.pauses:
        return f"no collection in the window: {_settings(worst.collector)}"
    where = " in the most affected worker" if len(gc.collectors) > 1 else ""
    share = f"{percent(most.of_wall)} of wall time{where}"
    longest = f"longest pause {milliseconds(worst.worst_ms)}, {share}" if gc.pauses else "no pause seen"
    return f"{longest}; {plural(collections, 'collection')}"


def _summary(worst: Worker, most: Worker, of: int) -> str:
    who = f"pid{GLUE}{most.collector.pid}, the most affected," if of > 1 else "the process"
    return f"longest pause {milliseconds(worst.worst_ms)}; {who} stood still for {percent(most.of_wall)} of the window"


def _strips(page: Page, seen: Sequence[Worker], window_s: float) -> None:
    affected = [worker for worker in seen if worker.pauses]
    span_s = window_s if window_s > 0 else max(worker.collector.end_s for worker in seen)
    if not affected or span_s < SHORTEST_SLICE_S:
        return
    shown = affected[:STRIPS]
    digits = max(len(str(worker.collector.pid)) for worker in shown)
    room = page.width - INDENT - digits - (len("  ") + len("9999 ms")) * (1 if page.narrow else 2) - len("  ")
    step = slice_s(span_s, max(min(room, CELLS, int(span_s / SHORTEST_SLICE_S)), 1))
    cells = math.ceil(span_s / step - 1e-9)
    highest_s = shown[0].worst_ms / 1000
    rows_: list[list[Span]] = []
    for worker in shown:
        events = ((pause.start_s, pause.duration_ms / 1000) for pause in worker.pauses)
        watched = (worker.collector.start_s, worker.collector.end_s)
        row = strip(events, watched, slice_s=step, cells=cells, highest_s=highest_s)
        said = [str(worker.collector.pid), row, milliseconds(worker.worst_ms), percent(worker.of_wall)]
        rows_.append([*said[: 3 if page.narrow else 4]])
    each = f"longest in each {step:g}{GLUE}s" if page.narrow else f"longest pause in each {step:g}{GLUE}s"
    heads = [Column("pid", "right"), Column(each), Column("worst", "right"), Column("of wall", "right")]
    page.blank()
    page.table(heads[: 3 if page.narrow else 4], rows_, indent=INDENT)
    page.cut(" " * (max(digits, len("pid")) + 2), (axis(span_s, step), "dim"), indent=INDENT)
    if len(affected) > STRIPS:
        rest = affected[STRIPS:]
        page.write((f"and {len(rest)} more, worst {milliseconds(rest[0].worst_ms)}", "dim"), indent=INDENT)
    page.write((_scale(rows_, highest_s), "dim"), indent=INDENT, hang=INDENT)


def _scale(rows_: Sequence[Sequence[Span]], highest_s: float) -> str:
    highest, lowest = milliseconds(1000 * highest_s), milliseconds(1000 * highest_s / len(HEIGHTS))
    said = f"{HEIGHTS[-1]} {highest}, {HEIGHTS[0]} up to {lowest}, {QUIET} no pause"
    return said.replace(" ", GLUE).replace("," + GLUE, ", ") + (
        ", blank: not watched" if any(" " in row[1] for row in rows_) else ""
    )


def _generations(page: Page, gc: Gc) -> None:
    found = rows(gc)
    if not found:
        return
    last = max(len(collector.generations) for collector in gc.collectors) - 1
    page.blank()
    if page.narrow:
        for row in found:
            page.write(f"generation {_name(row, last)}: {_narrow(row)}", indent=INDENT, hang=INDENT + 2)
    else:
        heads = [Column("generation")]
        heads += [Column(head, "right") for head in ("collections", "per s", "worst", "p50", "p99", "of wall", "freed")]
        page.table(heads, [_cells(row, last) for row in found], indent=INDENT)
    several = (
        f"{len(gc.collectors)} workers together; per s and of wall: a worker's average."
        if len(gc.collectors) > 1
        else ""
    )
    unknown = (
        "Unknown: counted in the rows above, too close together to tell which." if found[-1].generation is None else ""
    )
    if several or unknown:
        page.write((glued(f"{several} {unknown}".strip()), "dim"), indent=INDENT, hang=INDENT)


def _name(row: Row, last: int) -> str:
    if row.generation is None:
        return "unknown"
    return f"{row.generation}, full" if row.generation == last and last > 0 else str(row.generation)


def _cells(row: Row, last: int) -> list[str]:
    counted = (
        [count(row.collections), number(row.per_s)] if row.generation is not None else [f"({row.collections})", ""]
    )
    times = [milliseconds(ms) if ms is not None else "" for ms in (row.worst_ms, row.p50_ms, row.p99_ms)]
    freed = count(row.collected) if row.collected is not None else ""
    return [_name(row, last), *counted, *times, percent(row.of_wall) if times[0] else "", freed]


def _narrow(row: Row) -> str:
    parts = [plural(row.collections, "collection")]
    if row.generation is not None:
        parts[0] += f", {number(row.per_s)} per{GLUE}s"
    if row.worst_ms is not None:
        times = (("worst", row.worst_ms), ("p50", row.p50_ms), ("p99", row.p99_ms))
        parts += [f"{what}{GLUE}{milliseconds(ms)}" for what, ms in times if ms is not None]
        parts.append(f"{percent(row.of_wall)} of wall time")
    if row.collected is not None:
        parts.append(f"{plural(row.collected, 'object')} freed")
    return ", ".join(parts)


def _detail(page: Page, audit: Audit, gc: Gc, worst: Worker, paths: Paths) -> None:
    def line(label: str, said: str) -> None:
        page.write(said, label=label, indent=INDENT, hang=HANG)

    if worst.pauses:
        pause = max(worst.pauses, key=lambda each: each.duration_ms)
        line("Longest", ", ".join(_longest(audit, gc, pause, paths)))
    for index, said in enumerate(_all_settings(gc.collectors)):
        line("" if index else "Settings", said)
    line("Watched", _watched(gc, audit.quality.window_s))


def _longest(audit: Audit, gc: Gc, pause: Pause, paths: Paths) -> Iterator[str]:
    waited = ""
    if pause.waited_ms is not None and pause.waited_ms >= WAITED * pause.duration_ms:
        waited = f" ({milliseconds(pause.waited_ms)} of it waiting for a CPU)"
    yield f"{milliseconds(pause.duration_ms)}{waited} at {seconds(pause.start_s)} in pid{GLUE}{pause.pid}"
    if pause.generation is not None:
        yield f"generation{GLUE}{pause.generation}"
    where = places(audit, gc).get(pause.stack) if pause.stack is not None else None
    if where:
        yield f"set off at {paths.line(where)} {function(where)}"


def _all_settings(collectors: Sequence[Collector]) -> Iterator[str]:
    """One line where all workers have the same, else one for each that differs."""
    pids: dict[str, list[int]] = {}
    for collector in collectors:
        pids.setdefault(_settings(collector), []).append(collector.pid)
    for said, those in list(pids.items())[:GROUPS]:
        yield said if len(pids) == 1 else f"{_pids(those)}: {said}"
    if len(pids) > GROUPS:
        yield f"and {len(pids) - GROUPS} more"


def _settings(collector: Collector) -> str:
    thresholds = [str(generation.threshold) for generation in collector.generations]
    if not collector.enabled:
        state = "disabled"
    else:
        state = "disabled by a threshold of 0" if thresholds[:1] == ["0"] else "enabled"
    if collector.frozen >= FROZEN_COUNTED:
        frozen = f"{count(FROZEN_COUNTED)} objects or more frozen"
    else:
        frozen = f"{plural(collector.frozen, 'object')} frozen" if collector.frozen else "nothing frozen"
    return f"{state}; thresholds {f',{GLUE}'.join(thresholds)}; {frozen}"


def _watched(gc: Gc, window_s: float) -> str:
    ways = dict.fromkeys((collector.method, collector.because) for collector in gc.collectors)
    said = " and ".join(f"{METHODS[method]} ({glued(why)})" if why else METHODS[method] for method, why in ways)
    cost = f", cost {percent(gc.cost.cpu_s / window_s)} of{GLUE}a{GLUE}core" if window_s > 0 else ""
    return f"by {said}: {_completeness(gc)}{cost}"


def _completeness(gc: Gc) -> str:
    total, blind = _collections(gc), [collector for collector in gc.collectors if collector.unseen]
    if not blind:
        return f"all{GLUE}collections seen"
    said = f"{count(total - sum(collector.unseen for collector in blind))} of {plural(total, 'collection')} seen"
    if any(collector.method != "poll" for collector in blind):
        return said
    return f"{said}, the others shorter than {milliseconds(max(collector.max_gap_ms for collector in blind))}"


def _collections(gc: Gc) -> int:
    return sum(generation.collections for collector in gc.collectors for generation in collector.generations)


def _unwatched(gc: Gc) -> Iterator[tuple[str, Missing]]:
    pids: dict[Missing, list[int]] = {}
    for pid, missing in gc.unwatched.items():
        pids.setdefault(missing, []).append(pid)
    for missing, those in pids.items():
        yield _pids(those), missing


def _pids(pids: Sequence[int]) -> str:
    said = f"pid{GLUE}" + ", ".join(str(pid) for pid in pids[:PIDS])
    return said if len(pids) <= PIDS else f"{said} and {len(pids) - PIDS} more"
