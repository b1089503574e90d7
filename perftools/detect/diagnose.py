"""All rules over one Audit: findings in order, what was fine, what was not checked, and what to know of it all."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Protocol

from perftools import config, plugins
from perftools import detect as rules
from perftools.causes import Evidence, LibraryGroup, LoopGroup
from perftools.causes.timetable import process_loads, time_table
from perftools.causes.waits import wait_table
from perftools.config import Settings
from perftools.detect.judging import BLIND, SHARES, UNASKED, severity
from perftools.detect.suppressing import suppress
from perftools.detect.verdict import SHARED, verdict
from perftools.finding import SEVERITIES, Diagnosis, Finding, Ok, Unjudged
from perftools.record import Audit, Gc, Missing

SKIPPED = Missing(code="E-SKIPPED", reason="left out, as asked (--only, --skip)")


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


def diagnose(audit: Audit, settings: Settings = config.DEFAULT) -> Diagnosis:
    """Judge an audit by every rule that is asked for.

    A rule that fails is reported as not checked; the others go on.
    """
    return _judge(Evidence(audit), settings)


def _judge(evidence: Evidence, settings: Settings) -> Diagnosis:
    findings: list[Finding] = []
    fine: list[Ok] = []
    unjudged: list[Unjudged] = []
    wanted, unwanted = _chosen(settings)
    for rule in wanted:
        try:
            answer = rule.detect(evidence, limits_of(rule, settings))
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
    reported, suppressed, notes = suppress(findings, settings)
    table, waits = time_table(evidence), wait_table(evidence)
    return Diagnosis(
        verdict=tuple(verdict(reported, suppressed, unjudged, table, waits, evidence, rules=len(wanted))),
        findings=tuple(reported),
        checked_ok=tuple(fine),
        not_checked=(*unjudged, *(Unjudged(rule=rule.id, missing=SKIPPED) for rule in unwanted)),
        time=table,
        processes=process_loads(evidence),
        waits=waits,
        suppressed=suppressed,
        notes=(*notes, *settings.notes, *_notes(evidence)),
    )


def _chosen(settings: Settings) -> tuple[list[Detector], list[Detector]]:
    """The rules that are asked for, and the others."""
    wanted = [rule for rule in detectors() if settings.rules is None or rule.id in settings.rules]
    return wanted, [rule for rule in detectors() if rule not in wanted]


def limits_of(rule: Detector, settings: Settings) -> Mapping[str, float]:
    """The rule's own limits, but for those that the user has set."""
    return {**rule.limits, **settings.limits.get(rule.id, {})}


def settled(audit: Audit, settings: Settings = config.DEFAULT) -> bool:
    """Would a longer window change no severity: has each candidate the same one at both ends of its interval?

    Services without load are never settled, nor is a hot loop whose values were not read often enough. What an
    observer cannot see at all, a longer window will not show either.
    """
    evidence = Evidence(audit)
    settings = settings._replace(suppressions=())  # what is suppressed is measured like the rest
    diagnosis = _judge(evidence, settings)
    wanted, _ = _chosen(settings)
    if any(row.missing.code not in _never_seen(evidence) for row in diagnosis.not_checked):
        return False
    for rule in wanted:
        pending = getattr(rule, "pending", None)
        if pending is not None and pending(evidence, limits_of(rule, settings)):
            return False
    by_rule = {rule.id: limits_of(rule, settings) for rule in wanted}
    for finding in diagnosis.findings:
        limits = by_rule.get(finding.rule, SHARES)
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
    memory = evidence.audit.observations.memory
    missing += [memory] if isinstance(memory, Missing) else []
    return frozenset({BLIND, UNASKED, SKIPPED.code, *(each.code for each in (*missing, gil) if each is not None)})


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
