"""Which recipe answers a finding, and what it should gain here: the finding's share and the recipe's own timing."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import libcst as cst
import msgspec

from perftools.finding import Diagnosis, Fact, Finding, Gain, Where
from perftools.record import Audit, Missing, Seen, Source, Values
from perftools.rewrite.catalogue import Folder
from perftools.rewrite.rewriting import LEVELS, Known, Taken, TimingsOf, rewrite
from perftools.rewrite.timings import Speedup

LOOKED_UP = 6
"""Findings, the worst ones, for which recipes are looked up; `perf recipes apply` does it for any place."""
LONGEST = 300
"""Lines: a longer function would take its time from a report that somebody waits for."""


def advised(diagnosis: Diagnosis, audit: Audit, folders: Sequence[Folder], timings_of: TimingsOf) -> Diagnosis:
    """The diagnosis, its worst findings with recipe and gain where one applies; what a rule named itself stays."""
    first, rest = diagnosis.findings[:LOOKED_UP], diagnosis.findings[LOOKED_UP:]
    findings = (*(_advised(finding, audit, folders, timings_of) for finding in first), *rest)
    return msgspec.structs.replace(diagnosis, findings=findings)


def size_of(facts: Sequence[Fact]) -> int | None:
    """How many elements the code works on: the length of what its outermost loop iterates; None where it is unknown."""
    known = [fact for fact in facts if fact.sizes]
    iterated = [fact for fact in known if fact.name.startswith(("<iter", ".0"))]
    return max((fact.sizes[0] for fact in iterated or known), default=None)


def _advised(finding: Finding, audit: Audit, folders: Sequence[Folder], timings_of: TimingsOf) -> Finding:
    if finding.recipe is not None or finding.where is None:
        return finding
    answering = [each for each in folders if finding.rule in each.recipe.rules and each.recipe.match is not None]
    source = _source(audit.sources, finding.where)
    if not answering or source is None or source.text.count("\n") >= LONGEST:
        return finding
    known = _known(source, finding, audit.observations.values)
    taken = _best(source, finding.where.line, known, answering, timings_of)
    if taken is None:
        return finding
    return msgspec.structs.replace(finding, recipe=taken.recipe, gain=_gain(finding, taken))


def _best(source: Source, line: int, known: Known, folders: Sequence[Folder], timings_of: TimingsOf) -> Taken | None:
    """What recipes would do at the finding's lines: of the safest level the fastest."""
    text, at = _module(source, line)
    try:
        outcome = rewrite(text, folders, level=LEVELS[-1], line=at, known=known, timings_of=timings_of)
    except cst.ParserSyntaxError:
        return None
    return min(outcome.taken, key=lambda each: (LEVELS.index(each.level), -_value(each.speedup)), default=None)


def _value(speedup: Speedup | None) -> float:
    return 0.0 if speedup is None else speedup.value


def _known(source: Source, finding: Finding, values: Values | Missing) -> Known:
    """What was read of the function's names, at whichever of its lines; what was seen most often counts."""
    most: dict[str, Seen] = {}
    last = source.first_line + source.text.count("\n")
    for site in values.sites if isinstance(values, Values) else ():
        if site.file == source.file and source.first_line <= site.line <= last:
            for seen in site.seen:
                if seen.name not in most or seen.count > most[seen.name].count:
                    most[seen.name] = seen
    facts = {name: seen.type for name, seen in most.items()} | {fact.name: fact.type for fact in finding.facts}
    return Known(facts, size_of(finding.facts), {name: seen.sizes for name, seen in most.items() if seen.sizes})


def _source(sources: Sequence[Source], where: Where) -> Source | None:
    """The text around a place, the innermost where there are several."""

    def holds(source: Source) -> bool:
        last = source.first_line + source.text.count("\n")
        return source.file == where.file and bool(source.text) and source.first_line <= where.line <= last

    return min(filter(holds, sources), key=lambda each: each.text.count("\n"), default=None)


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
