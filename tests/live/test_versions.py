"""Targets on every CPython of this machine, audited by the tool on its own one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.live.command import audits, report
from tests.live.services import line_of, running
from tests.pythons import VERSIONS, python_with, pythons

pytestmark = pytest.mark.live

VECTORS = str(Path(__file__).with_name("vectors_target.py"))
FRAMES = str(Path(__file__).with_name("frames_target.py"))
AT_ONCE = 3
WINDOW_S = 5
"""Rather more of it than a quiet machine needs: values are read in small steps, fewer where others want the CPU."""


class Worker(NamedTuple):
    """A target with a list loop."""

    version: tuple[int, int]
    sleepers: int = 0
    """Threads beside the one that works."""

    def __str__(self) -> str:
        return "{}.{}".format(*self.version) + (f"-{self.sleepers}-sleepers" if self.sleepers else "")


WORKERS = [Worker(version, sleepers=6 if version == (3, 9) else 0) for version in VERSIONS]


@pytest.fixture(scope="module")
def reports() -> dict[Worker, Any]:
    """What the audit of each worker says, of those that can be started here."""
    here = [worker for worker in WORKERS if worker.version in pythons()]
    found: dict[Worker, Any] = {}
    for first in range(0, len(here), AT_ONCE):
        together = here[first : first + AT_ONCE]
        with contextlib.ExitStack() as stack:
            pids = [
                stack.enter_context(started(pythons()[worker.version], VECTORS, str(worker.sleepers)))
                for worker in together
            ]
            found |= zip(together, audits(pids, "--window", WINDOW_S), strict=True)
    return found


@contextlib.contextmanager
def started(*command: str) -> Iterator[int]:
    with running(command, ready="ready") as (process, _):
        yield process.pid


@pytest.mark.parametrize("worker", WORKERS, ids=str)
def test_the_list_loop_is_found(worker: Worker, reports: dict[Worker, Any]) -> None:
    if worker not in reports:
        pytest.skip("no CPython {}.{} here".format(*worker.version))
    found = reports[worker]
    [process] = found["target"]["processes"]
    assert process["python"].startswith("{}.{}.".format(*worker.version))
    assert process["threads"] == 1 + worker.sleepers
    alarms = [each for each in found["findings"] if each["severity"] != "info"]  # other tests are noisy neighbours
    assert len(alarms) == 1, found["not_checked"]
    (finding,) = alarms
    assert (finding["rule"], finding["severity"]) == ("list-hot-path", "high")
    where, share = finding["where"], finding["share"]
    assert (where["file"], where["function"]) == (VECTORS, "dot")
    assert where["line"] <= line_of(VECTORS, "total += a * b") <= where["end_line"]
    assert share["of"] == ("gil" if worker.version <= (3, 10) else "cpu")
    assert 0.4 < share["value"] < 0.95, "threads that sleep are not taken for busy ones"
    assert finding["entry"]["function"] == "rank"


def test_the_use_of_pandas_is_found_and_fails_the_command_where_that_is_asked_for() -> None:
    """On the oldest Python here that has pandas."""
    with started(python_with("pandas")[0], FRAMES) as pid:
        found = report("audit", pid, "--window", WINDOW_S, "--fail-on", "high", code=1)
    finding = found["findings"][0]
    assert (finding["rule"], finding["severity"]) == ("pandas-hot-path", "high")
    where = finding["where"]
    assert (where["file"], where["function"]) == (FRAMES, "rank")
    assert where["line"] <= line_of(FRAMES, "customers.apply(risk, axis=1)") <= (where["end_line"] or where["line"])
