"""The stack of the thread that collects: which line made it do so."""

from __future__ import annotations

import os
from typing import NamedTuple

from perftools.record import Process
from perftools.remote import frames, interpreter
from perftools.remote.code import Codes
from perftools.remote.gc_state import Counter, GcState, collecting_thread
from perftools.remote.memory import Unreadable
from perftools.target.proc import HOST

MOST_PER_S = 40
"""Walks, of all processes; one takes 0.2 to 0.4 ms."""
_BURST = 8
_MOST_FRAMES = 20_000
_MOST_STACKS = 5_000


class Stacks:
    """Each distinct frame and stack once, and how many walks are allowed now."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, str, int], int] = {}
        self.stacks: dict[tuple[int, ...], int] = {}
        self._allowed = float(_BURST)
        self._asked_ns = 0

    def may_walk(self, now_ns: int, *, long: bool) -> bool:
        """Whether one more walk is within the bound; short collections leave something for `long` ones."""
        self._allowed = min(_BURST, self._allowed + (now_ns - self._asked_ns) * 1e-9 * MOST_PER_S)
        self._asked_ns = now_ns
        if self._allowed < (1 if long else _BURST / 2):
            return False
        self._allowed -= 1
        return True

    def add(self, stack: tuple[frames.Frame, ...]) -> int | None:
        """The index of a stack, leaf first; None where there are too many."""
        if len(self.frames) > _MOST_FRAMES or len(self.stacks) > _MOST_STACKS:
            return None
        key = tuple(
            self.frames.setdefault((frame.code.function, frame.code.file, frame.line), len(self.frames))
            for frame in stack
        )
        return self.stacks.setdefault(key, len(self.stacks))


class Trigger(NamedTuple):
    """Who collects."""

    tid: int | None
    """Kernel thread id in our pid namespace."""
    stack: int | None


class Walker:
    """Walks the collecting thread of one process."""

    def __init__(self, process: Process, state: GcState, stacks: Stacks) -> None:
        self._process = process
        self._state = state
        self._stacks = stacks
        self._codes = Codes()
        self._tids: dict[int, int] = {}

    def walk(self, counters: tuple[Counter, ...]) -> Trigger | None:
        """Who runs the collection that the counters do not have yet.

        None where it ended meanwhile, and what was read may be of later. Raises Unreadable where the process as a whole
        cannot be read any more.
        """
        tid = stack = None
        try:
            thread = collecting_thread(self._state)
            if thread is not None:
                tid = self._tid(interpreter.native_id(self._state.runtime, thread))
                stack = frames.read_stack(self._state.runtime, thread, self._codes)
        except Unreadable as error:
            if error.code:
                raise
        if self._state.look() != (True, counters):
            return None
        return Trigger(tid, self._stacks.add(stack) if stack else None)

    def _tid(self, native: int | None) -> int | None:
        """A kernel thread id, from the process's own pid namespace to ours."""
        if native is None or not self._stale(native):
            return None if native is None else self._tids[native]
        try:
            tasks = [int(name) for name in os.listdir(f"/proc/{self._process.pid}/task")]
        except OSError:
            return None
        if self._process.ns_pid == self._process.pid:
            self._tids = {task: task for task in tasks}
        else:
            inner = {task: HOST.status(f"{self._process.pid}/task/{task}").get("NSpid", "").split() for task in tasks}
            self._tids = {int(ids[-1]): task for task, ids in inner.items() if ids}
        return self._tids.get(native)

    def _stale(self, native: int) -> bool:
        """Whether what is known of a thread must be read: nothing is, or another thread may have its id now."""
        known = self._tids.get(native)
        return known is None or not os.path.exists(f"/proc/{self._process.pid}/task/{known}")
