"""One process's event loops: a step that is seen twice has run from the one look to the other, without an `await`."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from perftools.collect.thread_states import ThreadStates
from perftools.collect.waits_process import Stacks
from perftools.record import LoopStep, Process
from perftools.remote import interpreter, loop_steps
from perftools.remote.code import Codes
from perftools.remote.event_loops import EventLoops
from perftools.remote.heap import Heap
from perftools.remote.loop_steps import Watched
from perftools.remote.memory import Unreadable

_WORTH_S, _FURTHER = 0.01, 1.25
"""The stack is read again where the step has used so much more CPU, in seconds, and so many times as much."""
LONG_S = 0.02
"""CPU time in one step from which it is recorded."""
MOST_STEPS = 5000


@dataclass
class _Seen:
    """A step that was found at the last look."""

    round: Hashable
    step: Hashable
    first_s: float
    first_run_s: float
    all_looks: int = 1
    looks: int = 1
    """Up to the last one that also read the stack; so the next two."""
    lasted_s: float = 0.0
    ran_s: float = 0.0
    stack: int | None = None


class LoopWatch:
    """One event loop."""

    def __init__(self, process: Process, tid: int, watched: Watched, stacks: Stacks, codes: Codes) -> None:
        self.pid, self.tid = process.pid, tid
        self.watched = watched
        self.looks = 0
        self.steps: list[LoopStep] = []
        self._stacks, self._codes = stacks, codes
        self._seen: _Seen | None = None
        self._schedstat = os.open(f"/proc/{process.pid}/task/{tid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def look(self) -> None:
        """Raises Unreadable: the loop has ended, or moved."""
        now_s, round_ = time.monotonic(), self.watched.round()
        try:
            run_s = int(os.pread(self._schedstat, 128, 0).split()[0]) / 1e9
        except (OSError, ValueError, IndexError) as error:
            raise Unreadable("the thread has ended") from error
        self.looks += 1
        seen = self._seen
        if seen is None or round_ != seen.round:
            self.interrupt()
            # uvloop's steps have their names from the stack alone, which is read only where it is worth it
            step = None if self.watched.kind == "uvloop" else round_
            self._seen = None if round_ is None else _Seen(round_, step, now_s, run_s)
            return
        seen.all_looks += 1
        if run_s - seen.first_run_s < max(seen.ran_s + _WORTH_S, seen.ran_s * _FURTHER):
            return
        try:
            standing = self.watched.standing(self._codes)
        except Unreadable as error:
            if error.code:
                raise
            self.interrupt()
            return
        if standing is None:
            raise Unreadable("the event loop has left its frame")
        if self.watched.kind == "uvloop" and standing.step != seen.step:
            self.interrupt()
            self._seen = _Seen(round_, standing.step, now_s, run_s)
        elif self.watched.round() != round_:
            self.interrupt()  # the stack may be of the next step
        elif standing.step is not None:
            seen.looks, seen.lasted_s, seen.ran_s = seen.all_looks, now_s - seen.first_s, run_s - seen.first_run_s
            if seen.ran_s >= LONG_S:
                seen.stack = self._stacks.add(standing.stack)

    def interrupt(self) -> None:
        """Record the step that was seen last, if it was long: nothing is known of what comes next."""
        seen, self._seen = self._seen, None
        if seen is not None and seen.stack is not None and len(self.steps) < MOST_STEPS:
            self.steps.append(
                LoopStep(
                    pid=self.pid,
                    tid=self.tid,
                    stack=seen.stack,
                    looks=seen.looks,
                    lasted_s=seen.lasted_s,
                    ran_s=seen.ran_s,
                )
            )

    def close(self) -> None:
        """Let go of its file; what was seen stays."""
        self.interrupt()
        if self._schedstat >= 0:
            os.close(self._schedstat)
            self._schedstat = -1


class LoopFinder:
    """Finds the event loops of one process. Raises Unreadable when made: no right, gone, a build that is not known."""

    def __init__(self, process: Process, stacks: Stacks) -> None:
        self._process, self._stacks = process, stacks
        self._heap = Heap(interpreter.attach(process.pid))
        self._codes = Codes()
        self._loops = EventLoops(self._heap)
        self._states = ThreadStates(process, self._heap.runtime)

    def find(self, known: frozenset[int]) -> Iterator[LoopWatch]:
        """Those that run now, but for threads that are `known`. Raises Unreadable where the process cannot be read."""
        self._heap.forget()
        self._loops.refresh()
        self._states.begin_look()
        self._states.forget_those_without()
        try:
            tids = {int(name) for name in os.listdir(f"/proc/{self._process.pid}/task")}
        except OSError as error:
            raise Unreadable("the process has ended", "V-GONE") from error
        for tid in sorted(tids - known):
            try:
                state = self._states.of(str(tid))
                loop = self._loops.running(state, self._codes) if state is not None else 0
                if state is not None and loop:
                    watched = loop_steps.watch(self._heap, loop, state, self._codes)
                    yield LoopWatch(self._process, tid, watched, self._stacks, self._codes)
            except OSError:
                continue  # the thread has ended
            except Unreadable as problem:
                if problem.code:
                    raise
