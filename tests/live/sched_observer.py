"""Follows the processes named on the command line for so many seconds, "nobody" as uid 65534; the record as JSON."""

from __future__ import annotations

import os
import sys
import time

import msgspec
import psutil  # noqa: F401 (another user may not be allowed to read our modules)

from perftools.collect.sched import SchedRecorder
from perftools.remote import debug_offsets, elf, locate  # noqa: F401 (as above)
from tests.observed import target

_STEP_S = 0.02


def follow(recorder: SchedRecorder, seconds: float, *, rounds: int = 1) -> None:
    for number in range(rounds):
        recorder.begin_round(number, "active", seconds / rounds)
        end_s = time.monotonic() + seconds / rounds
        while time.monotonic() < end_s:
            recorder.step()
            time.sleep(_STEP_S)
        recorder.end_round()


if __name__ == "__main__":
    who, span, *pids = sys.argv[1:]
    if who == "nobody":
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    made = SchedRecorder(target(*map(int, pids)))
    follow(made, float(span))
    sys.stdout.write(msgspec.json.encode(made.result()).decode())
    made.close()
