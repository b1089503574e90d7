"""What an observer saw, held against what the target knows: found, missed and invented pauses and their durations."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

NEAR_NS = 1_500_000
"""A poller may see a short pause up to a tick and a half late."""


class Known(NamedTuple):
    """A collection as the target itself timed it."""

    start_ns: int
    stop_ns: int
    generation: int
    tid: int
    collected: int
    line: int
    function: str
    waited_start_ns: int = 0
    waited_stop_ns: int = 0
    """How long the thread had stood ready without a CPU, up to the start and up to the stop."""

    @property
    def duration_ns(self) -> int:
        return self.stop_ns - self.start_ns


class Seen(NamedTuple):
    """A collection as an observer saw it. None where it could not tell."""

    start_ns: int
    stop_ns: int
    generation: int | None = None
    tid: int | None = None
    at: tuple[str, int] | None = None
    """Function and line that was executing."""

    @property
    def duration_ns(self) -> int:
        return self.stop_ns - self.start_ns


class Match(NamedTuple):
    known: Known
    seen: Seen
    waited_ns: int
    """How long the thread stood ready without a CPU between its neighbouring collections, but within this one."""

    def error_ns(self, unseen_ns: int) -> int:
        """Observed minus true duration; `unseen_ns` is what the truth misses of each collection."""
        return self.seen.duration_ns - self.known.duration_ns - unseen_ns


class Comparison(NamedTuple):
    matches: list[Match]
    missed: list[Known]
    invented: list[Seen]


def compare(known: Sequence[Known], seen: Sequence[Seen]) -> Comparison:
    """Pair them one to one, those that overlap most first; what is left over was missed or invented."""
    candidates = []
    first = 0
    seen = sorted(seen)
    for index, truth in enumerate(known):
        while first < len(seen) and seen[first].stop_ns < truth.start_ns - NEAR_NS:
            first += 1
        for number in range(first, len(seen)):
            if seen[number].start_ns > truth.stop_ns + NEAR_NS:
                break
            overlap_ns = min(truth.stop_ns, seen[number].stop_ns) - max(truth.start_ns, seen[number].start_ns)
            if overlap_ns > -NEAR_NS:
                candidates.append((overlap_ns, index, number))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, index, number in sorted(candidates, reverse=True):
        if index not in pairs and number not in taken:
            pairs[index] = number
            taken.add(number)
    around = _waited_around(known)
    return Comparison(
        [Match(known[index], seen[number], around[index]) for index, number in sorted(pairs.items())],
        [truth for index, truth in enumerate(known) if index not in pairs],
        [pause for number, pause in enumerate(seen) if number not in taken],
    )


def _waited_around(known: Sequence[Known]) -> list[int]:
    """For each: the run-queue delay since its thread's collection before it, and until the one after it."""
    around = [0] * len(known)
    last: dict[int, int] = {}
    for index, truth in enumerate(known):
        before = last.get(truth.tid)
        if before is not None:
            between_ns = truth.waited_start_ns - known[before].waited_stop_ns
            around[before] += between_ns
            around[index] += between_ns
        last[truth.tid] = index
    return around


class Accuracy(NamedTuple):
    """Figures over the pauses of at least `floor_ms`, as the target timed them. Durations in ms."""

    floor_ms: float
    pauses: int
    found: int
    invented: int
    """Of at least `floor_ms`, as the observer timed them."""
    median_error_ms: float | None
    worst_error_ms: float | None
    within_100us: int
    within_500us: int
    waited: int
    """Of those that are not within 0.5 ms: how many whose thread waited for a CPU around them for the rest."""
    generations: tuple[int, int]
    """Right, told."""
    lines: tuple[int, int]
    threads: tuple[int, int]


def accuracy(compared: Sequence[tuple[Comparison, int]], floor_ms: float) -> Accuracy:
    """Over several runs, each with what its truth misses of a collection (ns)."""
    floor_ns = floor_ms * 1e6
    found, missed, invented, errors, far, waited = [], 0, 0, [], 0, 0
    for comparison, unseen_ns in compared:
        missed += sum(truth.duration_ns >= floor_ns for truth in comparison.missed)
        invented += sum(pause.duration_ns >= floor_ns for pause in comparison.invented)
        for match in comparison.matches:
            if match.known.duration_ns < floor_ns:
                continue
            found.append(match)
            errors.append(error_ns := abs(match.error_ns(unseen_ns)))
            if error_ns > 500_000:
                far += 1
                waited += match.waited_ns >= error_ns - 500_000
    return Accuracy(
        floor_ms,
        len(found) + missed,
        len(found),
        invented,
        statistics.median(errors) / 1e6 if errors else None,
        max(errors) / 1e6 if errors else None,
        sum(error <= 100_000 for error in errors),
        len(errors) - far,
        waited,
        _right(match.seen.generation == match.known.generation for match in found if match.seen.generation is not None),
        _right(match.seen.at == (match.known.function, match.known.line) for match in found if match.seen.at),
        _right(match.seen.tid == match.known.tid for match in found if match.seen.tid is not None),
    )


def _right(judged: Iterable[bool]) -> tuple[int, int]:
    each = list(judged)
    return sum(each), len(each)
