"""Time in garbage collections, taken out of the lines that happened to allocate.

A collection starts wherever an allocation comes due, and the sampler charges it to that line. Samples carry no time
stamps, so which of them fell into a pause cannot be told; but the pauses give the collector's time, and looks at even
intervals that found it at work tell to which lines it was charged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

from perftools.hot.frames import Frame
from perftools.hot.interval import Strand
from perftools.hot.profile import Profile
from perftools.record import Gc, Pause

COLLECTING = Frame("garbage collection", "<gc>", 0, "stdlib", "gc")
"""Stands below the line that a collection was charged to, as if it had a frame of its own."""

_Line = tuple[int, str, str, int]
"""(pid, file, last part of the function's name, line) of a leaf."""
_Function = tuple[int, str, str]


def blamed_ms(pause: Pause) -> float:
    """Wall time of a pause for which the collector is to blame: without the time its thread waited for a CPU."""
    return min(max(pause.duration_ms - (pause.waited_ms or 0.0), 0.0), pause.duration_ms)


def without_collections(profile: Profile, gc: Gc) -> Profile:
    """The same profile, in which the samples that belong to collections stand on stacks that end in `COLLECTING`.

    Of the samples on a line that collections were charged to, the fraction (the collector's CPU seconds there / the
    CPU seconds of the samples there, at most 1) is taken, evenly spread over their order. What the looks charged to a
    line beyond that comes from the other lines of its function: the two readers may name neighbouring lines. Processes
    whose collector was not watched, or never seen at work, keep all their samples. Where `gc` is a lower bound
    (polling), so is what is taken.
    """
    fractions = _fractions(profile, gc)
    if not fractions:
        return profile
    split: dict[int, int] = {}
    owed: dict[_Line, float] = defaultdict(lambda: 0.5)  # rounds to the nearest number of samples
    strands = [_relabelled(strand, profile, fractions, owed, split) for strand in profile.strands]
    stacks = (*profile.stacks, *((*profile.stacks[stack], COLLECTING) for stack in split))
    nothing = (0.0,) * len(split)
    weight, count = [0.0] * len(stacks), [0] * len(stacks)
    for strand in strands:
        for stack in strand.stacks:
            weight[stack] += strand.weight
            count[stack] += 1
    held = [*profile.held, *nothing]
    for stack, collecting in split.items():  # a collection holds the GIL throughout
        held[collecting] = min(held[stack], weight[collecting])
        held[stack] -= held[collecting]
    return replace(
        profile,
        stacks=stacks,
        weight=tuple(weight),
        count=tuple(count),
        held=tuple(held),
        waited=(*profile.waited, *nothing),
        strands=tuple(strands),
        first_half=profile.first_half | {split[stack] for stack in profile.first_half & split.keys()},
    )


def _relabelled(
    strand: Strand, profile: Profile, fractions: Mapping[_Line, float], owed: dict[_Line, float], split: dict[int, int]
) -> Strand:
    kept = []
    for stack in strand.stacks:
        line = _line(strand.thread[0], profile.stacks[stack][-1])
        part = fractions.get(line, 0.0)
        taken = part > 0 and owed[line] + part >= 1
        owed[line] += part - taken
        kept.append(split.setdefault(stack, len(profile.stacks) + len(split)) if taken else stack)
    return strand._replace(stacks=tuple(kept))


def _due_s(gc: Gc) -> dict[_Line, float]:
    """CPU seconds that collections took, by the line that they were charged to."""
    spent_s: dict[int, float] = defaultdict(float)
    for pause in gc.pauses:
        own_ms = blamed_ms(pause) if pause.cpu_ms is None else min(max(pause.cpu_ms, 0.0), pause.duration_ms)
        spent_s[pause.pid] += own_ms / 1000
    looks: Counter[int] = Counter()
    charged: Counter[_Line] = Counter()
    for charge in gc.charges:
        if (stack := gc.stacks[charge.stack]) and charge.looks:
            function, file, number = gc.frames[stack[0]]
            looks[charge.pid] += charge.looks
            charged[charge.pid, file, function.rpartition(".")[2], number] += charge.looks
    return {line: spent_s[line[0]] * count / looks[line[0]] for line, count in charged.items()}


def _fractions(profile: Profile, gc: Gc) -> dict[_Line, float]:
    """The part of the samples on each line that belongs to collections, where there is one."""
    sampled_s: dict[_Line, float] = defaultdict(float)
    for strand in profile.strands:
        for stack in strand.stacks:
            sampled_s[_line(strand.thread[0], profile.stacks[stack][-1])] += strand.weight
    due_s = _due_s(gc)
    beyond_s: dict[_Function, float] = defaultdict(float)
    for line, seconds in due_s.items():
        beyond_s[line[:3]] += max(0.0, seconds - sampled_s.get(line, 0.0))
    left_s: dict[_Function, float] = defaultdict(float)
    for line, seconds in sampled_s.items():
        left_s[line[:3]] += max(0.0, seconds - due_s.get(line, 0.0))
    fractions = {}
    for line, seconds in sampled_s.items():
        own = min(1.0, due_s.get(line, 0.0) / seconds) if seconds > 0 else 0.0
        beyond = min(1.0, beyond_s[line[:3]] / left_s[line[:3]]) if left_s[line[:3]] > 0 else 0.0
        if own or beyond:
            fractions[line] = own + (1 - own) * beyond
    return fractions


def _line(pid: int, leaf: Frame) -> _Line:
    return pid, leaf.file, leaf.name, leaf.line
