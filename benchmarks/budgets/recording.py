"""Runs processes of every variant in turns and keeps what they measured."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..report import say

PROGRAMS = ("python", "numpy")
MACHINES = ("quiet", "neighbour")
CHANGES = (0, 2, 5, 10, 20)
"""Percent that a variant does more than the base."""
BASE = "base"
BLOCKS = 100

WORK = Path(__file__).with_name("work.py")
HOG = """
import ctypes, os, random, sys, time
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != int(sys.argv[1]):
    sys.exit()
while True:
    until = time.monotonic() + random.uniform(0.05, 0.5)
    while time.monotonic() < until:
        pass
    time.sleep(random.uniform(0.05, 0.5))
"""
"""A neighbour that is not even steady."""

PYTHON = (sys.executable, "-s", "-P")
"""Away from folders where a new file would make every import a little longer."""
COUNTING = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")

ROUNDS = 10
ROUND_S = 0.005
TIMEOUT_S = 120.0


class Process(NamedTuple):
    """What one process measured; the values of a call."""

    cpu_s: list[float]
    wall_s: list[float]
    import_s: float
    peak_bytes: float


class Recording(NamedTuple):
    """Cycles of one program on one machine: each has a process of every variant, started in random order."""

    program: str
    machine: str
    calls: int
    cycles: list[dict[str, Process]]
    """By variant: "base", "0", "2", …"""
    seconds: float
    counts: dict[str, list[float]]
    """Instructions of a call by variant; empty without valgrind."""
    load: float
    """Load average of the machine when the last cycle had run, ours included."""


def variants() -> dict[str, int]:
    """Blocks of a call, by variant."""
    return {BASE: BLOCKS, **{str(percent): BLOCKS * (100 + percent) // 100 for percent in CHANGES}}


def record(program: str, machine: str, *, cycles: int, counted: int, seed: int) -> Recording:
    """Run `cycles` processes of each variant, and count the instructions of `counted` of each."""
    calls = calibrated(program)
    chooser = random.Random(seed)
    recorded = []
    with neighbours(os.cpu_count() or 1 if machine == "neighbour" else 0):
        began = time.monotonic()
        for number in range(1, cycles + 1):
            order = list(variants().items())
            chooser.shuffle(order)
            recorded.append({name: timed(program, blocks, calls) for name, blocks in order})
            if number % 25 == 0 or number == cycles:
                say(f"{program}, {machine}: {number} of {cycles} cycles of {len(order)} processes")
        seconds, load = time.monotonic() - began, os.getloadavg()[0]
        counts = count(program, machine, counted)
    return Recording(program, machine, calls, recorded, seconds, counts, load)


def calibrated(program: str) -> int:
    """Calls that make a round long enough for the clock and the scheduler."""
    fastest_s = min(min(timed(program, BLOCKS, 1).cpu_s) for _ in range(3))
    return max(1, int(ROUND_S / fastest_s) + 1)


def timed(program: str, blocks: int, calls: int) -> Process:
    """One fresh process of our own interpreter."""
    ran = subprocess.run(
        [*PYTHON, str(WORK), program, str(blocks), str(calls), str(ROUNDS)],
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
        env=environment(),
    )
    return Process(**json.loads(ran.stdout))


def count(program: str, machine: str, times: int) -> dict[str, list[float]]:
    """Instructions of a call: those of a process that makes two calls, less those of one that makes none."""
    found: dict[str, list[float]] = {}
    for number in range(1, times + 1):
        for name, blocks in variants().items():
            with_calls, without = instructions(program, blocks, 2), instructions(program, blocks, 0)
            if with_calls is None or without is None:
                return {}
            found.setdefault(name, []).append((with_calls - without) / 2)
        say(f"{program}, {machine}: {number} of {times} counts of instructions")
    return found


def instructions(program: str, blocks: int, calls: int) -> int | None:
    """Of a whole process, under valgrind without its cache simulation; None where there is no valgrind."""
    with contextlib.suppress(FileNotFoundError):
        ran = subprocess.run(
            [*COUNTING, *PYTHON, str(WORK), program, str(blocks), str(calls), "0"],
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            # The hash of text decides how dictionaries collide, the core which kernels BLAS takes.
            env=environment(PYTHONHASHSEED="0", OPENBLAS_CORETYPE="Nehalem"),
        )
        if refs := re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr):
            return int(refs[1].replace(",", ""))
    return None


def environment(**more: str) -> dict[str, str]:
    """That of a process."""
    return {**os.environ, "PYTHONPATH": "", "OPENBLAS_NUM_THREADS": "1", **more}


@contextlib.contextmanager
def neighbours(number: int) -> Iterator[None]:
    """So many processes that want a CPU now and then."""
    started = [subprocess.Popen([sys.executable, "-c", HOG, str(os.getpid())]) for _ in range(number)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def save(recordings: list[Recording], path: Path) -> None:
    path.write_text(
        json.dumps(
            [
                {
                    **each._asdict(),
                    "cycles": [{name: run._asdict() for name, run in cycle.items()} for cycle in each.cycles],
                }
                for each in recordings
            ]
        ),
        encoding="utf-8",
    )


def loaded(path: Path) -> list[Recording]:
    return [
        Recording(
            **{
                **each,
                "cycles": [{name: Process(**run) for name, run in cycle.items()} for cycle in each["cycles"]],
            }
        )
        for each in json.loads(path.read_text(encoding="utf-8"))
    ]
