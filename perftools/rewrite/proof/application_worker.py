"""Runs a function of the user's and its rewrite on the same calls: one JSON line for each thing that is to be told.

`python -m perftools.rewrite.proof.application_worker FD`, the job on stdin. A process of its own, because it runs code
of the user's, which may end it, hang, or take all memory.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import linecache
import os
import random
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from perftools.rewrite import calls
from perftools.rewrite.calls import Call
from perftools.rewrite.compare import call, difference
from perftools.rewrite.proof.application import Job, Progress
from perftools.rewrite.proof.hits import HIT, counted
from perftools.rewrite.proof.rounding import unlike
from perftools.rewrite.proof.variations import Case, edit, variations

_MOST_PROBLEMS = 5
_MOST_SHAPES = 6
"""Recorded calls that inputs are made from: the largest of each kind."""
_TOLD_EVERY_S = 0.2


_LEAST_S = 0.5
"""CPU time that every call may take, and how many times the time of a recorded call, or of the original."""
_SLOWER = 20


class _Slow(BaseException):
    """A call takes too long; no `except Exception` of the user's stops it."""


class _Enough(Exception):
    """The time is over, or enough has gone wrong."""


class _Check:
    """One comparison of the two functions, call by call."""

    def __init__(self, job: Job, tell: Callable[[Progress], None]) -> None:
        self._deadline_s = time.monotonic() + job.seconds
        self._tell = tell
        self._told_s = 0.0
        self._ties_allowed = job.ties
        self._exact = job.same == "exact"
        self._allowed_s = job.seconds
        self._count = 0
        self._longest_s = 0.0
        self.said = Progress()
        self._hits: Counter[int] = Counter()
        sys.path[:0] = job.path
        parent = job.module.rpartition(".")[0]
        if parent:
            with contextlib.suppress(ImportError):
                importlib.import_module(parent)
        mark = counted(job.before, job.after, job.function)
        before = _loaded(job, job.before, ast.parse(job.before), "before", {})
        after = _loaded(job, job.after, mark.tree, "after", {HIT: self._hit})
        _share_classes(before, after)
        self._lines = mark.lines
        self._original, self._rewritten = (_function(module, job.function) for module in (before, after))

    def run(self, recorded: Sequence[Call]) -> None:
        replayed = [each for each in recorded if not each.why_not]
        self._count = len(replayed)
        left_out = Counter(each.why_not for each in recorded if each.why_not)
        self._say(left_out=dict(left_out))
        for number, each in enumerate(replayed, 1):
            hits = self._hits.copy()
            self._try(each, Case(f"recorded call {number}", _positional(each)))
            self._say(recorded=self.said.recorded + 1, hits=_sites(self._lines, self._hits))
            if hits == self._hits:
                self._say(missed=self.said.missed + 1)
        recorded_hits = self._hits.copy()
        if not all(_sites(self._lines, recorded_hits).values()):
            return  # a fast path that no real call takes is not offered, whatever it does with others
        self._allowed_s = max(_LEAST_S, _SLOWER * self._longest_s)
        shapes = list(_shapes(replayed))
        turns = [self._generated(each) for each in shapes]
        while turns:
            for turn in list(turns):
                if next(turn, None) is None:
                    turns.remove(turn)
        self._say(hits=_sites(self._lines, recorded_hits), complete=True)

    def _generated(self, recorded: Call) -> Iterator[bool]:
        """One comparison at each step."""
        for says, between in (("edited between two calls", edit), ("the result edited between two calls", None)):
            case = Case(says, _positional(recorded))
            self._compare(recorded, case, partial(_twice, between=between))
            yield True
        for case in variations(lambda: _positional(recorded)):
            self._compare(recorded, case, lambda function: function)
            yield True

    def _compare(self, recorded: Call, case: Case, wrapped: Callable[[Callable[..., Any]], Any]) -> None:
        self._try(recorded, case, wrapped)
        self._say(generated=self.said.generated + 1)

    def _try(
        self, recorded: Call, case: Case, wrapped: Callable[[Callable[..., Any]], Any] = lambda each: each
    ) -> None:
        if time.monotonic() >= self._deadline_s or len(self.said.problems) >= _MOST_PROBLEMS:
            raise _Enough
        original = _seeded(wrapped(_named(self._original, recorded)))
        rewritten = _seeded(wrapped(_named(self._rewritten, recorded)))
        try:
            with _limited(self._allowed_s):
                start_s = time.process_time()
                before = call(original, case.args)
                took_s = time.process_time() - start_s
        except _Slow:
            self._say(slow=self.said.slow + 1)
            return
        if self.said.recorded < self._count:
            self._longest_s = max(self._longest_s, took_s)
        try:
            with _limited(_SLOWER * took_s + _LEAST_S):
                after = call(rewritten, case.args)
        except _Slow:
            self._problem(case, f"it did not end in {_SLOWER} times the original's time")
            return
        found, tie = difference(before, after), False
        if found and difference(before, call(original, case.args)):  # it does not even agree with itself
            self._say(unstable=self.said.unstable + 1)
            return
        if found and not self._exact:
            with contextlib.suppress(_Slow), _limited(_SLOWER * took_s + _LEAST_S):
                found, tie = unlike(original, case.args, before, after, ties=self._ties_allowed)
        if tie:
            self._say(ties=self.said.ties + 1)
        elif found:
            self._problem(case, found)

    def _problem(self, case: Case, says: str) -> None:
        self._say(problems=(*self.said.problems, f"{case.says}: {says}"[:500]))

    def _hit(self, number: int) -> None:
        self._hits[number] += 1

    def _say(self, **changes: Any) -> None:
        self.said = msgspec.structs.replace(self.said, **changes)
        now_s = time.monotonic()
        if now_s - self._told_s >= _TOLD_EVERY_S or "problems" in changes or "complete" in changes:
            self._told_s = now_s
            self._tell(self.said)


