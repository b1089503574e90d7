"""One process under watch: its observer, its counters, and what was seen of a collection while it ran."""

from __future__ import annotations

import contextlib
import time
from collections import Counter as Counts

from perftools.collect.gc.choice import Chooser
from perftools.collect.gc.meetings import OPEN_NS, Meetings
from perftools.collect.gc.observer import Observer, RawPause
from perftools.collect.gc.poll import Poll
from perftools.collect.gc.run_queue import ran_ns, waited_ns
from perftools.collect.gc.tally import PATIENCE_NS, Tally, ran
from perftools.collect.gc.trigger import Stacks, Walker
from perftools.record import Collector, GcCharge, GcMethod, Generation, Pause, Process
from perftools.remote.gc_state import GcState
from perftools.remote.memory import Unreadable

LOOK_NS = 5_000_000
"""How often it is noted whether a collection runs, and on behalf of which line."""
_OPEN_PART = 4
"""While one runs we look again after so small a part of the time that it has taken: soon enough after its end to tell
what it waited for a CPU from what its thread waited later."""
FIRST_RATE_NS = 250_000_000
RATE_NS = 1_000_000_000
"""How often the method is chosen anew."""
_SETTINGS_NS = 5_000_000_000


class Watched:
    """Made for a process whose collector was found. Its methods raise Unreadable where it cannot be read any more."""

    def __init__(self, process: Process, state: GcState, stacks: Stacks, zero_ns: int) -> None:
        self.process = process
        self.stretch = 1.0
        """By how much we look less often than we would like to."""
        self.next_ns = 0
        """When `tick` wants to be called."""
        self.pauses: list[Pause] = []
        """Taken away by whoever reports them."""
        self._state = state
        self._meetings = Meetings(process.pid, Walker(process, state, stacks), stacks)
        self._chooser = Chooser(process.pid, state)
        self._zero_ns = zero_ns
        self._settings, self._frozen = state.settings(), state.frozen()
        self._observer: Observer = self._chooser.open(None)
        self._observer.drain()
        self._poll = self._observer if isinstance(self._observer, Poll) else None
        counters = state.look()[1]
        self._start_ns = self._looked_ns = self._settings_ns = time.monotonic_ns()
        self._tally = Tally(counters, self._start_ns)
        self._used_ns: Counts[GcMethod] = Counts()
        self._reasons = {self._observer.method: self._chooser.because}
        self._since_ns = self._start_ns
        """Since when this observer is in use."""
        self._lost = 0
        self._rated_ns, self._rated = self._start_ns, self._tally.first
        self._rate_ns = self._start_ns + FIRST_RATE_NS
        self._grid_ns = LOOK_NS
        self._poll_ns = self._drain_ns = self._note_ns = 0
        self._noted = False
        """Whether a collection ran when something was noted last."""
        self._gap_ns = 0
        self._last_stop_ns = 0

    def tick(self, now_ns: int) -> None:
        """Look, and take in the pauses that have ended."""
        before_ns, self._looked_ns = self._looked_ns, now_ns
        self._gap_ns = max(self._gap_ns, now_ns - before_ns)
        if self._poll is not None:
            poll, looked_at = self._poll, self._poll.counters
            ended = poll.drain()
            if now_ns < self._note_ns and poll.collecting is self._noted and poll.counters is looked_at:
                self.next_ns = _next(now_ns, self._poll_ns)
                return  # nothing has happened, as nearly always
            collecting, counters, at_ns = poll.collecting, poll.counters, poll.looked_ns
        else:
            ended = []
            collecting, counters = self._state.look()
            at_ns = time.monotonic_ns()  # if the same collection runs after this, it ran now
            if now_ns >= self._drain_ns or self._noted:
                self._drain_ns = now_ns + int(1e9 * self._observer.interval_s * self.stretch)
                ended = self._drained(self._observer)
        due = now_ns // self._grid_ns != before_ns // self._grid_ns
        self._meetings.look(counters if collecting else None, at_ns, self._observer.open_tid, due=due)
        for pause in self._tally.settle(at_ns, counters, self._undoubled(ended)):
            self.pauses.append(self._pause(pause))
        self._schedule(now_ns)
        if now_ns >= self._rate_ns:
            self._choose(now_ns)

    def collector(self) -> Collector:
        """How it was watched, and what its counters say; up to the last tick."""
        if self._looked_ns - self._settings_ns > _SETTINGS_NS:
            with contextlib.suppress(Unreadable):
                self._settings_ns, self._settings = self._looked_ns, self._state.settings()
                self._frozen = self._state.frozen()
        tally, thresholds = self._tally, (*self._settings.thresholds, 0, 0, 0)
        method, because = self._method()
        return Collector(
            pid=self.process.pid,
            method=method,
            because=because,
            start_s=self._seconds(self._start_ns),
            end_s=self._seconds(self._looked_ns),
            enabled=self._settings.enabled,
            generations=tuple(
                Generation(
                    collections=last.collections - first.collections,
                    collected=last.collected - first.collected,
                    uncollectable=last.uncollectable - first.uncollectable,
                    threshold=threshold,
                )
                for first, last, threshold in zip(tally.first, tally.last, thresholds, strict=False)
            ),
            frozen=self._frozen,
            long_lived=self._settings.long_lived,
            pending=self._settings.pending,
            unseen=tally.unseen,
            max_gap_ms=1e-6 * self._gap_ns,
        )

    def finish(self) -> None:
        """Take in what the observer still holds of a process that has ended, by the counters as they were last read."""
        ended: list[RawPause] = []
        with contextlib.suppress(Unreadable, OSError):
            ended = self._observer.drain()
        after_ns = time.monotonic_ns() + 2 * PATIENCE_NS  # nothing more comes that would be worth waiting for
        for pause in self._tally.settle(after_ns, self._tally.last, self._undoubled(ended)):
            self.pauses.append(self._pause(pause))

    def take_charges(self) -> list[GcCharge]:
        """The looks since this was last called."""
        looks = self._meetings.take_looks()
        return [GcCharge(pid=self.process.pid, stack=stack, looks=count) for stack, count in looks.items()]

    @property
    def polled(self) -> bool:
        """Whether pauses are lost to rare looks: as polling misses them, and the ring of 3.15 overwrites them."""
        return self._observer.method != "watchpoint"

    @property
    def lost(self) -> int:
        """Events that the kernel or the ring dropped."""
        return self._lost + self._observer.lost

    def close(self) -> None:
        """Let go of everything; idempotent."""
        self._observer.close()
        self._meetings.close()

    def _drained(self, observer: Observer) -> list[RawPause]:
        """Where the watchpoint fails alone, the process is watched otherwise from now on."""
        try:
            return observer.drain()
        except OSError as error:
            self._state.look()  # raises where the process is gone
            self._chooser.refuse(observer.method, f"the {observer.method} failed: {error.strerror}")
            self._use(self._chooser.open(None))
            return []

    def _schedule(self, now_ns: int) -> None:
        """On a grid that all processes share, so that one waking serves them all."""
        self._grid_ns = int(LOOK_NS * self.stretch)
        running = self._meetings.running
        self._noted = running is not None
        self._note_ns = _next(now_ns, self._grid_ns)
        if running is not None:
            part_ns = max(OPEN_NS, (now_ns - running.at_ns) // _OPEN_PART)
            self._note_ns = min(self._note_ns, _next(now_ns, int(part_ns * self.stretch)))
        elif self._poll is not None:
            self._note_ns = self._rate_ns
        self._poll_ns = int(1e9 * self._observer.interval_s * self.stretch)
        self.next_ns = self._note_ns if self._poll is None else _next(now_ns, self._poll_ns)

    def _undoubled(self, ended: list[RawPause]) -> list[RawPause]:
        """Collections follow one another: one that began before the last one's end was told by the method before."""
        fresh = []
        for pause in ended:
            if pause.start_ns >= self._last_stop_ns:
                fresh.append(pause)
                self._last_stop_ns = pause.stop_ns
        return fresh

    def _pause(self, raw: RawPause) -> Pause:
        met = self._meetings.of(raw)
        waited = ran_ = None
        if met is not None:
            waited = waited_ns(raw.start_ns, raw.stop_ns, met.readings)
            ran_ = ran_ns(raw.start_ns, raw.stop_ns, met.readings, waited)
        return Pause(
            pid=self.process.pid,
            thread_id=raw.tid if raw.tid is not None or met is None else met.tid,
            start_s=self._seconds(raw.start_ns),
            duration_ms=1e-6 * (raw.stop_ns - raw.start_ns),
            waited_ms=None if waited is None else 1e-6 * waited,
            cpu_ms=None if ran_ is None else 1e-6 * ran_,
            generation=raw.generation,
            collected=raw.collected,
            examined=raw.examined,
            stack=None if met is None else met.stack,
        )

    def _choose(self, now_ns: int) -> None:
        """Turn to another method where the rate of collections asks for it; nothing is lost or told twice.

        Where a collection runs, later. The new observer begins before the old one is asked for the last time, and of
        what both have seen `_undoubled` lets through one.
        """
        old = self._observer
        if self._meetings.running is not None or old.open_since_ns is not None:
            return
        rate = ran(self._rated, self._tally.last).collections / max(1e-9 * (now_ns - self._rated_ns), 1e-9)
        self._rated_ns, self._rated, self._rate_ns = now_ns, self._tally.last, now_ns + RATE_NS
        if not self._chooser.better(old.method, rate):
            return
        because, new = self._chooser.because, self._chooser.open(rate)
        if new.method == old.method:
            new.close()
            self._chooser.because = because
            return
        ended = old.drain()
        if old.open_since_ns is not None:  # one began meanwhile, that the new observer does not know
            new.close()
            self._chooser.because = because
        else:
            self._use(new)
        counters = self._state.look()[1]
        for pause in self._tally.settle(time.monotonic_ns(), counters, self._undoubled(ended)):
            self.pauses.append(self._pause(pause))

    def _use(self, observer: Observer) -> None:
        now_ns = time.monotonic_ns()
        self._used_ns[self._observer.method] += now_ns - self._since_ns
        self._since_ns = now_ns
        self._lost += self._observer.lost
        self._observer.close()
        self._observer = observer
        self._poll = observer if isinstance(observer, Poll) else None
        self._reasons[observer.method] = self._chooser.because
        self._drain_ns = 0

    def _method(self) -> tuple[GcMethod, str]:
        """The method that was used for most of the time, and why."""
        used_ns = self._used_ns + Counts({self._observer.method: max(1, self._looked_ns - self._since_ns)})
        (method, _), *others = used_ns.most_common()
        because = self._reasons[method]
        for other, span_ns in others:
            because += f"; {other} for {1e-9 * span_ns:.1f} s of it"
        return method, because

    def _seconds(self, at_ns: int) -> float:
        return 1e-9 * (at_ns - self._zero_ns)


def _next(now_ns: int, interval_ns: int) -> int:
    return now_ns - now_ns % interval_ns + interval_ns
