"""fork-memory: workers that were forked to share memory have copied much of it.

What it finds. Processes that were forked (gunicorn with `--preload`, multiprocessing's "fork" and "forkserver") from
one that had loaded much, and that have a private copy of a good part of it by now. Workers that load everything
themselves have inherited little, and are not meant.

How. The mappings of parent and child are compared at the beginning and towards the end of the window
(`perftools/collect/inherited.py`): of the pages resident in the same private ranges, those that only the child maps
were copied, because one of both wrote to them. Up to 8 processes are compared.

What it leaves alone. A parent with little to share, and copies that are a small part of it.

What to do. Python writes to objects that are only read: the garbage collector marks every container that it goes
through, and each use counts a reference. The first is prevented by `gc.freeze()` before the fork, the second by keeping
tables where there are no objects: in arrays, or in files that each worker maps.

Limits: `inherited_mib`: what the worst worker must have inherited; `share`: the part of it that it has copied;
`copied_mib`: what all of them have copied together. Severity by these copies as a part of the memory limit, or of the
machine's memory: `high`, `medium`, else low.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from perftools.causes import Evidence
from perftools.detect import settings
from perftools.detect.judging import BLIND, fingerprint, idle
from perftools.detect.load import counted, several
from perftools.detect.memory_words import mib, unseen
from perftools.finding import Finding, Measure, Ok, Severity, Where
from perftools.record import FROZEN_COUNTED, ForkedMemory, Gc, Memory, Missing

id = "fork-memory"
limits: Mapping[str, float] = {
    "inherited_mib": 64.0, "share": 0.25, "copied_mib": 100.0, "medium": 0.10, "high": 0.25,
}  # fmt: skip
_SOON_S = 1.0
"""Time between two looks from which copies within the window are said."""


class Fork(NamedTuple):
    """One forked process over the window."""

    first: ForkedMemory
    last: ForkedMemory

    @property
    def share(self) -> float:
        """The copied part of what it inherited."""
        return self.last.copied_bytes / self.last.inherited_bytes if self.last.inherited_bytes else 0.0


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """One finding for the service, with its worst worker; Ok with what is still shared."""
    memory = evidence.audit.observations.memory
    if isinstance(memory, Missing):
        return unseen(memory)
    found = forks(memory)
    large = [each for each in found if each.last.inherited_bytes >= limits["inherited_mib"] * 2**20]
    lost = [each for each in large if each.share >= limits["share"]]
    if sum(each.last.copied_bytes for each in lost) >= limits["copied_mib"] * 2**20:
        return [_finding(lost, large, memory, evidence, limits)]
    if not found and memory.unwalked is not None:
        return Missing(
            code=BLIND,
            reason=f"what forked workers share was not looked at, because {memory.unwalked.reason}",
            remedy=memory.unwalked.remedy,
        )
    return idle(evidence) or Ok(rule=id, says=_fine(found, large))


def forks(memory: Memory) -> list[Fork]:
    """The process that has copied most first."""
    looks: dict[int, list[ForkedMemory]] = {}
    for each in memory.forked:
        looks.setdefault(each.pid, []).append(each)
    return sorted((Fork(each[0], each[-1]) for each in looks.values()), key=lambda fork: -fork.last.copied_bytes)


def _fine(found: Sequence[Fork], large: Sequence[Fork]) -> str:
    if not found:
        return "no process was forked from one that is still there"
    if not large:
        most = max(each.last.inherited_bytes for each in found)
        return f"{several(len(found), 'forked process')} inherited at most {mib(most)}: little to share"
    worst = large[0]
    return (
        f"{several(len(large), 'forked process')}: the worst has copied {mib(worst.last.copied_bytes)} of "
        f"{mib(worst.last.inherited_bytes)} inherited"
    )


def _finding(
    lost: Sequence[Fork], large: Sequence[Fork], memory: Memory, evidence: Evidence, limits: Mapping[str, float]
) -> Finding:
    worst = lost[0]
    total = sum(each.last.copied_bytes for each in lost)
    part = _part(total, memory, evidence)
    who = "a forked worker has" if len(lost) == 1 else f"{len(lost)} forked workers have each"
    up_to = "" if len(lost) == 1 else "up to "
    sum_ = "" if len(lost) == 1 else f", {mib(total)} in all"
    return Finding(
        rule=id,
        severity=_severity(part, limits),
        title=f"{who} copied {up_to}{mib(worst.last.copied_bytes)} of the {mib(worst.last.inherited_bytes)} that "
        f"{'it was' if len(lost) == 1 else 'they were'} to share{sum_}",
        where=None,
        share=None,
        evidence=tuple(_rows(worst, total, part, len(large), memory)),
        facts=(),
        heat=(),
        why="A forked worker shares its parent's pages until one of both writes to them. Python writes to what it only "
        "reads: a full garbage collection marks every container, and each use of an object counts a reference in it. "
        "A page of 4 KiB is copied for one such mark, so that each worker ends up with a copy of its own.",
        todo=_todo(worst, evidence),
        fingerprint=fingerprint(id, Where(file="", line=0, function=""), evidence.code),
        rank=part or 0.0,
    )


def _severity(part: float | None, limits: Mapping[str, float]) -> Severity:
    if part is None or part < limits["medium"]:
        return "low"
    return "high" if part >= limits["high"] else "medium"


def _part(total: int, memory: Memory, evidence: Evidence) -> float | None:
    """The copies against all the memory that the service may have; None where that is not known."""
    sched = evidence.audit.observations.sched
    machine = 0 if isinstance(sched, Missing) else sched.host.memory_bytes
    whole = memory.limit_bytes or machine
    return total / whole if whole > 0 else None


def _rows(worst: Fork, total: int, part: float | None, large: int, memory: Memory) -> Iterator[Measure | str]:
    first, last = worst.first, worst.last
    yield counted(f"copied by pid {last.pid}, the worst", last.copied_bytes / 2**20, "MiB")
    yield counted("of what it inherited", 100 * worst.share, "%")
    yield counted(f"still shared with pid {last.parent}", (last.inherited_bytes - last.copied_bytes) / 2**20, "MiB")
    if last.at_s - first.at_s >= _SOON_S:
        more = (last.copied_bytes - first.copied_bytes) / 2**20
        yield counted(f"copied within {last.at_s - first.at_s:.0f} s of the window", more, "MiB")
    yield counted("copied by all that were looked at", total / 2**20, "MiB", large)
    if part is not None:
        whole = "the memory limit" if memory.limit_bytes else "the machine's memory"
        yield counted(f"of {whole}", 100 * part, "%")


def _todo(worst: Fork, evidence: Evidence) -> str:
    arrays = (
        "Keep large tables where there are no objects to mark: numpy arrays instead of lists and dicts of numbers, or "
        'files that every worker maps, as `np.load(path, mmap_mode="r")`.'
    )
    if _frozen(worst.last.pid, evidence):
        return f"The collector leaves these objects alone already (gc.freeze()); what is left are references. {arrays}"
    where = "in the parent, after everything is loaded and right before the fork"
    if settings.server(evidence.audit.target) == "gunicorn":
        where = "in the master (`when_ready(server)` of the gunicorn configuration, with `preload_app`)"
    return f"(1) `gc.collect(); gc.freeze()` {where}: the workers' collections leave out what was loaded. (2) {arrays}"


def _frozen(pid: int, evidence: Evidence) -> bool:
    gc = evidence.gc
    return isinstance(gc, Gc) and any(each.pid == pid and each.frozen >= FROZEN_COUNTED for each in gc.collectors)
