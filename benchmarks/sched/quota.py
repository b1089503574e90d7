"""A control group with a CPU quota, where this machine lets us make one (v1, v2 or hybrid)."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

PERIOD_US = 100_000


class Unavailable(Exception):
    """No quota can be set here, and why."""


@contextlib.contextmanager
def group(cpus: float) -> Iterator[Path]:
    """The new group's file that takes pids; the group is removed when its processes have ended. Raises Unavailable."""
    from perftools.target import cpus as limits
    from perftools.target.proc import HOST

    own = next(limits.groups(HOST, os.getpid()), None)
    if own is None:
        raise Unavailable("no control group for CPUs is mounted")
    folder = Path(own.folder, f"perftools-sched-{os.getpid()}")
    limit = round(cpus * PERIOD_US)
    try:
        folder.mkdir()
    except OSError as error:
        raise Unavailable(f"no control group can be made below {own.folder}: {error.strerror}") from error
    try:
        if own.version == 2:
            (folder / "cpu.max").write_text(f"{limit} {PERIOD_US}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(limit))
    except OSError as error:
        folder.rmdir()
        raise Unavailable(f"{folder}: no quota can be set: {error.strerror}") from error
    try:
        yield folder / "cgroup.procs"
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Processes that were killed may still be leaving."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.05)
