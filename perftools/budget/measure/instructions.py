"""Instructions of a call, counted by valgrind's cachegrind: I(1 + n calls) - I(1), divided by n.

What Python and the benchmark need to start cancels out, and so does the first call, which may import or fill caches.
The hash seed is fixed, and OpenBLAS is told which of its kernels to take: it would choose by the CPU, and its older
ones are emulated many times faster. Sleeps, locks and I/O cost no instructions.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Final

from perftools.budget.measure.benchmark import Benchmark
from perftools.budget.measure.sides import Side
from perftools.budget.model import Unmeasurable

_TIMEOUT_S: Final = 900.0
_CORES: Final = {"x86_64": "Nehalem", "aarch64": "ARMV8"}
"""By machine: a value of OPENBLAS_CORETYPE that OpenBLAS's wheels are built with (DYNAMIC_ARCH)."""
_SUMMARY: Final = re.compile(rb"^summary: (\d{1,18})", re.MULTILINE)
"""The last line of cachegrind's file (Valgrind manual, 5.2.9, "Cachegrind Output File Format"): the sum of Ir."""
_TAIL_BYTES: Final = 4096


def instructions(benchmark: Benchmark, side: Side, calls: int) -> float:
    """Instructions of one call, as the mean of so many. Raises Unmeasurable."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise Unmeasurable(
            "B-VALGRIND", "instructions are counted by valgrind, which is not installed: apt-get install valgrind"
        )
    more, one = counts(benchmark, side, (1 + calls, 1), valgrind)
    if more <= one:
        raise benchmark.failed(side, "it executes no instructions that can be told from those of starting it")
    return (more - one) / calls


def counts(benchmark: Benchmark, side: Side, calls: tuple[int, ...], valgrind: str) -> list[int]:
    """Instructions of a whole process that makes so many calls, for each of `calls`: counts do not mind company."""
    found = [benchmark.scratch(".cachegrind") for _ in calls]
    variables = {"OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", _CORES.get(platform.machine(), ""))}
    variables = {name: value for name, value in variables.items() if value}
    with contextlib.ExitStack() as stack:
        started = []
        for count, out in zip(calls, found, strict=True):
            argv = [valgrind, "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={out}", "--quiet"]
            argv += [side.python, *benchmark.arguments(benchmark.scratch(".json"), calls=count)]
            started.append(
                stack.enter_context(benchmark.running(side, argv, number=0, variables=variables, timeout_s=_TIMEOUT_S))
            )
        for each in started:
            ended = each.finish()
            if ended.status != 0:
                raise benchmark.refused(side, ended)
    return [_total(benchmark, side, out) for out in found]


def _total(benchmark: Benchmark, side: Side, out: Path) -> int:
    try:
        with out.open("rb") as file:
            file.seek(max(0, out.stat().st_size - _TAIL_BYTES))
            summary = _SUMMARY.search(file.read(_TAIL_BYTES))
        out.unlink()
    except OSError:
        summary = None
    if summary is None:
        raise benchmark.failed(side, "valgrind counted nothing")
    return int(summary[1])
