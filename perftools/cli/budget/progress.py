"""How far a check is, on stderr: one line that renews itself on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from perftools.report.words import clean

Say = Callable[[str], None]

_CLEAR = "\r\x1b[2K"
"""Back to the first column, and erase the line (ECMA-48, EL 2)."""


@contextmanager
def progress(ids: Sequence[str], *, quiet: bool, stream: TextIO | None = None) -> Iterator[Say]:
    """What a check tells how far it is, in lines that begin with the id of a budget, or with something else."""
    err = stream or sys.stderr
    if quiet:
        yield lambda _: None
        return
    renewed = err.isatty() and os.environ.get("TERM") != "dumb"
    numbers = {name: f"[{number}/{len(ids)}] " for number, name in enumerate(ids, 1)}

    def say(text: str) -> None:
        line = clean(numbers.get(text.partition(":")[0], "") + text)
        if renewed:
            err.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
        else:
            err.write(f"{line}\n")
        err.flush()

    try:
        yield say
    finally:
        if renewed:
            err.write(_CLEAR)
            err.flush()
