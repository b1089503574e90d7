"""What the counters of a collector say of pauses whose method does not tell their generation."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from perftools.collect.gc.observer import RawPause
from perftools.remote.gc_state import Counter

PATIENCE_NS = 100_000_000
"""How long pauses wait for what would tell their generations."""
_REMEMBERED_NS = 1_000_000_000
_BLUR_NS = 100_000
"""The time of a look is that of its end."""
_MUCH_LONGER = 4


class Ran(NamedTuple):
    """What happened between two readings of the counters."""

    collections: int
    generation: int | None
    """Where it was only one."""
    collected: int | None
    """Objects freed, where by one collection."""


def ran(before: Sequence[Counter], after: Sequence[Counter]) -> Ran:
    """The collections between two readings."""
    moved = [
        (generation, new.collections - old.collections, new.collected - old.collected)
        for generation, (old, new) in enumerate(zip(before, after, strict=True))
        if new.collections != old.collections
    ]
    total = sum(collections for _, collections, _ in moved)
    if len(moved) != 1:
        return Ran(total, None, None)
    generation, _, collected = moved[0]
    return Ran(total, generation, collected if total == 1 else None)


@dataclass
class _Move:
    """Two looks between which the counters moved."""

    after_ns: int
    until_ns: int
    ran: Ran
    generations: list[int]
    """Of each collection, oldest generation first."""
    pauses: list[RawPause] = field(default_factory=list)
    """Those that ended meanwhile, as far as they are known and not given back."""


class Tally:
    """Gives each pause the generation whose counter moved when it ended.

    The counter moves within its pause, right before the end. A method may tell of a pause long after that, so what the
    counters did is remembered; where those of several generations moved between two looks, the pauses wait for each
    other for a while.
    """

    def __init__(self, counters: tuple[Counter, ...], at_ns: int) -> None:
        self.first = self.last = counters
        self.pauses = 0
        """All that were given back."""
        self._looked_ns = at_ns
        self._moves: deque[_Move] = deque()
        self._incomplete: list[_Move] = []
        """Those with pauses that are not given back."""
        self._waiting: list[RawPause] = []

    def settle(self, at_ns: int, counters: tuple[Counter, ...], pauses: Sequence[RawPause]) -> list[RawPause]:
        """The pauses whose generation is known now, or will not be. `at_ns`: when the counters were read."""
        if counters != self.last:
            moved = range(len(counters) - 1, -1, -1)
            times = [counters[each].collections - self.last[each].collections for each in moved]
            generations = [each for each, count in zip(moved, times, strict=True) for _ in range(count)]
            self._moves.append(_Move(self._looked_ns, at_ns, ran(self.last, counters), generations))
        self.last, self._looked_ns = counters, at_ns
        settled = [pause for pause in pauses if pause.generation is not None]
        settled += self._place([*self._waiting, *(pause for pause in pauses if pause.generation is None)])
        for move in self._incomplete:
            settled += self._named(move)
        self._incomplete = [move for move in self._incomplete if move.pauses]
        while self._moves and at_ns - self._moves[0].until_ns > _REMEMBERED_NS:
            self._moves.popleft()
        settled.sort()
        self.pauses += len(settled)
        return settled

    @property
    def unseen(self) -> int:
        """Collections that the counters have and no pause stands for."""
        waiting = len(self._waiting) + sum(len(move.pauses) for move in self._incomplete)
        return max(0, ran(self.first, self.last).collections - self.pauses - waiting)

    def _place(self, pauses: Sequence[RawPause]) -> list[RawPause]:
        """Bring each pause to the looks around its end; those that nothing was counted for are given back."""
        self._waiting = []
        uncounted = []
        for pause in pauses:
            if (move := self._move(pause)) is not None:
                move.pauses.append(pause)
                if len(move.pauses) == 1:
                    self._incomplete.append(move)
            elif self._looked_ns - pause.stop_ns < PATIENCE_NS:
                self._waiting.append(pause)
            else:
                uncounted.append(pause)
        return uncounted

    def _move(self, pause: RawPause) -> _Move | None:
        """Where its end lies; or, where the looks of its end saw nothing move, what moved within it shortly before."""
        if pause.stop_ns > self._looked_ns:
            return None
        around = [each for each in self._moves if each.after_ns < pause.stop_ns <= each.until_ns]
        within = [each for each in self._moves if pause.start_ns < each.until_ns < pause.stop_ns]
        near = [each for each in self._moves if 0 <= each.after_ns - pause.stop_ns < _BLUR_NS]
        return next(iter([*around, *reversed(within), *near]), None)

    def _named(self, move: _Move) -> list[RawPause]:
        """The pauses of a move, with the generation of each, if they are all there or no longer waited for."""
        collections, generation, collected = move.ran
        late = self._looked_ns - move.until_ns >= PATIENCE_NS
        if not move.pauses or (generation is None and len(move.pauses) < collections and not late):
            return []
        pauses, move.pauses = move.pauses, []
        if generation is not None:
            return [pause._replace(generation=generation, collected=collected) for pause in pauses]
        return ranked(pauses, move.generations) if len(pauses) == collections else pauses


def ranked(pauses: Sequence[RawPause], generations: Sequence[int]) -> list[RawPause]:
    """Pauses of several generations (given oldest first): what is much longer is of an older one.

    A collection of the oldest generation looks at all that the younger ones look at, and more; where two pauses of
    different generations are alike, neither gets one.
    """
    longest = sorted(pauses, key=lambda pause: pause.start_ns - pause.stop_ns)
    lengths = [pause.stop_ns - pause.start_ns for pause in longest]
    edges = [0, *(at for at in range(1, len(longest)) if generations[at] != generations[at - 1]), len(longest)]
    clear = [at in (0, len(longest)) or lengths[at - 1] > _MUCH_LONGER * lengths[at] for at in edges]
    named = []
    for (start, end), (before, after) in zip(itertools.pairwise(edges), itertools.pairwise(clear), strict=True):
        generation = generations[start] if before and after else None
        named += [pause._replace(generation=generation) for pause in longest[start:end]]
    return named
