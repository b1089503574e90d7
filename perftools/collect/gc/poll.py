"""A collector watched by looking at it a thousand times a second: what can be read can be watched so."""

from __future__ import annotations

import time
from typing import Protocol

from perftools.collect.gc.observer import RawPause
from perftools.collect.gc.tally import Ran, ran
from perftools.record import GcMethod
from perftools.remote.gc_state import Counter

INTERVAL_S = 0.001
_FARTHEST_NS = 2_500_000
"""From a look, an edge is reckoned no farther away than this, however long we did not look."""


class Looks(Protocol):
    """What `GcState` offers that is needed here."""

    def look(self) -> tuple[bool, tuple[Counter, ...]]:
        """Whether it is collecting, and the counters."""


class Poll:
    """The edges of a pause lie midway between two looks: each is up to half an interval off, to both sides alike.

    A pause shorter than the interval is met by a look with the probability length / interval and then taken for one
    interval long: single short pauses are uncertain, the time in all of them together is not. That the counters moved
    tells one collection from the next where a look met both.
    """

    method: GcMethod = "poll"
    interval_s = INTERVAL_S
    lost = 0
    open_tid: int | None = None

    def __init__(self, state: Looks) -> None:
        """Begins to look. Raises Unreadable."""
        self._state = state
        self._look = self.collecting, self.counters = state.look()
        self.looked_ns = time.monotonic_ns()
        self.open_since_ns = self.looked_ns if self.collecting else None
        self._counted: tuple[int, Ran] | None = None
        """When the counters had the open pause already, and what they said."""

    def drain(self) -> list[RawPause]:
        """Look once. Raises Unreadable."""
        look = self._state.look()
        before_ns, before = self.looked_ns, self.counters
        now_ns = self.looked_ns = time.monotonic_ns()
        if look == self._look:  # as nearly always: the very same object, so this is cheap
            return []
        self._look = collecting, counters = look
        self.collecting, self.counters = look
        moved = counters != before
        to_edge_ns = min((now_ns - before_ns) // 2, _FARTHEST_NS)
        stop_ns, start_ns = before_ns + to_edge_ns, now_ns - to_edge_ns
        ended = []
        if self.open_since_ns is not None:
            if self._counted is not None and moved:  # the counted one had ended, and this was the next
                ended.append(_pause(self.open_since_ns, *self._counted))
                self.open_since_ns = self._counted[0]
            if moved:
                self._counted = stop_ns, ran(before, counters)
            if not collecting:
                ended.append(_pause(self.open_since_ns, stop_ns, self._counted[1] if self._counted else None))
                self.open_since_ns = self._counted = None
        elif collecting:
            self.open_since_ns = start_ns
        return ended

    def close(self) -> None:
        """Nothing is held open."""


def _pause(start_ns: int, stop_ns: int, counted: Ran | None) -> RawPause:
    if counted is None:
        return RawPause(start_ns, stop_ns)
    return RawPause(start_ns, stop_ns, generation=counted.generation, collected=counted.collected)
