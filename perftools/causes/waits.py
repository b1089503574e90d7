"""Where requests wait: the user's lines at which threads and tasks stand while they have a request in hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from msgspec.structs import replace

from perftools.causes.code import Code
from perftools.causes.evidence import Evidence
from perftools.causes.groups import function_of
from perftools.causes.in_flight import STILL, InFlight, in_flight
from perftools.causes.wait_words import depends_on, what
from perftools.causes.waiting import service_load
from perftools.finding import WaitLine, WaitTable, Where
from perftools.hot import Frame, classify, cut_at_process_entry
from perftools.hot import waits as known_wait
from perftools.record import Missing, Wait, WaitLooks, Waits

FEWEST_SIGHTINGS = 15
"""Waits of requests, over all looks, below which nothing is said of them."""
FEWEST_IN_FLIGHT = 0.1
"""Requests that wait on average, below which a service is idle rather than waiting."""
CPU_BOUND = 0.5
"""Of the CPUs that the service may use, from which it is no longer called not CPU-bound."""
MOSTLY = 2.0
"""How many requests wait for each thread that runs or wants to, where waiting is what a service does."""
SATURATED = 0.7
"""Threads of one process that run, or want to, from which its GIL or its event loop holds requests up."""
_MOST = 12
_LEAST = 0.01


class _Stand(NamedTuple):
    """Requests that wait at one place of one process."""

    wait: Wait
    found: InFlight
    what: str
    depends_on: Literal["pool", "tasks"] | None
    mean: float
    """How many of them, on average."""


class _Place(NamedTuple):
    """A user's line, and what it calls there."""

    file: str
    line: int
    what: str


@dataclass
class _Row:
    """All that waits at one place."""

    mean: float = 0.0
    looks: int = 0
    longest_s: float = 0.0
    in_threads: float = 0.0
    frames: Counter[Frame] = field(default_factory=Counter)
    entries: dict[Frame, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, stand: _Stand, mean: float) -> None:
        self.mean += mean
        self.looks += stand.wait.looks
        self.longest_s = max(self.longest_s, stand.wait.longest_s)
        self.in_threads += mean if stand.wait.kind == "thread" else 0.0
        self.frames[stand.found.frame] += stand.wait.looks
        if stand.found.entry is not None:
            self.entries[stand.found.entry] += mean


def wait_table(evidence: Evidence) -> WaitTable | Missing:
    """Lines by the wall time that requests spent in them, most first; the first, and those with at least 1 % of it.

    Where a request waits for a job of a thread pool, or for other tasks, the job's or task's own place stands for it.
    Only as many as have none (the pool is full) are counted where they wait for it.
    """
    audit, code = evidence.audit, evidence.code
    waits = audit.observations.waits
    if isinstance(waits, Missing):
        return waits
    processes = _by_process(waits.looks)
    rows: dict[_Place, _Row] = defaultdict(_Row)
    waiting_in: dict[int, float] = defaultdict(float)
    for pid, stands in _stands(waits, processes, code, audit.target.user_paths).items():
        for stand, mean in _told_once(stands):
            waiting_in[pid] += mean
            rows[_Place(stand.found.frame.file, stand.found.frame.line, stand.what)].add(stand, mean)
    busy = {pid: (each.running + (each.gil or 0)) / each.looks for pid, each in processes.items()}
    waiting, running = sum(waiting_in.values()), sum(busy.values())
    enough = sum(row.looks for row in rows.values()) >= FEWEST_SIGHTINGS and waiting >= FEWEST_IN_FLIGHT
    held_up = sum(mean for pid, mean in waiting_in.items() if busy[pid] >= SATURATED)
    load = service_load(audit.observations.sched, audit.observations.threads)
    used = running if load is None else load.running
    spare = used < CPU_BOUND * audit.target.cpus.effective
    heaviest = sorted(rows.items(), key=lambda item: -item[1].mean)[: _MOST if enough else 0]
    return WaitTable(
        lines=tuple(
            _line(place, row, waiting + running, code)
            for at, (place, row) in enumerate(heaviest)
            if at == 0 or row.mean >= _LEAST * (waiting + running)
        ),
        waiting=waiting,
        running=running,
        looks=sum(each.looks for each in processes.values()),
        held_up=2 * held_up > waiting,
        not_cpu_bound=enough and spare and waiting > MOSTLY * running and 2 * held_up < waiting,
        tasks=next((each.tasks for each in processes.values() if each.tasks is not None), None),
    )