@contextlib.contextmanager
def _limited(cpu_s: float) -> Iterator[None]:
    """So much CPU time, and no more where Python code runs: another process's load takes none of it."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def _stop(_number: int, _frame: object) -> None:
    raise _Slow


def main() -> None:
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    signal.signal(signal.SIGPROF, _stop)
    with os.fdopen(int(sys.argv[1]), "wb", buffering=0) as stream:

        def tell(said: Progress) -> None:
            stream.write(msgspec.json.encode(said) + b"\n")

        try:
            check = _Check(job, tell)
        except BaseException as error:  # noqa: BLE001 (whatever the user's module does when it is imported)
            tell(Progress(cannot_load=f"{type(error).__name__}: {error}"[:500]))
            return
        with contextlib.suppress(_Enough):
            check.run(calls.decode([job.calls]).calls)
        tell(check.said)


def _loaded(job: Job, text: str, tree: ast.Module, label: str, names: dict[str, Any]) -> types.ModuleType:
    """A module made from text; it takes the place of the one that is installed."""
    name = f"<{job.module}, {label}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    module = types.ModuleType(job.module)
    module.__file__ = job.file
    module.__package__ = job.module.rpartition(".")[0]
    vars(module).update(names)
    sys.modules[job.module] = module
    exec(compile(tree, name, "exec"), vars(module))  # noqa: S102 (the user's own module, as an import would run it)
    return module


def _share_classes(before: types.ModuleType, after: types.ModuleType) -> None:
    """Results of both are instances of the same classes, so that they can be compared."""
    for name, value in list(vars(before).items()):
        if isinstance(value, type) and value.__module__ == before.__name__:
            there = vars(after).get(name)
            if isinstance(there, type) and not _holds(there, "__code__", HIT):
                setattr(after, name, value)


def _holds(kind: type, attribute: str, name: str) -> bool:
    """Is one of its methods rewritten?"""
    codes = [getattr(getattr(each, "__func__", each), attribute, None) for each in vars(kind).values()]
    return any(code is not None and name in code.co_names for code in codes)


def _function(module: types.ModuleType, path: str) -> Callable[..., Any]:
    found: Any = module
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    found = getattr(found, "__func__", found)
    if not callable(found):
        raise TypeError(f"{path} is no function")
    function: Callable[..., Any] = found
    return function


def _positional(recorded: Call) -> tuple[Any, ...]:
    args, kwargs = recorded.arguments()
    return (*args, *kwargs.values())


def _named(function: Callable[..., Any], recorded: Call) -> Callable[..., Any]:
    """The function, called with all arguments by position, as the recorded call was by name."""
    names = [name for name, _ in recorded.head.before.kwargs]
    count = len(recorded.head.before.args)

    def called(*args: Any) -> Any:
        return function(*args[:count], **dict(zip(names, args[count:], strict=True)))

    return called if names else function


def _twice(function: Callable[..., Any], between: Callable[[Sequence[Any]], bool] | None) -> Callable[..., Any]:
    """Two calls with the same objects, which are edited in place between them; with None, the first result is."""

    def called(*args: Any) -> list[Any]:
        first = function(*args)
        if between is None:
            edit([first])
        else:
            between(args)
        return [first, function(*args)]

    return called


def _seeded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the global generators in the same state at each call."""

    def called(*args: Any) -> Any:
        random.seed(0)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(0)
        return function(*args)

    return called


def _shapes(recorded: Sequence[Call]) -> Iterator[Call]:
    """The largest call of each kind, large ones first."""
    kinds: dict[str, Call] = {}
    for each in recorded:
        if each.kind not in kinds or _size(each) > _size(kinds[each.kind]):
            kinds[each.kind] = each
    yield from sorted(kinds.values(), key=_size, reverse=True)[:_MOST_SHAPES]


def _size(recorded: Call) -> int:
    return sum(recorded.head.blobs) + sum(len(each) for each in recorded.head.before.objects if isinstance(each, list))


def _sites(lines: Sequence[int], hits: Counter[int]) -> dict[int, int]:
    return {line: hits[number] for number, line in enumerate(lines)}


if __name__ == "__main__":
    main()
