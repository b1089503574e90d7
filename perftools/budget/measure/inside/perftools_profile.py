"""Self times of functions by cProfile, of a part of a program. Named as no module of a project is."""

from __future__ import annotations

import cProfile
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter
from typing import Any, NamedTuple

_CALLS = 2000
_REPEATS = 5


class Overhead(NamedTuple):
    """What the profiler adds for each call, in seconds."""

    callee_s: float
    """To the self time of the function that is called."""
    caller_s: float


@contextmanager
def profiled(out: str | None) -> Iterator[None]:
    """Write what the main thread does within the `with` to the file `out`: [[file, qualified name, seconds, calls], …].

    Calls of C functions are not told apart, so that their time is that of the Python function which makes them. What
    the profiler itself adds is taken off: without that, whoever calls much would seem to be most of the program. None
    profiles nothing.
    """
    if out is None:
        yield
        return
    added = overhead()
    profiler = cProfile.Profile(builtins=False)
    profiler.enable()
    try:
        yield
    finally:
        profiler.disable()
        with open(out, "w", encoding="utf-8") as file:
            json.dump([_row(each, added) for each in profiler.getstats() if not isinstance(each.code, str)], file)


def overhead() -> Overhead:
    """Measured on calls of an empty function, whose own time is nothing beside it; the least of a few times."""

    def empty() -> None:
        pass

    def calling() -> None:
        for _ in repeat(None, _CALLS):
            empty()

    callee_s, caller_s, plain_s = [], [], []
    for _ in range(_REPEATS):
        began_s = perf_counter()
        calling()
        plain_s.append(perf_counter() - began_s)
        profiler = cProfile.Profile(builtins=False)
        profiler.runcall(calling)
        self_s = {each.code: each.inlinetime for each in profiler.getstats()}
        callee_s.append(self_s[empty.__code__])
        caller_s.append(self_s[calling.__code__])
    return Overhead(min(callee_s) / _CALLS, max(0.0, min(caller_s) - min(plain_s)) / _CALLS)


def _row(entry: Any, added: Overhead) -> tuple[str, str, float, int]:
    code = entry.code
    made = sum(each.callcount for each in entry.calls or ())
    self_s = entry.inlinetime - added.callee_s * entry.callcount - added.caller_s * made
    return code.co_filename, getattr(code, "co_qualname", code.co_name), max(0.0, self_s), entry.callcount
