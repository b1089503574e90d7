"""One worker's frames, walked now and then: those on watched lines, and what they work on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence

from perftools.collect.sightings import Place, Sightings, Spot
from perftools.record import Process, Type
from perftools.remote import frames, interpreter, iterators
from perftools.remote.code import Codes
from perftools.remote.frames import Frame
from perftools.remote.heap import Heap, Object
from perftools.remote.interpreter import Thread
from perftools.remote.memory import Unreadable
from perftools.remote.objects import describe_object
from perftools.remote.paths import Scope
from perftools.source import Watch
from perftools.target.proc import HOST

STEP_CPU_S = 0.008
"""A walk that takes longer goes on with the next step."""
ENOUGH_WALKS = 40
"""Looks at one line after which its values are known, and the budget is better spent on others."""
_MAX_DESCRIPTIONS = 4096


class Walker:
    """Reads one process. Raises Unreadable when made: no right, gone, a build that is not known."""

    def __init__(self, process: Process) -> None:
        self.walks = 0
        self.failed = 0
        self._process = process
        self._turn = 0
        self._runtime = interpreter.attach(process.pid)
        self._codes = Codes()
        self._heap = Heap(self._runtime)
        self._tasks: dict[int, int] = {}
        self._rest: dict[int, tuple[int, bytes]] = {}
        self._described: dict[tuple[int, bytes, tuple[str, ...]], tuple[Type, tuple[int, ...]]] = {}

    def refresh(self) -> None:
        """Forget what may have changed: threads, classes, objects that another one has taken the place of."""
        self._tasks = _tasks(self._process)
        self._heap.forget()
        self._described.clear()
        self._rest.clear()

    def walk(self, watches: Mapping[str, Sequence[Watch]], sightings: dict[Spot, Sightings]) -> None:
        """One look at its threads, as many as the time allows.

        Raises Unreadable where the process as a whole cannot be read any more.
        """
        end_s = time.thread_time() + STEP_CPU_S
        threads = list(interpreter.threads(self._runtime))
        first = self._turn % max(len(threads), 1)
        for thread in threads[first:] + threads[:first]:
            if time.thread_time() > end_s:
                return  # the next walk goes on here
            self._turn += 1
            try:
                if not thread.frame or self._at_rest(thread):
                    continue
                self.walks += 1
                stack = frames.read_stack(self._runtime, thread, self._codes)
            except Unreadable as error:
                if error.code:
                    raise
                self.failed += 1
            else:
                self._look(stack, watches, sightings, end_s)

    def _look(
        self,
        stack: Sequence[Frame],
        watches: Mapping[str, Sequence[Watch]],
        sightings: dict[Spot, Sightings],
        end_s: float,
    ) -> None:
        seen: set[Spot] = set()
        for depth, frame in enumerate(stack):
            if frame.code.file not in watches:
                continue
            line = frame.line
            inside = [watch for watch in watches[frame.code.file] if watch.first_line <= line <= watch.end_line]
            spot = Spot(frame.code.file, frame.code.function, frame.code.first_line, line)
            if not inside or spot in seen or time.thread_time() > end_s:
                continue
            seen.add(spot)  # a recursive function counts once
            try:
                calling = depth > 0 or frames.is_calling(self._runtime, frame)
                place = Place(*frame.place, calling=calling) if depth == 0 and frame.place is not None else None
                known = spot in sightings and sightings[spot].walks >= ENOUGH_WALKS
                observed = [] if known else list(self._observe(frame, inside, calling=calling))
            except Unreadable as error:
                if error.code:
                    raise
                self.failed += 1
                continue
            here = sightings.setdefault(spot, Sightings())
            here.walks += not known
            if place is not None:
                here.stood(place)
            for observation in observed:
                here.saw(self._process.pid, *observation)

    def _observe(
        self, frame: Frame, watches: Sequence[Watch], *, calling: bool
    ) -> Iterator[tuple[str, int, Type, tuple[int, ...]]]:
        """Name, address, type and sizes of what the frame works on."""
        heap = self._heap
        paths = tuple(dict.fromkeys(path for watch in watches for path in watch.paths))
        fields = tuple(dict.fromkeys(field for watch in watches for field in watch.fields))
        objects: list[tuple[str, Object]] = []
        for depth, containers in enumerate(iterators.loop_containers(heap, frame, calling=calling)):
            objects += [(f"<iter {depth}>", container) for container in containers]
        scope = Scope(heap, frame)
        scope.preload_globals(paths)
        first = scope.resolve(".0") if ".0" in frame.code.locals[:1] else None
        if first is not None:
            objects += [(".0", container) for container in iterators.containers(heap, first)]
        objects += [(path, object_) for path in paths if (object_ := scope.resolve(path)) is not None]
        for name, object_ in objects:
            try:
                type_, sizes = self._describe(object_, fields)
            except Unreadable as error:
                if error.code:
                    raise
                continue
            yield name, object_.address, type_, sizes

    def _describe(self, object_: Object, fields: tuple[str, ...]) -> tuple[Type, tuple[int, ...]]:
        """An object whose first bytes have not changed in this round is not read again."""
        key = (object_.address, object_.head[8:], fields)
        known = self._described.get(key)
        if known is None:
            if len(self._described) >= _MAX_DESCRIPTIONS:
                self._described.clear()
            known = self._described[key] = describe_object(self._heap, object_, fields)
        return known

    def _at_rest(self, thread: Thread) -> bool:
        """Whether the thread sleeps at the very instruction where it was found before."""
        before = self._rest.get(thread.address)
        self._rest[thread.address] = now = frames.innermost(self._runtime, thread)
        if before != now:
            return False
        native = interpreter.native_id(self._runtime, thread)
        task = None if native is None else self._tasks.get(native)
        if task is None:
            return False
        stat = HOST.text(f"proc/{self._process.pid}/task/{task}/stat", 512)
        return stat.rpartition(")")[2][:2] == " S"


def _tasks(process: Process) -> dict[int, int]:
    """Kernel thread ids: from the process's own pid namespace to ours."""
    try:
        tasks = [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]
    except OSError:
        return {}
    if process.ns_pid == process.pid:
        return {task: task for task in tasks}
    inner = {task: HOST.status(f"{process.pid}/task/{task}").get("NSpid", "").split() for task in tasks}
    return {int(ids[-1]): task for task, ids in inner.items() if ids}
