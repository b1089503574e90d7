"""A capture file, read by a child of ours that may do no more than its writer might, and checked."""

from __future__ import annotations

import math
import os
import sys

from perftools.collect import child
from perftools.collect.allocations.orders import Answer, Summary
from perftools.collect.messages import Nonsense, Reader
from perftools.record import Missing

MOST_RECORDS = 4_000_000
"""Read one by one, at about 2 µs each."""
PATIENCE_S = 60.0
_LIMITS = child.Limits(cpu_s=40, file_bytes=16 << 20)
_PROGRAM = "perftools.collect.allocations.reader"


def read(capture: int, uid: int, gid: int, *, most: int = MOST_RECORDS) -> tuple[Summary | Missing, float]:
    """The sums of an open capture file, or why there are none; and the CPU seconds that it took."""
    output, log = child.memory_file("summary"), child.memory_file("log")
    words = map(str, (capture, output, uid, gid, most))
    try:
        started = child.start(
            (sys.executable, "-P", "-m", _PROGRAM, *words),
            stdout=log,
            stderr=log,
            pass_fds=(capture, output),
            environment=child.python_environment(),
            limits=_LIMITS,
        )
        try:
            in_time = started.wait(PATIENCE_S)
        finally:
            started.kill()
        return _answer(output) if in_time else _unread("its reader took too long"), started.cpu_s
    except OSError as error:
        return _unread(f"its reader cannot be started: {error.strerror}"), 0.0
    finally:
        os.close(output)
        os.close(log)


def _answer(output: int) -> Summary | Missing:
    try:
        answer = next(Reader(output).read(Answer), None)
    except (Nonsense, OSError) as problem:
        return _unread(f"its reader wrote nonsense: {problem}")
    if answer is None:
        return _unread("its reader ended without an answer: the file needs more memory or time than it is given")
    if answer.summary is None:
        return _unread(answer.failed)
    return answer.summary if _makes_sense(answer.summary) else _unread("its numbers make no sense")


def _makes_sense(summary: Summary) -> bool:
    """The indices are valid, and nothing is less than nothing: the file is the target's."""
    frames, stacks = len(summary.frames), len(summary.stacks)
    counts = (summary.records, summary.read, summary.allocations, summary.size_bytes, summary.peak_bytes)
    sites = (*summary.churn, *summary.peak, *summary.kept)
    return (
        math.isfinite(summary.span_s)
        and min(counts) >= 0
        and all(0 <= at < frames for stack in summary.stacks for at in stack)
        and all(0 <= site.stack < stacks and site.allocations >= 0 and site.size_bytes >= 0 for site in sites)
    )


def _unread(why: str) -> Missing:
    return Missing(code="E-CAPTURE", reason=f"what memray wrote cannot be read: {why}")
