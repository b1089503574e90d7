"""The verdicts as JUnit XML, valid by junit-10.xsd of Jenkins' xunit plugin, which other readers take too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from perftools import __version__
from perftools.budget.model import Status, Verdict
from perftools.budget.report import words
from perftools.report.words import clean

SUITE: Final = "perf budget"
ELEMENTS: Final[dict[Status, str]] = {
    "broken": "failure",
    "not_measured": "error",
    "inconclusive": "skipped",
    "waived": "skipped",
}
"""Of a test case that did not pass."""


def render(verdicts: Sequence[Verdict], *, notes: Sequence[str] = ()) -> str:
    """One suite, a test case for each budget in the order of the file."""
    found = [ELEMENTS.get(verdict.status) for verdict in verdicts]
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(found.count("failure")),
        "errors": str(found.count("error")),
    }
    root = ElementTree.Element("testsuites", {"name": SUITE, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": SUITE, **counts, "skipped": str(found.count("skipped"))})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("tool", f"perftools {__version__}"), *(("note", note) for note in notes)):
        ElementTree.SubElement(properties, "property", name=name, value=clean(value))
    for verdict, element in zip(verdicts, found, strict=True):
        _case(suite, verdict, element)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, verdict: Verdict, element: str | None) -> None:
    budget = verdict.budget
    case = ElementTree.SubElement(suite, "testcase", name=clean(budget.id), classname=clean(budget.target))
    said = words.sentence(verdict)
    if element is None:
        ElementTree.SubElement(case, "system-out").text = said
        return
    outcome = ElementTree.SubElement(case, element, type=verdict.status, message=said)
    outcome.text = words.target(verdict)
