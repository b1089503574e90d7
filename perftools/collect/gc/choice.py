"""How to watch one process: the most exact method that is possible and cheap for it."""

from __future__ import annotations

from perftools.collect.gc import watchpoint
from perftools.collect.gc.observer import Observer
from perftools.collect.gc.poll import Poll
from perftools.collect.gc.ring import Ring
from perftools.record import GcMethod
from perftools.remote.gc_state import GcState
from perftools.remote.memory import Unreadable

MOST_WATCHED_PER_S = 200.0
"""Collections per second up to which a hardware watchpoint may be set. One costs the service two debug exceptions a
collection, 19 to 21 µs together (measured in a virtual machine, CPython 3.12): 0.4 % of a core at this rate."""
_BACK = 0.5
"""It is set again below so much of that rate: a service near the limit is not switched to and fro."""


class Chooser:
    """Opens observers of one process, and knows why not a better one."""

    def __init__(self, pid: int, state: GcState) -> None:
        self._pid = pid
        self._state = state
        self._refused: dict[GcMethod, str] = {}
        self.because = ""
        """Why not a better method, or why this one; of the observer that was opened last."""

    def open(self, per_s: float | None) -> Observer:
        """The best observer at so many collections per second (None: not known yet). Raises Unreadable."""
        dear = per_s is not None and per_s > MOST_WATCHED_PER_S
        self.because = f"{per_s:.0f} collections/s: a watchpoint would cost the service" if dear else ""
        if not dear and "watchpoint" not in self._refused and (exact := self._watchpoint()) is not None:
            return exact
        self.because = self.because or self._refused["watchpoint"]
        if "ring" not in self._refused and self._state.runtime.version >= (3, 15, 0):
            return Ring(self._state)
        return Poll(self._state)

    def better(self, method: GcMethod, per_s: float) -> bool:
        """Whether another method than the one in use fits so many collections per second."""
        if method == "watchpoint":
            return per_s > MOST_WATCHED_PER_S
        return "watchpoint" not in self._refused and per_s < _BACK * MOST_WATCHED_PER_S

    def refuse(self, method: GcMethod, why: str) -> None:
        """A method has failed: it is not tried again."""
        self._refused[method] = why

    def _watchpoint(self) -> Observer | None:
        try:
            opened = watchpoint.open(self._pid, self._state)
        except OSError as error:
            self.refuse("watchpoint", error.strerror or str(error))
        except Unreadable as error:
            if error.code:
                raise
            self.refuse("watchpoint", error.reason)
        else:
            self.because = "every pause is seen, at its exact times"
            return opened
        return None
