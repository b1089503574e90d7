"""One process at an instant: which of its threads run, which wait and where, and where the tasks of its loops stand."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, Literal, NamedTuple

from perftools.collect import syscalls
from perftools.collect.gil_waiters import futex_numbers, gil_area, waits_in
from perftools.collect.thread_states import ThreadStates
from perftools.record import Missing, Process, Wait, WaitLooks
from perftools.remote import frames, interpreter
from perftools.remote.code import Codes
from perftools.remote.frames import Frame
from perftools.remote.memory import Unreadable
from perftools.remote.tasks import tasks

MOST_TASKS: Final = 500
"""Of one loop in one look."""
_MOST_STACKS: Final = 20_000
_LOOP_FILES: Final = ("/asyncio/base_events.py", "/asyncio/runners.py", "/uvicorn/server.py", "/uvloop/__init__.py")

State = Literal["running", "gil", "waiting", "foreign"]
"""Of a thread; "foreign" is one that waits and runs no Python."""


class Place(NamedTuple):
    """Where a thread or task stands."""

    kind: Literal["thread", "task"]
    stack: int
    call: str


class Stacks:
    """Each distinct frame and stack once."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, str, int], int] = {}
        self.stacks: dict[tuple[int, ...], int] = {}

    def add(self, stack: Sequence[Frame]) -> int:
        """The index of a stack (leaf first). Raises Unreadable where there are too many."""
        if len(self.stacks) >= _MOST_STACKS:
            raise Unreadable("too many different stacks")
        rows = ((frame.code.function, frame.code.file, frame.line) for frame in stack)
        key = tuple([self.frames.setdefault(row, len(self.frames)) for row in rows])
        return self.stacks.setdefault(key, len(self.stacks))


class _Thread:
    """What is known of one thread from the looks before."""

    __slots__ = ("loops", "moved", "place", "schedstat", "since_s", "state", "task_since_s", "tasks", "tid")

    def __init__(self, tid: str) -> None:
        self.tid = tid
        self.schedstat = b""
        self.state: State = "running"
        self.moved = True
        """Whether it has run since the look before."""
        self.place: Place | None = None
        self.since_s = 0.0
        self.loops: bool | None = None
        """Whether it runs an event loop; None as long as nobody has seen its frames."""
        self.tasks: list[tuple[str, Place]] | None = None
        """The tasks that wait, by name."""
        self.task_since_s: dict[tuple[str, Place], float] = {}


