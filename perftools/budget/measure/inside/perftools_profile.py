"""Self times of functions by cProfile, of a part of a program. Named as no module of a project is."""

from __future__ import annotations

import cProfile
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def profiled(out: str | None) -> Iterator[None]:
    """Write what the main thread does within the `with` to the file `out`: [[file, qualified name, seconds], …].

    Calls of C functions are not told apart, so that their time is that of the Python function which makes them. None
    profiles nothing.
    """
    if out is None:
        yield
        return
    profiler = cProfile.Profile(builtins=False)
    profiler.enable()
    try:
        yield
    finally:
        profiler.disable()
        with open(out, "w", encoding="utf-8") as file:
            json.dump([_row(entry) for entry in profiler.getstats() if not isinstance(entry.code, str)], file)


def _row(entry: Any) -> tuple[str, str, float]:
    code = entry.code
    return code.co_filename, getattr(code, "co_qualname", code.co_name), entry.inlinetime
