"""Findings that the user knows of: taken out of the report, counted, and back when their day is over."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.config import Settings
from perftools.finding import Finding, Suppressed


def suppress(
    findings: Sequence[Finding], settings: Settings
) -> tuple[list[Finding], tuple[Suppressed, ...], list[str]]:
    """The findings to report, those that are suppressed, and what to say of suppressions that did nothing.

    Where rules were chosen, those of the others, and fingerprints that may be theirs, are no matter.
    """
    valid = [each for each in settings.suppressions if settings.today <= each.until]
    reported: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: set[str] = set()
    for finding in findings:
        file = finding.where.file if finding.where else None
        meant = [each for each in valid if each.matches(finding.rule, finding.fingerprint, file)]
        used.update(each.place for each in meant)
        if meant:
            first = meant[0]
            suppressed.append(
                Suppressed(finding=finding, reason=first.reason, until=first.until.isoformat(), place=first.place)
            )
        else:
            reported.append(finding)
    notes = []
    for each in settings.suppressions:
        asked = settings.rules is None or each.rule in settings.rules
        if settings.today > each.until:
            notes.append(f"{each.place}: the suppression of {each} has expired: it was until {each.until}")
        elif asked and each.place not in used:
            notes.append(f"{each.place}: the suppression of {each} matches no finding of this audit")
    return reported, tuple(suppressed), notes
