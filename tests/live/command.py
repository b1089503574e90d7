"""The command as a user runs it, from start to exit code."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.live.services import PATIENCE_S, children

PERFTOOLS = (sys.executable, "-m", "perftools")
Word = str | float | Path


def command(*arguments: Word) -> list[str]:
    return [*PERFTOOLS, *map(str, arguments)]


def report(*arguments: Word, code: int = 0) -> Any:
    """What `perftools … --json` prints, its exit code checked."""
    words = command(*arguments, "--json")
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def audits(pids: Iterable[int], *options: Word) -> list[Any]:
    """What `perftools audit --json` prints of several targets, audited at the same time."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(watching(pid, *options, "--json")) for pid in pids]
        return [json.loads(process.communicate(timeout=100)[0]) for process in running]


@contextlib.contextmanager
def watching(*arguments: Word, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """An audit whose window has begun, with pipes on stdout and stderr; killed if it still runs in the end."""
    process = subprocess.Popen(
        command("audit", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )
    assert process.stderr
    with process:
        try:
            first = process.stderr.readline()
            assert first.startswith("watching pid"), first + process.stderr.read()
            yield process
        finally:
            process.kill()


def samplers(process: subprocess.Popen[str], count: int) -> list[int]:
    """The pids of its first samplers, once there were so many: one a round, so all but the last have given samples."""
    seen: dict[int, None] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        seen |= dict.fromkeys(children(process.pid))
        time.sleep(0.01)
    return list(seen)
