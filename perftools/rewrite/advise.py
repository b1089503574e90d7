"""Which recipe answers a finding, and what it should gain here: the finding's share and the recipe's own timing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import libcst as cst
import msgspec

from perftools.finding import Diagnosis, Fact, Finding, Gain, Where
from perftools.record import Source
from perftools.rewrite.catalogue import Folder
from perftools.rewrite.rewriting import LEVELS, Known, Outcome, Taken, TimingsOf, rewrite
from perftools.rewrite.timings import Speedup


def advised(
    diagnosis: Diagnosis, sources: Sequence[Source], folders: Sequence[Folder], timings_of: TimingsOf
) -> Diagnosis:
    """The diagnosis with each finding's recipe and gain, where one applies; what a rule named itself stays."""
    findings = tuple(_advised(finding, sources, folders, timings_of) for finding in diagnosis.findings)
    return msgspec.structs.replace(diagnosis, findings=findings)


def _advised(finding: Finding, sources: Sequence[Source], folders: Sequence[Folder], timings_of: TimingsOf) -> Finding:
    if finding.recipe is not None or finding.where is None:
        return finding
    answering = [each for each in folders if finding.rule in each.recipe.rules and each.recipe.match is not None]
    source = _source(sources, finding.where)
    if not answering or source is None:
        return finding
    taken = next(_taken(source, finding, answering, timings_of), None)
    if taken is None:
        return finding
    return msgspec.structs.replace(finding, recipe=taken.recipe, gain=_gain(finding, taken))


def size_of(facts: Sequence[Fact]) -> int | None:
    """How many elements the code works on: the length of what its outermost loop iterates; None where it is unknown."""
    known = [fact for fact in facts if fact.sizes]
    iterated = [fact for fact in known if fact.name.startswith(("<iter", ".0"))]
    return max((fact.sizes[0] for fact in iterated or known), default=None)


def _taken(source: Source, finding: Finding, folders: Sequence[Folder], timings_of: TimingsOf) -> Iterator[Taken]:
    """What recipes would do at the finding's lines: the safest level first, the fastest of a level first."""
    assert finding.where is not None
    text, line = _module(source, finding.where.line)
    known = Known({fact.name: fact.type for fact in finding.facts}, size_of(finding.facts))
    found: list[Taken] = []
    for level in LEVELS:
        for folder in folders:
            if folder.recipe.level != level:
                continue
            try:
                outcome: Outcome = rewrite(text, [folder], level=level, line=line, known=known, timings_of=timings_of)
            except cst.ParserSyntaxError:
                return
            found += outcome.taken
    yield from sorted(found, key=lambda each: (LEVELS.index(each.level), -_value(each.speedup)))


def _value(speedup: Speedup | None) -> float:
    return 0.0 if speedup is None else speedup.value


def _source(sources: Sequence[Source], where: Where) -> Source | None:
    def holds(source: Source) -> bool:
        last = source.first_line + source.text.count("\n")
        return source.file == where.file and bool(source.text) and source.first_line <= where.line <= last

    around = [source for source in sources if holds(source)]
    return min(around, key=lambda each: each.text.count("\n"), default=None)


def _module(source: Source, line: int) -> tuple[str, int]:
    """A module of the imports and the function alone, and where the line stands in it."""
    imports = f"{source.imports}\n" if source.imports else ""
    return imports + textwrap.dedent(source.text) + "\n", line - source.first_line + 1 + imports.count("\n")


def _gain(finding: Finding, taken: Taken) -> Gain | None:
    """Share x (1 - 1/speed-up), from the intervals of both; None without a timing at a known size."""
    share, speedup = finding.share, taken.speedup
    if share is None or speedup is None or share.of != "cpu":
        return None
    interval = f"{speedup.value:.2g}x ({speedup.low:.2g}–{speedup.high:.2g})"
    machine = f"{speedup.machine.cpu}, Python {speedup.machine.python}"
    return Gain(
        of="cpu",
        low=share.low * max(0.0, 1 - 1 / speedup.low),
        high=share.high * max(0.0, 1 - 1 / speedup.high),
        basis=f"{taken.recipe} was {interval} faster at a size of {speedup.n}, on {machine}",
    )
