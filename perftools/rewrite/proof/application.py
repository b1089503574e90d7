"""Proof of a rewrite in code of the user's: against the original, on recorded calls and inputs shaped like them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from perftools.record import Part
from perftools.rewrite import calls, worker
from perftools.rewrite.calls import Calls
from perftools.rewrite.recipe import Tolerance

SECONDS = 20.0
MEMORY_BYTES = 6 << 30
"""Of address space: libraries with threads of their own reserve much and use little."""
_LOADING_S = 30.0


class Job(Part, frozen=True, kw_only=True):
    """What the worker is given."""

    before: str
    after: str
    function: str
    module: str
    file: str
    path: tuple[str, ...]
    calls: bytes
    seconds: float
    same: Tolerance
    ties: bool


class Progress(Part, frozen=True, kw_only=True):
    """How far the worker came."""

    recorded: int = 0
    missed: int = 0
    generated: int = 0
    hits: dict[int, int] = msgspec.field(default_factory=dict)
    problems: tuple[str, ...] = ()
    ties: int = 0
    unstable: int = 0
    slow: int = 0
    left_out: dict[str, int] = msgspec.field(default_factory=dict)
    cannot_load: str = ""
    complete: bool = False


class ApplicationProof(Part, frozen=True, kw_only=True):
    """What was found out about a rewrite."""

    function: str
    recorded: int
    """Recorded calls that were replayed."""
    left_out: dict[str, int]
    """Recorded calls that could not be replayed, by reason."""
    generated: int
    """Inputs made from them that were tried."""
    hits: dict[int, int]
    """By line of the rewritten text: how often the recorded calls took the fast path there."""
    missed: int
    """Recorded calls that took none."""
    problems: tuple[str, ...]
    """What a caller would notice, in which call."""
    ties: int
    """Other answers that a change of the arguments within rounding gives the original as well."""
    unstable: int
    """Calls in which the original does not agree with itself: nothing follows from them."""
    slow: int
    """Inputs with which the original itself takes much longer than with any recorded call: not compared."""
    complete: bool
    """Every input was tried; otherwise the time was over, or enough had gone wrong."""

    @property
    def proved(self) -> bool:
        """No difference, something to compare, and every fast path taken by some recorded call."""
        return not self.problems and self.recorded > self.unstable and bool(self.hits) and all(self.hits.values())

    @property
    def why_not(self) -> str:
        """The reason in words; "" where it is proved."""
        if self.problems:
            return self.problems[0]
        if not self.recorded:
            reason = next(iter(self.left_out), "")
            return f"no recorded call can be replayed{f': {reason} cannot be rebuilt' if reason else ''}"
        unused = [line for line, count in self.hits.items() if not count]
        if unused or not self.hits:
            where = f" at line {unused[0]}" if unused else ""
            return f"none of {self.recorded} recorded calls took the fast path{where}"
        return "" if self.proved else "the function gives another result each time"


def check(
    before_text: str,
    after_text: str,
    function_name: str,
    recorded: Calls,
    module_name: str,
    *,
    file: str = "",
    path: Sequence[str] = ("",),
    seconds: float = SECONDS,
    same: Tolerance = "sum",
    ties: bool = False,
) -> ApplicationProof:
    """Compare a function of two texts of one module, "Class.method" too, in a process with our environment.

    `path` is put before sys.path, so that the module finds what it imports ("" is the current folder). With `same`
    "sum" floats may differ by what another order of their sums can bring about (perftools.rewrite.proof.rounding), and
    everything else must be equal; with `ties`, other answers are excused where they are that close. The text of the
    module runs, twice, as an import would run it.
    """
    job = Job(
        before=before_text,
        after=after_text,
        function=function_name,
        module=module_name,
        file=os.path.abspath(file) if file else f"{module_name}.py",
        path=tuple(os.path.abspath(each) for each in path),
        calls=calls.encode(recorded),
        seconds=seconds,
        same=same,
        ties=ties,
    )
    ended = worker.run(
        "perftools.rewrite.proof.application_worker",
        msgspec.msgpack.encode(job),
        environment={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout_s=seconds + _LOADING_S,
        memory_bytes=MEMORY_BYTES,
    )
    lines = ended.output.rpartition(b"\n")[0].splitlines()
    said = msgspec.json.decode(lines[-1], type=Progress) if lines else Progress()
    problems = list(said.problems)
    if said.cannot_load:
        problems.append(f"the module cannot be loaded: {said.cannot_load}")
    elif ended.status is None:
        problems.append(f"a call was not done in time ({said.recorded + said.generated} were)")
    elif ended.status != 0:
        last = (ended.errors.strip().splitlines() or [""])[-1]
        problems.append(f"a call ended the process (status {ended.status}): {last}"[:300])
    return ApplicationProof(
        function=function_name,
        recorded=said.recorded,
        left_out=said.left_out,
        generated=said.generated,
        hits=said.hits,
        missed=said.missed,
        problems=tuple(problems),
        ties=said.ties,
        unstable=said.unstable,
        slow=said.slow,
        complete=said.complete,
    )
