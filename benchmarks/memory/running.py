"""Runs the real services, many at a time, and reads their memory as `perf audit` would."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from perftools.collect.memory import MemoryRecorder
from perftools.record import Cpus, Memory, Missing, Process, Target
from perftools.target.proc import HOST

from .. import prctl
from ..diagnosis.service import end

SERVICES = Path(__file__).with_name("services")
READY_WITHIN_S = 40.0
_STEP_S = 0.02
_ROUND_S = 2.0
_GAP_S = 0.3
"""Between rounds, in which the samplers of an audit end and start."""


class Service(NamedTuple):
    """A program of the folder `services`, and what is true of it."""

    set: str
    name: str
    mib_per_min: float
    """That it leaks; 0: it does not."""

    @property
    def arguments(self) -> list[str]:
        return [f"{self.set}/{self.name}.py", str(self.mib_per_min)]


@contextlib.contextmanager
def running(programs: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """The pids of these programs of `services`, all ready; ended with all that they started."""
    us = os.getpid()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="service-")), "app")
        shutil.copytree(SERVICES, folder)
        processes = []
        for script, *arguments in programs:
            process = subprocess.Popen(
                [sys.executable, folder / script, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                preexec_fn=lambda: prctl.end_with(us),  # noqa: PLW1509  we run no threads
            )
            stack.callback(end, process)
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline().strip() != b"ready":
                raise RuntimeError(f"{process.args!r} did not start")
        yield [process.pid for process in processes]


def read(pids: Sequence[int], window_s: float) -> Memory:
    """What the recorder sees of these processes, and of those that they started, in one window."""
    recorder = MemoryRecorder(target([*pids, *(child for pid in pids for child in _children(pid))]))
    end_s, number = time.monotonic() + window_s, 0
    while (now_s := time.monotonic()) < end_s:
        round_end_s = min(now_s + _ROUND_S, end_s)
        recorder.begin_round(number, "active", _ROUND_S)
        while time.monotonic() < round_end_s:
            recorder.step()
            time.sleep(_STEP_S)
        recorder.end_round()
        time.sleep(_GAP_S)
        number += 1
    seen = recorder.result()
    recorder.close()
    if isinstance(seen, Missing):
        raise RuntimeError(seen.reason)  # noqa: TRY004  an outcome, not an argument
    return seen


def target(pids: Sequence[int]) -> Target:
    return Target(
        root_pid=pids[0],
        asked="a benchmark",
        processes=tuple(_process(pid) for pid in pids),
        cpus=Cpus(effective=float(os.cpu_count() or 1), source="CPUs online"),
    )


def _process(pid: int) -> Process:
    stat = HOST.stat(pid)
    if stat is None:
        raise RuntimeError(f"process {pid} has ended")
    return Process(
        pid=pid, ns_pid=pid, start_ticks=stat.start_ticks, role="worker", python=None, executable=sys.executable,
        cmdline=(), uid=os.getuid(), threads=stat.threads,
    )  # fmt: skip


def _children(pid: int) -> list[int]:
    return [stat.pid for each in HOST.pids() if (stat := HOST.stat(each)) is not None and stat.parent == pid]
