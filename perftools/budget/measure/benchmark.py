"""Benchmarks of a function: a marked test of pytest, or a script of pyperf; each in a fresh process of either side."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final, Literal

import msgspec

from perftools.budget.measure import process
from perftools.budget.measure.sides import ONE_THREAD, Side, Sides
from perftools.budget.model import Unmeasurable
from perftools.record import Part

_WORK_S: Final = 300.0
_INSIDE: Final = Path(__file__).with_name("inside")
_PYPERF: Final = re.compile(r"^\s*(?:import|from)\s+pyperf\b", re.MULTILINE)
_MOST_BYTES: Final = 1 << 20
_PYTEST: Final = ("-q", "--assert=plain", "--tb=short", "--color=no", "-p", "no:cacheprovider", "-o", "addopts=")
"""Nothing is written into the checkout, and the options of the project (coverage, processes) stay out."""
_NO_SUCH_TEST: Final = (4, 5)
"""pytest's exit codes: the command line was wrong (here: no such test), and nothing was collected."""


class Worked(Part, frozen=True):
    """What one worker measured."""

    loops: int = 0
    """Calls in a round."""
    rounds_cpu_s: tuple[float, ...] = ()
    """CPU time of a call, round by round."""
    rounds_wall_s: tuple[float, ...] = ()
    max_rss_bytes: int = 0
    error: str = ""
    """What is wrong with the benchmark, where the worker can say it."""


class Benchmark:
    """One benchmark, and how its workers are run."""

    def __init__(self, sides: Sides, target: str) -> None:
        """`target`: "tests/test_x.py::test_y", "bench.py" or "bench.py::NAME". Raises Unmeasurable ("B-TARGET")."""
        name, _, self._part = target.partition("::")
        self.file = PurePath(name)
        path = sides.root / self.file
        if self.file.is_absolute() or ".." in self.file.parts or not path.is_file():
            raise Unmeasurable("B-TARGET", f"there is no file {process.printable(name)}")
        self.target = target
        self.is_script = bool(_PYPERF.search(_head_of(path)))
        if not self.is_script and not self._part:
            raise Unmeasurable("B-TARGET", f"{name} uses no pyperf: name a test in it, {name}::test_…")
        self._sides = sides

    def side(self, name: Literal["base", "head"]) -> Side:
        """A side that has head's benchmark files. Raises Unmeasurable."""
        return self._sides.side(name, self.file)

    def arguments(
        self, out: Path, *, loops: int | None = None, calls: int | None = None, profile: Path | None = None
    ) -> list[str]:
        """What a side's Python is to run: a program of ours and its arguments.

        `loops` calls in a round, by default as many as take long enough; or `calls` calls that are not timed,
        which are profiled into a file where that is asked for.
        """
        how = {"loops": loops, "calls": calls}
        profiled = [f"--profile={profile}"] if profile is not None else []
        if self.is_script:
            options = [f"--{name}={value}" for name, value in how.items() if value is not None]
            named = [f"--name={self._part}"] if self._part else []
            return [str(_INSIDE / "pyperf_worker.py"), *profiled, f"--out={out}", *options, *named, str(self.file)]
        options = [f"--perf-budget-{name}={value}" for name, value in how.items() if value is not None]
        options = [f"--perf-budget-worker={out}", *options]
        return [str(_INSIDE / "pytest_worker.py"), *profiled, *_PYTEST, *options, self.target]

    def work(self, side: Side, number: int, *, loops: int | None = None, calls: int | None = None) -> Worked:
        """One worker in a fresh process. Raises Unmeasurable."""
        out = self._sides.file(".json")
        self.run(side, (side.python, *self.arguments(out, loops=loops, calls=calls)), number=number)
        return self.worked(side, out)

    def run(self, side: Side, argv: Sequence[str], *, number: int) -> None:
        """Run a worker by this command, to its end. Raises Unmeasurable."""
        with self.running(side, argv, number=number) as started:
            ended = started.finish()
        if ended.status != 0:
            raise self.refused(side, ended)

    @contextlib.contextmanager
    def running(
        self,
        side: Side,
        argv: Sequence[str],
        *,
        number: int,
        variables: Mapping[str, str] | None = None,
        timeout_s: float = _WORK_S,
    ) -> Iterator[process.Running]:
        """A worker that runs by this command. Raises Unmeasurable where it cannot be started."""
        environment = ONE_THREAD | self._sides.variables(side, number, variables)
        try:
            started = process.Running(argv, folder=side.folder, environment=environment, timeout_s=timeout_s)
        except OSError as error:
            raise self.failed(side, str(error)) from error
        try:
            yield started
        finally:
            started.stop()

    def scratch(self, suffix: str) -> Path:
        """A path for what a worker writes."""
        return self._sides.file(suffix)

    def worked(self, side: Side, out: Path) -> Worked:
        """What a worker wrote. Raises Unmeasurable."""
        try:
            with out.open("rb") as file:
                worked = msgspec.json.decode(file.read(_MOST_BYTES), type=Worked)
            out.unlink()
        except (OSError, msgspec.DecodeError) as error:
            raise self.failed(side, "nothing was measured") from error
        if worked.error:
            raise self.failed(side, process.printable(worked.error))
        return worked

    def refused(self, side: Side, ended: process.Ended) -> Unmeasurable:
        """Why a worker that ended so measured nothing."""
        if not self.is_script and side.name == "head" and ended.status in _NO_SUCH_TEST:
            missing = [line for line in ended.stderr.splitlines() if "not found: " in line]
            if missing or ended.status == _NO_SUCH_TEST[1]:
                return Unmeasurable("B-TARGET", f"there is no test {process.printable(self.target)}")
        if ended.timed_out:
            return Unmeasurable("B-TIME", f"{self.target} was not done in time by {side.title}: let it do less")
        return self.failed(side, _error(ended))

    def failed(self, side: Side, reason: str) -> Unmeasurable:
        """For a worker that measured nothing, for this reason."""
        if side.name == "head":
            return Unmeasurable("B-RUN", f"{self.target} does not run: {reason}")
        return Unmeasurable(
            "B-BASE-RUN",
            f"{self.target} does not run against {side.title}, so that a regression cannot be seen: {reason}",
        )


def _head_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")


def _error(ended: process.Ended) -> str:
    """What went wrong, as pytest says it ("E   ImportError: …"), or the last that was said."""
    told = [line[1:].strip() for line in ended.stdout.splitlines() if line.startswith("E ")]
    return process.printable(told[-1]) if told else ended.last_words
