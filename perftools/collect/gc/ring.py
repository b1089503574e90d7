"""A collector watched by the statistics that CPython 3.15 and later keep themselves: each run with its exact times."""

from __future__ import annotations

import time

from perftools.collect.gc.observer import RawPause
from perftools.record import GcMethod
from perftools.remote.gc_state import Entry, GcState


class Ring:
    """Reads what the process wrote down of its last collections: 11 of the youngest generation, 3 of each older one.

    At 50 reads a second that is enough up to 550 young collections a second; what was overwritten is counted as lost.
    """

    method: GcMethod = "ring"
    interval_s = 0.02
    open_tid: int | None = None

    def __init__(self, state: GcState) -> None:
        """Begins with what the ring holds now. Raises Unreadable."""
        self.lost = 0
        self.open_since_ns: int | None = None
        self._state = state
        self._seen = [counter.collections for counter in state.look()[1]]
        """Collections of each generation that are reported, lost, or older than we are."""
        self._last: dict[int, Entry] = {}

    def drain(self) -> list[RawPause]:
        """The collections that have ended since the last call, by start. Raises Unreadable."""
        pauses = [pause for entry in self._state.entries() if (pause := self._pause(entry))]
        pauses.sort()
        collecting, now_ns = self._state.look()[0], time.monotonic_ns()
        if not collecting:
            self.open_since_ns = None
        elif self.open_since_ns is None or any(pause.stop_ns >= self.open_since_ns for pause in pauses):
            self.open_since_ns = now_ns
        return pauses

    def close(self) -> None:
        """Nothing is held open."""

    def _pause(self, entry: Entry) -> RawPause | None:
        """What the entry adds to the one before it; None if it is known. Entries come in the order of their totals."""
        generation, before = entry.generation, self._last.get(entry.generation)
        self._last[generation] = entry
        unknown = entry.collections - self._seen[generation]
        if unknown <= 0:
            return None
        self._seen[generation] = entry.collections
        self.lost += unknown - 1
        collected = examined = None
        if entry.collections == 1:
            collected, examined = entry.collected, entry.examined
        elif before is not None and before.collections == entry.collections - 1:
            collected, examined = entry.collected - before.collected, entry.examined - before.examined
        return RawPause(entry.start_ns, entry.stop_ns, None, generation, collected, examined)
