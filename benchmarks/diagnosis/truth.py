"""Whether the labels are true: where py-spy alone sees the GIL held in a running case, against the labelled lines."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from .judge import relative
from .labels import Case, Place

_FRAME = re.compile(r"(?P<function>.*) \((?P<file>[^()]+?)(?::(?P<line>\d+))?\)$")


def py_spy() -> str:
    """The sampler that came with this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy") or "py-spy"


def sample(pid: int, seconds: int) -> Counter[tuple[tuple[str, str, int], ...]]:
    """Stacks (function, file, line; outermost first) of all processes below `pid`, and how often each was seen."""
    command = [py_spy(), "record", "--pid", str(pid), "--subprocesses", "--nonblocking", "--gil", "--full-filenames"]
    command += ["--rate", "100", "--duration", str(seconds), "--format", "raw", "--output", "/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20, check=False)
    stacks: Counter[tuple[tuple[str, str, int], ...]] = Counter()
    for line in done.stdout.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [match for part in stack.split(";") if (match := _FRAME.match(part))]
        if frames and count.isdigit():
            stacks[tuple((at["function"], at["file"], int(at["line"] or 0)) for at in frames)] += int(count)
    return stacks


def shares(case: Case, root: Path, stacks: Counter[tuple[tuple[str, str, int], ...]]) -> tuple[list[float], list[str]]:
    """The share of each cause, and the hottest lines of the case's own code ("function file:line share")."""
    everything = sum(stacks.values()) or 1
    labelled = [
        sum(count for stack, count in stacks.items() if _passes(stack, cause.places, root)) / everything
        for cause in case.causes
    ]
    hottest: Counter[str] = Counter()
    for stack, count in stacks.items():
        own = [(name, relative(file, str(root)), line) for name, file, line in stack if not _is_foreign(file, root)]
        hottest[f"{own[-1][0]} {own[-1][1]}:{own[-1][2]}" if own else "(not its own code)"] += count
    return labelled, [f"{name} {count / everything:.0%}" for name, count in hottest.most_common(5)]


def _passes(stack: tuple[tuple[str, str, int], ...], places: tuple[Place, ...], root: Path) -> bool:
    return any(
        relative(file, str(root)) == place.file and place.first_line <= line <= place.end_line
        for _, file, line in stack
        for place in places
    )


def _is_foreign(file: str, root: Path) -> bool:
    return relative(file, str(root)).startswith("..") or file.startswith("<")
