"""The verdict: what the findings come down to, in a few sentences, or else where the time goes."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.causes import Evidence
from perftools.detect.judging import UNASKED
from perftools.finding import (
    COLLECTING,
    GC_RULES,
    Clause,
    Finding,
    Suppressed,
    TimeTable,
    Unjudged,
    WaitLine,
    WaitTable,
    Where,
)
from perftools.record import Missing

LARGE = 0.2
"""Where no finding is a share of the samples, the share from which a line that no rule covers is named too."""
SHARED = ("cpu", "gil")
"""What shares can be compared: of what all samples show."""


def verdict(
    findings: Sequence[Finding],
    suppressed: Sequence[Suppressed],
    unjudged: Sequence[Unjudged],
    table: TimeTable | Missing,
    waits: WaitTable | Missing,
    evidence: Evidence,
    *,
    rules: int,
) -> list[Clause]:
    """Whether requests wait rather than compute; then the findings in words, or where the time goes if there are none.

    Last, how many the user keeps out of sight. `rules`: how many have judged.
    """
    known = [each.finding for each in suppressed]
    count = [Clause(text=f"Suppressed, as known: {len(known)}.")] if known else []
    asked = [row for row in unjudged if row.missing.code != UNASKED]
    clauses = _clauses(findings, known, asked, table, evidence, rules - len(unjudged) + len(asked))
    if not isinstance(table, Missing) and not isinstance(waits, Missing) and waits.not_cpu_bound:
        told = [clause for clause in clauses if clause.finding is not None]  # a line's share of little CPU is none
        clauses = [Clause(text=_waiting(waits.lines[0], table, evidence.audit.target.cpus.effective)), *told]
    return [*clauses, *count]


def _clauses(
    findings: Sequence[Finding],
    known: Sequence[Finding],
    unjudged: Sequence[Unjudged],
    table: TimeTable | Missing,
    evidence: Evidence,
    rules: int,
) -> list[Clause]:
    clauses = [Clause(text=_clause(finding), finding=number) for number, finding in enumerate(findings, 1)]
    if isinstance(table, Missing):
        return [Clause(text=f"Stacks could not be read: {table.reason}."), *clauses]
    idle = next((row.missing for row in unjudged if row.missing.code == "E-IDLE"), None)
    if not findings and idle is not None:
        return [Clause(text=f"{idle.reason[0].upper()}{idle.reason[1:]}.")]
    alarms = [finding for finding in findings if finding.severity != "info"]
    if alarms:
        uncovered = _uncovered([*alarms, *known], table)
        if uncovered is not None:  # before the first cause that it is larger than
            at = next((at for at, finding in enumerate(findings) if _of_samples(finding)), len(clauses))
            clauses.insert(at, uncovered)
        return clauses
    if not findings and unjudged and len({row.rule for row in unjudged}) == rules:
        return [Clause(text=f"Nothing could be judged: {unjudged[0].missing.reason}.")]
    return [Clause(text=_elsewhere(table, unjudged, evidence, known)), *clauses]


def _clause(finding: Finding) -> str:
    title = f"{finding.title[0].upper()}{finding.title[1:]}"
    place = _called(finding.where) if finding.where else ""
    if finding.share is None:
        return f"{title} in {place}." if place else f"{title}."
    if finding.share.of == "wall":
        return f"{title}, set off in {place}." if place and finding.rule in GC_RULES else f"{title}."
    of = "GIL-held time" if finding.share.of == "gil" else "CPU"
    if finding.share.few:
        part = f"Perhaps {100 * finding.share.value:.0f} % of the {of}, with too few samples to tell,"
    else:
        part = f"{100 * finding.share.value:.0f} % of the {of}"
    return f"{part} goes to {finding.title}{f' in {place}' if place else ''}."


def _called(where: Where) -> str:
    return where.function + ("" if where.function.startswith("<") else "()")


def _waiting(line: WaitLine, table: TimeTable, cpus: float) -> str:
    place = f"{line.where.file.rpartition('/')[2]}:{line.where.line} {_called(line.where)}"
    percent = table.cpu_percent / cpus
    used = f"{f'{percent:.0f}' if percent >= 0.95 else 'under 1'} % of {cpus:g} CPU{'' if cpus == 1 else 's'}"
    share = f"{100 * line.share:.0f} % of their time"
    return f"Not CPU-bound: {used}; requests wait in {place} -> {line.what}, {share}."


def _of_samples(finding: Finding) -> bool:
    return finding.share is not None and finding.share.of in SHARED


def _uncovered(findings: Sequence[Finding], table: TimeTable) -> Clause | None:
    """The hottest line, where it holds more than any finding and belongs to none: no rule knows it, the reader must.

    The collector's time is known to its rules. Shares of the wall time are no shares of the samples.
    """
    top = next((row for row in table.lines if row.does != COLLECTING), None)
    if top is None:
        return None
    known = [finding.share for finding in findings if finding.share is not None and _of_samples(finding)]
    if any(share.value >= top.share.value for share in known):
        return None
    if not known and top.share.value < LARGE:
        return None
    inside = {(finding.where.file, line) for finding in findings if finding.where for line, _ in finding.heat}
    if (top.where.file, top.where.line) in inside:
        return None
    what = f" ({top.does})" if top.does else ""
    place = f"{top.where.file.rpartition('/')[2]}:{top.where.line} {top.where.function}{what}"
    return Clause(text=f"{100 * top.share.value:.0f} % of the time is at {place}, which no rule covers.")


def _elsewhere(table: TimeTable, unjudged: Sequence[Unjudged], evidence: Evidence, known: Sequence[Finding]) -> str:
    """Without a finding, or with known ones only: where the time goes, and whether it is the user's code at all."""
    profile = evidence.profile
    nothing = "Nothing new was found" if known else "Nothing was found" if unjudged else "No rule fires"
    if unjudged:
        nothing += f", but {_names(unjudged)} not checked"
    if not table.lines or profile is None:
        return f"{nothing}, and no line stands out."
    libraries = sum(
        weight
        for charge, weight in zip(evidence.charges, profile.weight, strict=True)
        if charge is not None and charge.kind in ("library", "framework")
    )
    top = table.lines[0]
    what = f" ({top.does})" if top.does else ""
    place = f"{top.where.file.rpartition('/')[2]}:{top.where.line} {top.where.function}{what}"
    if 2 * libraries > profile.total:
        return (
            f"{nothing}: {100 * libraries / profile.total:.0f} % of the CPU lies in library code, "
            f"most at {place} with {100 * top.share.value:.0f} %."
        )
    return f"{nothing}. The hottest line, with {100 * top.share.value:.0f} %, is {place}."


def _names(unjudged: Sequence[Unjudged]) -> str:
    """As in "a was", "a, b and c were"."""
    *rest, last = dict.fromkeys(row.rule for row in unjudged)
    return f"{', '.join(rest)} and {last} were" if rest else f"{last} was"
