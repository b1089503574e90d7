"""The handbook: a page for each rule, which is its docstring, and one for each code, which is a file of this folder.

`perf explain NAME` prints a page, without a network; `python -m perftools.handbook` makes docs/handbook.md of all.
A page is Markdown of a few forms: headings, paragraphs, lists, and commands in fenced blocks.
"""

from __future__ import annotations

from perftools.handbook.pages import Page, codes, find, names, pages

__all__ = ["Page", "codes", "find", "names", "pages"]
