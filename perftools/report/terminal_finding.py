"""One finding: how bad, how sure, where; the source with its heat; what was seen, why it is slow, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perftools.finding import Fact, Finding, Gain
from perftools.record import Source
from perftools.report.page import Page, Span
from perftools.report.paths import Paths, function
from perftools.report.words import GLUE, clean, evidence, glued, name, percent, plural, share, sizes, source_line

INDENT = 4
HANG = 10
SEVERITY = {"high": "bold red", "medium": "bold yellow", "low": "bold cyan", "info": "bold"}
LINES = 5
"""Source lines that are shown at most."""
WARM = 0.05
"""Lines below this share of the finding's time are left out."""
BAR = 8
FACTS = 5

LESS = {"cpu": "less CPU", "wall": "less wall time", "p99": "shorter p99", "memory": "less memory"}


def write(page: Page, number: int, finding: Finding, sources: Sequence[Source], paths: Paths) -> None:
    page.blank()
    _head(page, number, finding, paths)
    title = glued(finding.title)
    page.write((title[:1].upper() + title[1:], "bold"), indent=INDENT, hang=INDENT)
    _source(page, finding, sources)
    for index, seen in enumerate(_seen(finding)):
        page.write(*seen, label="" if index else "Seen", indent=INDENT, hang=HANG)
    page.write(glued(finding.why), label="Why", indent=INDENT, hang=HANG)
    if finding.gain:
        page.write(_gain(finding.gain), label="Gain", indent=INDENT, hang=HANG)
    page.write(glued(finding.todo), label="Do", indent=INDENT, hang=HANG)
    if finding.recipe:
        page.write(f"recipe {clean(finding.recipe)}", label="Edit", indent=INDENT, hang=HANG)
    if finding.entry:
        page.write(f"{paths.line(finding.entry)} {function(finding.entry)}", label="From", indent=INDENT, hang=HANG)
    page.blank()


def _head(page: Page, number: int, finding: Finding, paths: Paths) -> None:
    head: list[Span] = [
        (f"[{number}] {finding.severity.upper()}", SEVERITY[finding.severity]),
        f"  {clean(finding.rule)}",
    ]
    if finding.share:
        head.append(f"   {share(finding.share)}")
    if not finding.where:
        page.write(*head, hang=INDENT)
        return
    where: list[Span] = [(paths.line(finding.where), "bold"), f" {function(finding.where)}"]
    if page.fits(*head, "   ", *where):
        page.write(*head, "   ", *where)
    else:
        page.write(*head, hang=INDENT)
        page.write(*where, indent=INDENT, hang=INDENT)


def _source(page: Page, finding: Finding, sources: Sequence[Source]) -> None:
    """The hottest lines and the one to change, in the order of the file, each with its part of the finding's time."""
    if not finding.where or not finding.heat:
        return
    heat = dict(finding.heat)
    warm = [line for line, part in finding.heat if part >= WARM][:LINES]
    lines = sorted({finding.where.line, *warm})
    texts = {line: text for line in lines if (text := source_line(sources, finding.where, line)) is not None}
    margin = min((len(text) - len(text.lstrip()) for text in texts.values() if text.strip()), default=0)
    digits = len(str(lines[-1]))
    page.blank()
    for before, line in zip([lines[0] - 1, *lines], lines, strict=False):
        if line > before + 1:
            page.cut(("⋮".rjust(digits + BAR + 7), "dim"), indent=INDENT)
        part = heat.get(line, 0.0)
        bar = ("━" * max(round(BAR * part), 1) if part >= WARM else "").ljust(BAR)
        said = percent(part).rjust(5) if part else " " * 5
        page.cut(said, " ", bar, f" {line:>{digits}}", (" │ ", "dim"), texts.get(line, "")[margin:], indent=INDENT)
    page.blank()


def _seen(finding: Finding) -> Iterator[tuple[Span, ...]]:
    """A line for each name, then the rest of the evidence as one paragraph."""
    for fact in finding.facts[:FACTS]:
        yield (_fact(fact), (f"  {plural(fact.observations, 'reading')}", "dim"))
    rest = "; ".join(evidence(item).rstrip(".") for item in finding.evidence)
    if rest:
        yield (rest + ".",)


def _fact(fact: Fact) -> str:
    size = f" of{GLUE}{sizes(fact)}" if fact.sizes else ""
    return f"{name(fact)}: {clean(str(fact.type))}{size}"


def _gain(gain: Gain) -> str:
    low, high = (percent(part) for part in (gain.low, gain.high))
    return f"{low.removesuffix(GLUE + '%')}–{high} {LESS[gain.of]}: {glued(gain.basis)}"
