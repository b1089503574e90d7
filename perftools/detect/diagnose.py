"""All rules over one Audit: findings in order, what was fine, what was not checked, and the verdict in words."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Protocol

from perftools import detect as rules
from perftools import plugins
from perftools.causes import Evidence, LibraryGroup, LoopGroup
from perftools.causes.timetable import process_loads, time_table
from perftools.detect.judging import BLIND, SHARES, severity
from perftools.finding import COLLECTING, GC_RULES, SEVERITIES, Clause, Diagnosis, Finding, Ok, TimeTable, Unjudged
from perftools.record import Audit, Gc, Missing

LARGE = 0.2
"""Where no finding is a share of the samples, the share from which a line that no rule covers is named too."""
SHARED = ("cpu", "gil")
"""What shares can be compared: of what all samples show."""


class Detector(Protocol):
    """A rule: a module or object with an id, its limits, and a function.

    It may also have `pending(evidence, limits) -> bool`: would a longer look tell more?
    """

    id: str
    limits: Mapping[str, float]
    detect: Callable[[Evidence, Mapping[str, float]], Sequence[Finding | Missing] | Ok | Missing]


@cache
def detectors() -> tuple[Detector, ...]:
    """Our rules (each module of `perftools.detect` that has an `id`), then those of plugins."""
    ours: list[ModuleType] = []
    for module in pkgutil.iter_modules(rules.__path__):
        loaded = import_module(f"{rules.__name__}.{module.name}")
        if hasattr(loaded, "id"):
            ours.append(loaded)
    return (*ours, *plugins.load("perftools.detectors").values())


def diagnose(audit: Audit) -> Diagnosis:
    """Judge an audit by every rule. A rule that fails is reported as not checked; the others go on."""
    return _judge(Evidence(audit))


def _judge(evidence: Evidence) -> Diagnosis:
    findings: list[Finding] = []
    fine: list[Ok] = []
    unjudged: list[Unjudged] = []
    for rule in detectors():
        try:
            answer = rule.detect(evidence, rule.limits)
        except Exception as error:  # noqa: BLE001  # one broken rule must not take the report along
            answer = Missing(code="E-RULE", reason=f"the rule failed: {type(error).__name__}: {error}")
        if isinstance(answer, Missing):
            unjudged.append(Unjudged(rule=rule.id, missing=answer))
        elif isinstance(answer, Ok):
            fine.append(answer)
        else:
            findings.extend(each for each in answer if isinstance(each, Finding))
            unjudged.extend(Unjudged(rule=rule.id, missing=each) for each in answer if isinstance(each, Missing))
    findings.sort(key=lambda finding: (-SEVERITIES.index(finding.severity), -finding.rank))
    table = time_table(evidence)
    return Diagnosis(
        verdict=tuple(_verdict(findings, unjudged, table, evidence)),
        findings=tuple(findings),
        checked_ok=tuple(fine),
        not_checked=tuple(unjudged),
        time=table,
        processes=process_loads(evidence),
        notes=tuple(_notes(evidence)),
    )


def settled(audit: Audit) -> bool:
    """Would a longer window change no severity: has each candidate the same one at both ends of its interval?

    Services without load are never settled, nor is a hot loop whose values were not read often enough. What an
    observer cannot see at all, a longer window will not show either.
    """
    evidence = Evidence(audit)
    diagnosis = _judge(evidence)
    if any(row.missing.code not in _never_seen(evidence) for row in diagnosis.not_checked):
        return False
    for rule in detectors():
        pending = getattr(rule, "pending", None)
        if pending is not None and pending(evidence, rule.limits):
            return False
    limits_of = {rule.id: rule.limits for rule in detectors()}
    for finding in diagnosis.findings:
        limits = limits_of.get(finding.rule, SHARES)
        if finding.share is None or finding.share.of not in SHARED:
            continue
        if finding.share.few or severity(finding.share.low, limits) != severity(finding.share.high, limits):
            return False
    return True


def _never_seen(evidence: Evidence) -> frozenset[str]:
    """The reasons why collectors could not be watched."""
    gc = evidence.gc
    sched = evidence.audit.observations.sched
    missing = [*gc.unwatched.values()] if isinstance(gc, Gc) else [gc]
    gil = sched if isinstance(sched, Missing) else sched.gil
    return frozenset({BLIND, *(each.code for each in (*missing, gil) if each is not None)})


def _verdict(
    findings: Sequence[Finding], unjudged: Sequence[Unjudged], table: TimeTable | Missing, evidence: Evidence
) -> list[Clause]:
    clauses = [Clause(text=_clause(finding), finding=number) for number, finding in enumerate(findings, 1)]
    if isinstance(table, Missing):
        return [Clause(text=f"Stacks could not be read: {table.reason}."), *clauses]
    idle = next((row.missing for row in unjudged if row.missing.code == "E-IDLE"), None)
    if not findings and idle is not None:
        return [Clause(text=f"{idle.reason[0].upper()}{idle.reason[1:]}.")]
    alarms = [finding for finding in findings if finding.severity != "info"]
    if alarms:
        uncovered = _uncovered(alarms, table)
        if uncovered is not None:  # before the first cause that it is larger than
            at = next((at for at, finding in enumerate(findings) if _of_samples(finding)), len(clauses))
            clauses.insert(at, uncovered)
        return clauses
    if not findings and unjudged and len({row.rule for row in unjudged}) == len(detectors()):
        return [Clause(text=f"Nothing could be judged: {unjudged[0].missing.reason}.")]
    return [Clause(text=_elsewhere(table, unjudged, evidence)), *clauses]


def _clause(finding: Finding) -> str:
    title = f"{finding.title[0].upper()}{finding.title[1:]}"
    place = finding.where.function + ("" if finding.where.function.startswith("<") else "()") if finding.where else ""
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


def _elsewhere(table: TimeTable, unjudged: Sequence[Unjudged], evidence: Evidence) -> str:
    """Without a finding: where the time goes, and whether it is the user's code at all."""
    profile = evidence.profile
    nothing = f"Nothing was found, but {_names(unjudged)} not checked" if unjudged else "No rule fires"
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


def _notes(evidence: Evidence) -> list[str]:
    code, profile = evidence.code, evidence.profile
    notes = [
        f"source differs from what runs: {file} was changed since the service loaded it; no line is given"
        for file in sorted({code.sources[index].file for index in code.differing})
    ]
    if profile is None:
        return notes
    if profile.of == "gil":
        notes.append("on Python <= 3.10 idle threads look active, so shares are of GIL-held time, not of CPU")
    groups: list[LoopGroup | LibraryGroup] = [*evidence.loops, *evidence.libraries]
    notes.extend(
        f"{100 * group.weight / profile.total:.0f} % of the time was spent in {_name(group, evidence)}, "
        "but in the first half of the window only: no finding is made of it"
        for group in groups
        if group.members <= profile.first_half and group.weight >= SHARES["low"] * profile.total
    )
    return notes


def _name(group: LoopGroup | LibraryGroup, evidence: Evidence) -> str:
    if isinstance(group, LibraryGroup):
        return f"{group.package}, called by {group.place.function}"
    unit = evidence.code.model(group.loop.source).units[group.loop.unit]
    return f"the loop in {unit.function}, line {unit.span.line}"
