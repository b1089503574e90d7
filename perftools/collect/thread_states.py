"""Which thread state of a process belongs to which kernel thread."""

from __future__ import annotations

from perftools.record import Process
from perftools.remote import interpreter
from perftools.remote.interpreter import Runtime, Thread
from perftools.remote.memory import Unreadable
from perftools.target.proc import HOST


class ThreadStates:
    """Finds thread states by kernel thread id. All of them are listed only where one is not where it was, or is new."""

    def __init__(self, process: Process, runtime: Runtime) -> None:
        self._process = process
        self._runtime = runtime
        self._inner: dict[str, int] = {}
        """Ids as CPython has them: in the process's own pid namespace."""
        self._addresses: dict[int, int] = {}
        self._without: set[int] = set()
        self._listed = False

    def begin_look(self) -> None:
        """From now on threads may have come and gone."""
        self._listed = False

    def forget_those_without(self) -> None:
        """Ask anew whether threads that ran no Python do now."""
        self._without.clear()

    def of(self, tid: str) -> Thread | None:
        """A thread's state as it is now; None where it runs no Python. Raises Unreadable."""
        if tid not in self._inner:
            self._inner[tid] = self._inner_id(tid)
        inner = self._inner[tid]
        state = self._at(self._addresses.get(inner), inner)
        if state is not None or inner in self._without:
            return state
        if not self._listed:
            self._listed = True
            found = ((interpreter.native_id(self._runtime, each), each) for each in interpreter.threads(self._runtime))
            self._addresses = {inner: each.address for inner, each in found if inner is not None}
        if inner not in self._addresses:
            self._without.add(inner)
        return self._at(self._addresses.get(inner), inner)

    def _at(self, address: int | None, inner: int) -> Thread | None:
        """The thread state at an address; None where another thread's is there now, or none."""
        if address is None:
            return None
        try:
            state = interpreter.thread_at(self._runtime, address)
            return state if interpreter.native_id(self._runtime, state) == inner else None
        except Unreadable as problem:
            if problem.code:
                raise
            return None

    def _inner_id(self, tid: str) -> int:
        if self._process.ns_pid == self._process.pid:
            return int(tid)
        ids = HOST.status(f"{self._process.pid}/task/{tid}").get("NSpid", "").split()
        return int(ids[-1]) if ids else int(tid)