class ProcessWaits:
    """Looks at one process. Raises Unreadable when made: no right, gone, a build that is not known."""

    def __init__(self, process: Process, stacks: Stacks) -> None:
        self._process = process
        self._stacks = stacks
        self._runtime = interpreter.attach(process.pid)
        self._codes = Codes()
        self._syscalls, self._futex = syscalls.names(), futex_numbers()
        self._area: range | None = None
        with suppress(Unreadable):
            self._area = gil_area(process.pid)
        try:
            self._folder: int | None = os.open(f"/proc/{process.pid}/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable("the process has ended", "V-GONE") from error
        self._threads: dict[str, _Thread] = {}
        self._states = ThreadStates(process, self._runtime)
        self._first_s = self._last_s = 0.0
        self._looks = self._failed = self._running = self._gil = 0
        self._counts: Counter[Place] = Counter()
        self._longest_s: dict[Place, float] = {}
        self._tasks_read = False
        self._task_problem: Unreadable | None = None

    @property
    def reads(self) -> int:
        """System calls that read its memory."""
        return self._runtime.memory.calls

    def refresh(self) -> None:
        """Ask again which threads run Python."""
        self._states.forget_those_without()

    def look(self, now_s: float) -> None:
        """See what every thread, and every task, does at this instant.

        A thread that has not been on a CPU since the last look stands where it stood. Raises Unreadable where the
        process as a whole cannot be read any more.
        """
        try:
            tids = os.listdir(self._folder) if self._folder is not None else []
        except OSError:
            tids = []
        if not tids:
            raise Unreadable("the process has ended", "V-GONE")
        self._looks += 1
        self._states.begin_look()
        self._first_s, self._last_s = self._first_s or now_s, now_s
        for gone in self._threads.keys() - tids:
            del self._threads[gone]
        for tid in tids:
            thread = self._threads.get(tid) or self._threads.setdefault(tid, _Thread(tid))
            for look in (self._look_at, self._look_at_tasks):
                try:
                    look(thread, now_s)
                except Unreadable as problem:
                    if problem.code:
                        raise
                    self._failed += 1

    def result(self) -> tuple[WaitLooks, list[Wait]]:
        """All that was seen up to now."""
        pid, blind = self._process.pid, None if self._tasks_read else self._task_problem
        looks = WaitLooks(
            pid=pid,
            looks=self._looks,
            span_s=self._last_s - self._first_s,
            failed=self._failed,
            running=self._running,
            gil=None if self._area is None else self._gil,
            tasks=None if blind is None else Missing(code=blind.code or "V-BUILD", reason=blind.reason),
        )
        waits = [
            Wait(pid=pid, kind=at.kind, stack=at.stack, call=at.call, looks=count, longest_s=self._longest_s[at])
            for at, count in self._counts.items()
        ]
        return looks, waits

    def close(self) -> None:
        """Let go of the folder; what was counted stays."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _look_at(self, thread: _Thread, now_s: float) -> None:
        schedstat = self._read(thread, "schedstat")
        uncounted = schedstat.startswith(b"0 0 ")  # a kernel without CONFIG_SCHED_INFO
        thread.moved = uncounted or schedstat != thread.schedstat or thread.state not in ("waiting", "foreign")
        if thread.moved:
            thread.schedstat, thread.since_s, thread.place = schedstat, now_s, None
            thread.state = "running"  # should the next line fail, the next look does not rely on this one
            thread.state = self._see(thread)
        self._running += thread.state == "running"
        self._gil += thread.state == "gil"
        if thread.place is not None:
            self._count(thread.place, now_s - thread.since_s)

    def _see(self, thread: _Thread) -> State:
        """What a thread that has run since the last look does now. Raises Unreadable."""
        syscall = self._read(thread, "syscall")
        if self._runs(thread, syscall):
            if thread.loops is None:
                with suppress(Unreadable):  # it runs on while we look
                    thread.loops = _runs_loop(self._stack(thread))
            return "running"
        if self._area is not None and waits_in(self._area, syscall, self._futex):
            return "gil"
        stack = self._stack(thread)
        if self._read(thread, "schedstat") != thread.schedstat:
            raise Unreadable("it ran meanwhile")
        if not stack:
            return "foreign"
        thread.loops = _runs_loop(stack)
        thread.place = Place("thread", self._stacks.add(stack), syscalls.name(syscall, self._syscalls))
        return "waiting"

    def _runs(self, thread: _Thread, syscall: bytes) -> bool:
        """Whether it is on a CPU or ready for one; not every kernel tells system calls."""
        if syscall:
            return syscall.startswith(b"running")
        return self._read(thread, "stat").rpartition(b")")[2][:2] == b" R"

    def _look_at_tasks(self, thread: _Thread, now_s: float) -> None:
        if not thread.loops or (self._task_problem is not None and self._task_problem.code):
            return
        if thread.moved or thread.tasks is None:
            thread.tasks = None
            thread.tasks = self._waiting_tasks(thread)
        before_s, thread.task_since_s = thread.task_since_s, {}
        for at in thread.tasks:
            since_s = thread.task_since_s[at] = before_s.get(at, now_s)
            self._count(at[1], now_s - since_s)

    def _waiting_tasks(self, thread: _Thread) -> list[tuple[str, Place]]:
        """Name and place of those that wait. Raises Unreadable, without a code where only tasks are not known here."""
        state = self._states.of(thread.tid)
        if state is None:
            return []
        try:
            found = list(itertools.islice(tasks(self._runtime, state, self._codes), MOST_TASKS))
        except Unreadable as problem:
            self._task_problem = problem
            if problem.code in ("V-GONE", "V-NORIGHT"):
                raise
            raise Unreadable(problem.reason) from problem
        self._tasks_read = True
        return [
            (task.name, Place("task", self._stacks.add(task.stack), task.waiting_on))
            for task in found
            if task.stack and task.waiting_on
        ]

    def _stack(self, thread: _Thread) -> tuple[Frame, ...]:
        """Its frames, innermost first; none where it runs no Python. Raises Unreadable."""
        state = self._states.of(thread.tid)
        return () if state is None or not state.frame else frames.read_stack(self._runtime, state, self._codes)

    def _count(self, place: Place, for_s: float) -> None:
        self._counts[place] += 1
        self._longest_s[place] = max(for_s, self._longest_s.get(place, 0.0))

    def _read(self, thread: _Thread, name: str) -> bytes:
        """A short file of the thread; empty where it has ended, or we have no right."""
        try:
            descriptor = os.open(f"{thread.tid}/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        except OSError:
            return b""
        try:
            return os.read(descriptor, 512)
        except OSError:
            return b""
        finally:
            os.close(descriptor)


def _runs_loop(stack: Iterable[Frame]) -> bool:
    """Does a thread with these frames run an event loop? uvloop has no frames: those that start it tell."""
    return any(frame.code.file.endswith(_LOOP_FILES) for frame in stack)
