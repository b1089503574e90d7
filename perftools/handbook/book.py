"""All pages in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from perftools.handbook.pages import Page, codes, pages

_HEAD = """# Handbook

What each rule looks for, and what each code means: the pages that `perf explain RULE` and `perf explain CODE` print.

<!-- Made by `python -m perftools.handbook` from the rules' docstrings and perftools/handbook/*.md: edit those. -->
"""


def text() -> str:
    """The handbook as Markdown: a table of contents, then every page."""
    rules = [page for page in pages() if page.name not in codes()]
    of_codes = [page for page in pages() if page.name in codes()]
    sections = (("Rules", rules), ("Codes", of_codes))
    return "\n".join([_HEAD, *(line for name, of in sections for line in _section(name, of))]).rstrip() + "\n"


def _section(name: str, of: Sequence[Page]) -> Iterator[str]:
    yield f"## {name}\n"
    for page in of:
        yield f"- [{page.name}](#{page.name.lower()}): {page.title}"
    yield ""
    for page in of:
        yield f"### {page.name}\n\n**{page.title}.**\n"
        yield re.sub(r"^## ", "#### ", page.text, flags=re.MULTILINE) + "\n"
