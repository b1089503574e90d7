"""Which collections a line asked for by gc.collect(), as far as the stacks of pauses, looks or samples tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perftools.causes import Evidence, Trigger, trigger
from perftools.hot import Frame, blamed_ms
from perftools.record import Gc

Line = tuple[str, int]
_NOWHERE: Line = ("", 0)


@dataclass
class Calls:
    """The collections that one line asked for."""

    frame: Frame
    pauses: set[int]
    """Indices into Gc.pauses."""
    routes: dict[Frame, float]


def calls(gc: Gc, evidence: Evidence, limits: Mapping[str, float]) -> list[Calls]:
    """The lines on a request's way that ask for collections, with all that they asked for."""
    asking = _asking(gc, evidence, limits)
    found: dict[Line, Calls] = {}
    by_pid: dict[int, dict[Line, float]] = defaultdict(lambda: defaultdict(float))  # of full ones: ms, or looks
    for index, pause in enumerate(gc.pauses):
        if pause.stack is None:
            continue
        began = evidence.triggers[pause.stack]
        line = line_of(began.frame)
        if line in asking and began.explicit:
            _add(found, began, index, blamed_ms(pause))
        if pause.generation == _last(gc, pause.pid):
            by_pid[pause.pid][line] += blamed_ms(pause)
    for charge in gc.charges:
        if charge.pid not in by_pid:  # no pause has a stack: the looks are the next best
            by_pid[charge.pid][line_of(evidence.triggers[charge.stack].frame)] += charge.looks
    for index, pause in enumerate(gc.pauses):
        if pause.stack is not None or pause.generation != _last(gc, pause.pid):
            continue
        known = by_pid.get(pause.pid) or _sampled_s(pause.pid, gc, evidence)
        line = max(known, key=lambda each: known[each], default=_NOWHERE)
        if line in asking and known[line] >= limits["most"] * sum(known.values()):
            _add(found, asking[line], index, blamed_ms(pause))
    return list(found.values())


def _add(found: dict[Line, Calls], began: Trigger, index: int, own_ms: float) -> None:
    assert began.frame is not None
    each = found.setdefault(line_of(began.frame), Calls(began.frame, set(), {}))
    each.pauses.add(index)
    if began.route is not None:
        each.routes[began.route] = each.routes.get(began.route, 0.0) + own_ms


def _asking(gc: Gc, evidence: Evidence, limits: Mapping[str, float]) -> dict[Line, Trigger]:
    """Lines that call gc.collect() on a request's way: by the pauses' stacks and the looks, else by the samples."""
    triggers = evidence.triggers or tuple(trigger for trigger, _ in sampled_calls(evidence))
    times = Counter(line_of(evidence.triggers[pause.stack].frame) for pause in gc.pauses if pause.stack is not None)
    often = limits["often_per_s"] * max((each.end_s - each.start_s for each in gc.collectors), default=0.0)
    return {
        line_of(trigger.frame): trigger
        for trigger in triggers
        if trigger.explicit
        and (trigger.path == "request" or (trigger.path == "timer" and times[line_of(trigger.frame)] >= often))
    }


def sampled_calls(evidence: Evidence) -> Iterator[tuple[Trigger, int]]:
    """Busy stacks of the profile (by index) that end on a line which calls gc.collect(), a C function without frame."""
    profile = evidence.profile
    for index, stack in enumerate(profile.stacks if profile is not None else ()):
        assert profile is not None
        if profile.weight[index] > 0 and stack[-1].owner == "user":
            found = trigger(stack, evidence.code)
            if found.explicit:
                yield found, index


def _sampled_s(pid: int, gc: Gc, evidence: Evidence) -> dict[Line, float]:
    """Seconds of a process's full collections by the line that the samples name; the rest under no line."""
    profile = evidence.profile
    lines = {index: line_of(found.frame) for found, index in sampled_calls(evidence)}
    seconds: dict[Line, float] = defaultdict(float)
    for strand in profile.strands if profile is not None else ():
        if strand.thread[0] == pid:
            for stack in strand.stacks:
                if stack in lines:
                    seconds[lines[stack]] += strand.weight
    full_s = sum(
        blamed_ms(pause) / 1000 for pause in gc.pauses if pause.pid == pid and pause.generation == _last(gc, pid)
    )
    return {**seconds, _NOWHERE: max(0.0, full_s - sum(seconds.values()))}


def line_of(frame: Frame | None) -> Line:
    return (frame.file, frame.line) if frame is not None else _NOWHERE


def _last(gc: Gc, pid: int) -> int:
    """The number of a process's oldest generation; -1 where it was not watched."""
    return next((len(each.generations) - 1 for each in gc.collectors if each.pid == pid), -1)
