"""Charges gathered by place: all stacks of one loop, and all stacks that one function spends in one library."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any, NamedTuple, TypeVar

from perftools.causes.charge import Charge
from perftools.causes.code import Code, Loop
from perftools.finding import Where
from perftools.hot import Frame, Profile
from perftools.source import Span

Key = TypeVar("Key")
Seconds = defaultdict[Key, float]
"""CPU seconds by place."""


def _seconds() -> defaultdict[Any, float]:
    return defaultdict(float)


HELPER_SHARE = 0.1
"""A function that the loop calls counts as part of it from this share of the loop's samples on."""


@dataclass(frozen=True)
class Place:
    """A function of the user's, as a place that calls go through."""

    file: str
    function: str


@dataclass
class LoopGroup:
    """All that one loop is charged with."""

    loop: Loop
    members: set[int] = field(default_factory=set)
    weight: float = 0.0
    lines: Seconds[tuple[str, int]] = field(default_factory=_seconds)
    """CPU seconds by (file, line), in the loop and in the helpers, callers' lines included."""
    own: Seconds[tuple[str, int]] = field(default_factory=_seconds)
    """CPU seconds by the user's (file, line) nearest the leaf: these add up to the weight."""
    helpers: Seconds[Place] = field(default_factory=_seconds)
    outer: Seconds[Loop] = field(default_factory=_seconds)
    routes: Seconds[Frame] = field(default_factory=_seconds)


class Entry(NamedTuple):
    """A call into a library."""

    line: int
    """Of the user's code."""
    function: str
    """The library's function, qualified where the version has it."""
    file: str
    calls_back: bool
    """It called a function of the user's."""


@dataclass
class LibraryGroup:
    """All that one function of the user's spends in one library."""

    place: Place
    package: str
    members: set[int] = field(default_factory=set)
    weight: float = 0.0
    lines: Seconds[int] = field(default_factory=_seconds)
    """CPU seconds by the user's line."""
    entries: Seconds[Entry] = field(default_factory=_seconds)
    """CPU seconds by call into the library."""
    leaves: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Samples by leaf (file, line)."""
    routes: Seconds[Frame] = field(default_factory=_seconds)


def gather(
    profile: Profile, charges: Sequence[Charge | None], code: Code
) -> tuple[list[LoopGroup], list[LibraryGroup]]:
    """Loops and library uses, heaviest first; stacks without a charge (not busy) are left out."""
    loops: dict[Loop, LoopGroup] = {}
    libraries: dict[tuple[Place, str], LibraryGroup] = {}
    for index, charge in enumerate(charges):
        if charge is None or charge.frame is None:
            continue
        weight = profile.weight[index]
        if charge.loop is not None:
            group = loops.setdefault(charge.loop, LoopGroup(charge.loop))
            group.members.add(index)
            group.weight += weight
            group.own[charge.frame.file, charge.frame.line] += weight
            source = code.sources[charge.loop.source]
            span = code.model(charge.loop.source).units[charge.loop.unit].span
            inside = {(frame.file, frame.line) for frame in profile.stacks[index] if _inside(frame, source.file, span)}
            for line in inside | {(frame.file, frame.line) for frame in charge.helpers}:
                group.lines[line] += weight
            for place in {place_of(frame, code) for frame in charge.helpers}:
                group.helpers[place] += weight
            for loop in set(charge.outer):
                group.outer[loop] += weight
            if charge.route is not None:
                group.routes[charge.route] += weight
        elif charge.kind == "library":
            place = place_of(charge.frame, code)
            library = libraries.setdefault((place, charge.package), LibraryGroup(place, charge.package))
            library.members.add(index)
            library.weight += weight
            library.lines[charge.frame.line] += weight
            library.entries[Entry(charge.frame.line, charge.entry, charge.entry_file, charge.calls_back)] += weight
            leaf = profile.stacks[index][-1]
            library.leaves[leaf.file, leaf.line] += profile.count[index]
            if charge.route is not None:
                library.routes[charge.route] += weight
    return (
        sorted(loops.values(), key=lambda group: -group.weight),
        sorted(libraries.values(), key=lambda group: -group.weight),
    )


def _inside(frame: Frame, file: str, span: Span) -> bool:
    return frame.file == file and span.covers(frame.line)


def place_of(frame: Frame, code: Code) -> Place:
    """The named function around a frame's line, by the source where it is known."""
    return Place(frame.file, function_of(frame.file, frame.line, frame.function, code))


def function_of(file: str, line: int, sampled: str, code: Code) -> str:
    """Qualified name of the named function around a line; from the sampler's name where the source is not known."""
    source = code.source_at(file, line)
    if source is not None:
        function = code.model(source).function_at(line)
        return function.name if function is not None else code.sources[source].function
    parts = [part for part in sampled.split(".") if not (part.startswith("<") and part not in ("<locals>", "<module>"))]
    while parts and parts[-1] == "<locals>":
        parts.pop()
    return ".".join(parts) or sampled


def where_of(frame: Frame, code: Code) -> Where:
    """A frame as a place of the report."""
    return Where(file=frame.file, line=frame.line, function=function_of(frame.file, frame.line, frame.function, code))


def passes_through(profile: Profile, members: Iterable[int], file: str, span: Span) -> float:
    """The part of the members' weight whose stacks pass through a span of a file."""
    inside = total = 0.0
    for index in members:
        total += profile.weight[index]
        if any(_inside(frame, file, span) for frame in profile.stacks[index]):
            inside += profile.weight[index]
    return inside / total if total else 0.0


def leaf_diversity(leaves: Mapping[tuple[str, int], float], draws: int = 100) -> float:
    """Expected number of distinct leaf lines in `draws` samples.

    Small frames spend their time all over pandas, large ones in a few lines that call C. With fewer samples than draws
    the number is extrapolated by Chao1 (A. Chao et al., Ecological Monographs 84, 2014, eq. 9), since what was seen
    seldom tells of what was not seen.
    """
    counts = [round(count) for count in leaves.values() if count >= 1]
    total = sum(counts)
    if total >= draws:
        return sum(1 - comb(total - count, draws) / comb(total, draws) for count in counts)
    once, twice = counts.count(1), counts.count(2)
    unseen = once * (once - 1) / 2 if twice == 0 else once**2 / (2 * twice)
    if not unseen or not total:
        return float(len(counts))
    return len(counts) + unseen * (1 - (1 - once / (total * unseen + once)) ** (draws - total))