def _by_process(looks: Iterable[WaitLooks]) -> Mapping[int, WaitLooks]:
    """One for each process: a worker that could not be read for a time was begun anew."""
    found: dict[int, WaitLooks] = {}
    for each in looks:
        before = found.get(each.pid)
        if before is None:
            found[each.pid] = each
            continue
        found[each.pid] = replace(
            each,
            looks=before.looks + each.looks,
            span_s=max(before.span_s, each.span_s),
            failed=before.failed + each.failed,
            running=before.running + each.running,
            gil=None if before.gil is None or each.gil is None else before.gil + each.gil,
        )
    return {pid: each for pid, each in found.items() if each.looks}


def _stands(
    waits: Waits, processes: Mapping[int, WaitLooks], code: Code, user_paths: tuple[str, ...]
) -> dict[int, list[_Stand]]:
    """The requests that wait, by process."""
    frames = [classify(*frame, user_paths) for frame in waits.frames]
    stacks = [cut_at_process_entry(tuple(frames[at] for at in reversed(stack))) for stack in waits.stacks]
    stands: dict[int, list[_Stand]] = defaultdict(list)
    for wait in waits.waits:
        stack, process = stacks[wait.stack], processes.get(wait.pid)
        if process is None or not stack or not _is_wait(wait, stack[-1], process, code):
            continue
        still = wait.longest_s >= STILL * process.span_s > 0
        found = in_flight(stack, code, kind=wait.kind, call=wait.call, still=still)
        if found is not None:
            said, other = what(found, wait.call, code), depends_on(found, wait.call, code, wait.kind)
            stands[wait.pid].append(_Stand(wait, found, said, other, wait.looks / process.looks))
    return stands


def _is_wait(wait: Wait, leaf: Frame, process: WaitLooks, code: Code) -> bool:
    """Whoever waits for the GIL stands in a futex too, which is no wait of its line where that cannot be told."""
    if process.gil is not None or wait.call != "futex":
        return True
    return known_wait(leaf) or (leaf.owner == "user" and code.waits_at(leaf))


def _told_once(stands: list[_Stand]) -> Iterator[tuple[_Stand, float]]:
    """How many requests count at each place: those that depend on others only beyond these."""
    jobs = sum(stand.mean for stand in stands if stand.depends_on is None and stand.found.pooled)
    others = sum(stand.mean for stand in stands if stand.depends_on is None and stand.wait.kind == "task")
    part: dict[str | None, float] = {None: 1.0}
    for kind, covered in (("pool", jobs), ("tasks", jobs + others)):
        dependent = sum(stand.mean for stand in stands if stand.depends_on == kind)
        part[kind] = max(0.0, 1 - covered / dependent) if dependent else 0.0
    for stand in stands:
        yield stand, stand.mean * part[stand.depends_on]


def _line(place: _Place, row: _Row, whole: float, code: Code) -> WaitLine:
    where = _where(row.frames.most_common(1)[0][0], code)
    entry = _where(max(row.entries, key=lambda each: row.entries[each]), code) if row.entries else None
    return WaitLine(
        where=where,
        what=place.what,
        kind="thread" if 2 * row.in_threads >= row.mean else "task",
        share=row.mean / whole,
        mean=row.mean,
        looks=row.looks,
        longest_s=row.longest_s,
        entry=entry if entry is not None and entry.function != where.function else None,
    )


def _where(frame: Frame, code: Code) -> Where:
    return Where(file=frame.file, line=frame.line, function=function_of(frame.file, frame.line, frame.function, code))
