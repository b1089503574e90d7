"""A page of the handbook on a terminal: Markdown of a few forms, wrapped.

Headings, paragraphs, lists of "- " and fenced blocks, which are never wrapped, so that commands can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perftools.report.page import Page
from perftools.report.words import clean, glued

_FENCE = "```"
_INDENT = 4
_BULLET = 2


def render(name: str, heading: str, text: str, *, width: int, colour: bool, unicode: bool = True) -> str:
    """The page `text` of a rule or code, under its name and heading."""
    page = Page(width=width, colour=colour, unicode=unicode)
    page.write((clean(name), "bold"), f"  {glued(heading)}", hang=_BULLET)
    for block in _blocks(text.splitlines()):
        page.blank()
        if block[0].startswith(_FENCE):
            for line in block[1:]:
                page.whole(clean(line), hang=_INDENT)
        elif block[0].startswith("## "):
            page.write((clean(block[0].removeprefix("## ")), "bold"))
        else:
            for paragraph in _paragraphs(block):
                is_item = paragraph.startswith("- ")
                page.write(glued(paragraph), hang=_BULLET if is_item else 0)
    return page.render()


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """What blank lines and headings divide; a fenced block is one, without its last fence."""
    block: list[str] = []
    fenced = False
    for line in lines:
        if line.startswith(_FENCE) or (not fenced and (not line.strip() or line.startswith("## "))):
            if block:
                yield block
            fenced = line.startswith(_FENCE) and not fenced
            block = [line] if fenced else []
            if line.startswith("## "):
                yield [line]
        else:
            block.append(line)
    if block:
        yield block


def _paragraphs(block: Sequence[str]) -> Iterator[str]:
    """The block as one paragraph, or as the items of a list."""
    said = ""
    for line in block:
        if line.startswith("- ") and said:
            yield said
            said = line
        else:
            said = f"{said} {line.strip()}".strip()
    yield said
