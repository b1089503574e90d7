"""Where the pages come from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from perftools.detect.diagnose import Detector

CODE = re.compile(r"[BEV]-[A-Z]+(?:-[A-Z]+)*")
_HEADED = re.compile(r"(What it finds|How|What it leaves alone|What to do)\. |(Limits): ")
"""How the paragraphs of a rule's docstring begin."""


class Page(NamedTuple):
    """A page of the handbook."""

    name: str
    """A rule's id, or a code."""
    title: str
    text: str
    """Markdown, below the title."""


def find(name: str) -> Page | None:
    """The page of a code, in capitals or not, or of a rule; None where there is none."""
    code = name.upper()
    if code in codes():
        return _of_code(code)
    return next((_of_rule(rule) for rule in _rules() if rule.id == name), None)


def pages() -> Iterator[Page]:
    """All of them: rules first."""
    yield from (_of_rule(rule) for rule in _rules())
    yield from map(_of_code, codes())


def names() -> list[str]:
    """What `find` finds: rules first."""
    return [*(rule.id for rule in _rules()), *codes()]


def codes() -> list[str]:
    """The codes that have a page, in alphabetical order."""
    files = (file.name.removesuffix(".md") for file in resources.files(__package__).iterdir())
    return sorted(name for name in files if CODE.fullmatch(name))


def _rules() -> tuple[Detector, ...]:
    from perftools.detect.diagnose import detectors

    return detectors()


def _of_code(code: str) -> Page:
    text = resources.files(__package__).joinpath(f"{code}.md").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    return Page(code, _capital(head.removeprefix(f"# {code}: ")), rest.strip())


def _of_rule(rule: Detector) -> Page:
    """Its docstring, the leads of its paragraphs as headings, and the limits in force without settings."""
    title, _, rest = inspect.cleandoc(rule.__doc__ or rule.id).partition("\n")
    title = title.removeprefix(f"{rule.id}: ").rstrip(".")
    text = "\n\n".join(_headed(paragraph) for paragraph in rest.strip().split("\n\n"))
    values = ", ".join(f"`{name}` {value:g}" for name, value in rule.limits.items())
    table = f"`[tool.perftools.limits.{rule.id}]` of a pyproject.toml"
    limits = f"Their values are {values}. {table} sets others." if values else ""
    return Page(rule.id, _capital(title), f"{text}\n\n{limits}".strip())


def _headed(paragraph: str) -> str:
    lead = _HEADED.match(paragraph)
    if lead is None:
        return paragraph
    return f"## {lead[1] or lead[2]}\n\n{_capital(paragraph[lead.end() :])}"


def _capital(text: str) -> str:
    """With a capital, unless it begins with the name of something."""
    return f"{text[:1].upper()}{text[1:]}" if text.partition(" ")[0].isalpha() else text
