"""What was checked and is fine, what was not checked and why, and what a reader should know of the observation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perftools.finding import Diagnosis, Suppressed, Unjudged
from perftools.record import Audit, Missing
from perftools.report.page import Page
from perftools.report.words import clean, glued

HANG = 6


def write(page: Page, audit: Audit, diagnosis: Diagnosis) -> None:
    page.blank()
    for index, ok in enumerate(diagnosis.checked_ok):
        page.write(f"{clean(ok.rule)}: {glued(ok.says)}", label="" if index else "ok", hang=HANG)
    for index, (missing, rules) in enumerate(_by_reason(diagnosis.not_checked).items()):
        said = f"{', '.join(clean(rule) for rule in rules)}: {glued(missing.reason)} ({clean(missing.code)})"
        page.write(said, label="" if index else "n/a", hang=HANG)
        if missing.remedy:
            page.write(glued(missing.remedy), indent=HANG, hang=HANG)
    page.blank()
    known = [_known(diagnosis.suppressed)] if diagnosis.suppressed else []
    for index, note in enumerate((*known, *diagnosis.notes, *audit.quality.warnings)):
        page.write(glued(note), label="" if index else "note", hang=HANG)


def _known(suppressed: Sequence[Suppressed]) -> str:
    """What the user's settings keep out of the findings, one after the other."""
    said = "; ".join(f"{_place(each)}, until {each.until} ({each.place}: {each.reason})" for each in suppressed)
    return f"{len(suppressed)} finding{'s' if len(suppressed) > 1 else ''} suppressed: {said}"


def _place(suppressed: Suppressed) -> str:
    finding = suppressed.finding
    where = f" at {finding.where.file.rpartition('/')[2]}:{finding.where.line}" if finding.where else ""
    return f"{finding.severity.upper()} {finding.rule}{where}"


def _by_reason(not_checked: Iterable[Unjudged]) -> dict[Missing, list[str]]:
    """Rules that lack the same thing are named together."""
    rules: dict[Missing, list[str]] = {}
    for unjudged in not_checked:
        rules.setdefault(unjudged.missing, []).append(unjudged.rule)
    return rules
