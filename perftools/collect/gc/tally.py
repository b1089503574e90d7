"""What the counters of a collector say of pauses whose method does not tell their generation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from perftools.collect.gc.observer import RawPause
from perftools.remote.gc_state import Counter

_PATIENCE = 3
"""Looks after which what does not fit together is let go: a pause was lost, or is none."""
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


class Tally:
    """Gives each pause the generation whose counter has moved, where no other has.

    The counter moves within its pause, just before its end. So the counters must be read before the pauses are
    fetched: a pause may then be known before its count is, and waits for it, but never a count long before its pause.
    """

    def __init__(self, counters: tuple[Counter, ...]) -> None:
        self.first = self.last = counters
        self.pauses = 0
        """All that were given back."""
        self._settled = counters
        """The counters up to which pauses are accounted for."""
        self._waiting: list[RawPause] = []
        self._looks = 0

    def settle(self, counters: tuple[Counter, ...], pauses: Sequence[RawPause]) -> list[RawPause]:
        """The pauses whose generation is known now, or will not be."""
        self.last = counters
        told = [pause for pause in pauses if pause.generation is not None]
        self._waiting += [pause for pause in pauses if pause.generation is None]
        settled = [*told, *self._fitting(len(told))]
        settled.sort()
        self.pauses += len(settled)
        return settled

    @property
    def unseen(self) -> int:
        """Collections that the counters have and no pause stands for."""
        return max(0, ran(self.first, self.last).collections - self.pauses - len(self._waiting))

    def _fitting(self, told: int) -> list[RawPause]:
        counted = ran(self._settled, self.last)
        if told or (not self._waiting and not counted.collections):
            fitting, self._waiting = self._waiting, []  # the method tells most of them; of these it cannot
            self._settled, self._looks = self.last, 0
            return fitting
        self._looks += 1
        if len(self._waiting) == counted.collections or (self._looks >= _PATIENCE and self._waiting):
            fitting = self._named(counted)
        elif self._looks >= _PATIENCE:
            fitting = []
        else:
            return []
        self._waiting, self._looks, self._settled = [], 0, self.last
        return fitting

    def _named(self, counted: Ran) -> list[RawPause]:
        """Those that wait, with the generation of each."""
        if counted.generation is not None and len(self._waiting) <= counted.collections:
            _, generation, collected = counted
            return [pause._replace(generation=generation, collected=collected) for pause in self._waiting]
        if len(self._waiting) != counted.collections:
            return self._waiting
        generations = [
            generation
            for generation, (old, new) in reversed(list(enumerate(zip(self._settled, self.last, strict=True))))
            for _ in range(new.collections - old.collections)
        ]
        return ranked(self._waiting, generations)


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
