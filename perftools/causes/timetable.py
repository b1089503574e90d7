"""Where the time goes: top lines and functions, each running, native and waiting; rules or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from perftools.causes.charge import Charge
from perftools.causes.evidence import Evidence
from perftools.causes.groups import function_of
from perftools.causes.waiting import Load, load_by_process, service_load
from perftools.finding import COLLECTING, ProcessLoad, TimeLine, TimeTable, Where
from perftools.hot import Frame, Profile
from perftools.record import Missing

_MOST = 12
_LEAST = 0.01

_Row = tuple[Where, bool]
"""A place, and whether the collector ran there rather than the place's own code."""


def time_table(evidence: Evidence) -> TimeTable | Missing:
    """Lines and functions with at least 1 % of the sampled CPU or of a thread's waiting time, most first.

    A line's parts are, as its share, of the CPU behind the samples; the table's are of that and the CPU that no sample
    explains. On targets <= 3.10 the samples show holders of the GIL only, and so nothing native. Garbage collections
    have rows of their own, under the lines that they began in.
    """
    profile, samples = evidence.profile, evidence.audit.observations.samples
    if profile is None or isinstance(samples, Missing):
        assert isinstance(samples, Missing)
        return samples
    lines: dict[_Row, set[int]] = defaultdict(set)
    functions: dict[_Row, set[int]] = defaultdict(set)
    does: dict[_Row, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for index, stack in enumerate(profile.stacks):
        if not (profile.weight[index] or profile.waited[index] or profile.held[index]):
            continue
        where, what = _place(stack, evidence.charges[index], evidence)
        collecting = what == COLLECTING
        function = Where(file=where.file, line=_first_line(where, evidence), function=where.function)
        lines[where, collecting].add(index)
        functions[function, collecting].add(index)
        does[where, collecting][what] += profile.weight[index]
    window_s = evidence.audit.quality.window_s or 1.0
    whole = (profile.total + profile.unseen_s) or 1.0
    held = min(profile.total, sum(profile.held)) if profile.gil_rounds else None
    load = service_load(evidence.audit.observations.sched, evidence.audit.observations.threads)
    return TimeTable(
        lines=_rows(lines, profile, window_s, does),
        functions=_rows(functions, profile, window_s, {row: {COLLECTING: 1.0} for row in functions if row[1]}),
        of=profile.of,
        cpu_percent=100 * profile.cpu_s / window_s,
        running=None if held is None else held / whole,
        native=None if held is None or profile.of == "gil" else (profile.total - held) / whole,
        unseen=profile.unseen_s / whole,
        cpu_waiting=load.cpu_waiting if load is not None else None,
        gil_waiting=load.gil_waiting if load is not None else None,
    )


def process_loads(evidence: Evidence) -> tuple[ProcessLoad, ...]:
    """Each worker's CPU, samples, hottest line and waits."""
    profile = evidence.profile
    threads, sched = evidence.audit.observations.threads, evidence.audit.observations.sched
    waiting: Mapping[int, Load] = {} if isinstance(sched, Missing) else load_by_process(sched)
    window_s = evidence.audit.quality.window_s or 1.0
    loads = []
    for process in evidence.audit.target.workers:
        seconds: dict[Where, float] = defaultdict(float)
        samples = 0
        for strand in profile.strands if profile is not None else ():
            if strand.thread[0] != process.pid:
                continue
            samples += len(strand.stacks)
            for index in strand.stacks:
                assert profile is not None
                where, what = _place(profile.stacks[index], evidence.charges[index], evidence)
                if what != COLLECTING:
                    seconds[where] += strand.weight
        cpu_s = 0.0
        if not isinstance(threads, Missing):
            cpu_s = sum(each.cpu_s for each in threads.rounds if each.pid == process.pid)
        load = waiting.get(process.pid)
        loads.append(
            ProcessLoad(
                pid=process.pid,
                cpu_percent=100 * cpu_s / window_s,
                samples=samples,
                top=max(seconds, key=lambda where: seconds[where]) if seconds else None,
                cpu_waiting=load.cpu_waiting if load is not None else None,
                gil_waiting=load.gil_waiting if load is not None else None,
            )
        )
    return tuple(loads)


def _rows(
    places: Mapping[_Row, set[int]], profile: Profile, window_s: float, does: Mapping[_Row, Mapping[str, float]]
) -> tuple[TimeLine, ...]:
    total = profile.total or 1.0
    heavy = sorted(
        ((sum(profile.weight[index] for index in members) / total, _waited(members, profile, window_s), row)
         for row, members in places.items()),
        key=lambda row: (-row[0], -row[1]),
    )  # fmt: skip
    rows = []
    for share, waiting, row in heavy[:_MOST]:
        if share < _LEAST and waiting < _LEAST:
            continue
        members = places[row]
        estimate = profile.estimate(members)
        running = None
        if profile.gil_rounds and profile.of == "cpu":
            running = min(estimate.value, sum(profile.held[index] for index in members) / total)
        what = does.get(row, {})
        rows.append(
            TimeLine(
                where=row[0],
                share=estimate,
                running=running,
                native=None if running is None else estimate.value - running,
                waiting=waiting,
                does=max(what, key=lambda label: what[label]) if what else "",
            )
        )
    return tuple(rows)


def _waited(members: Iterable[int], profile: Profile, window_s: float) -> float:
    """Seconds of waiting a second of the window: above 1 where several threads wait there."""
    return sum(profile.waited[index] for index in members) / window_s


def _place(stack: tuple[Frame, ...], charge: Charge | None, evidence: Evidence) -> tuple[Where, str]:
    """The line that a stack is shown under, and what is done there: the user's, or a library's where there is none."""
    collecting = charge is not None and charge.kind == "gc"
    frame = charge.frame if charge is not None else None
    if frame is None:
        frames = stack[:-1] if collecting else stack
        frame = next((each for each in reversed(frames) if each.owner == "user"), frames[-1] if frames else None)
    if frame is None:
        return Where(file="", line=0, function=""), ""
    what = COLLECTING if collecting else ""
    if charge is not None and charge.package:
        entry = "" if charge.entry == charge.package else charge.entry
        what = f"{charge.package} {entry}".strip()
    return Where(
        file=frame.file, line=frame.line, function=function_of(frame.file, frame.line, frame.function, evidence.code)
    ), what


def _first_line(where: Where, evidence: Evidence) -> int:
    model = evidence.code.model_at(where.file, where.line)
    function = model.function_at(where.line) if model is not None else None
    return function.span.line if function is not None else 0
