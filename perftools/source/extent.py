"""Find the function around a line without parsing the file: a scan of logical lines and their indentation.

A profiler knows a file and a line. Parsing a file of thousands of lines for each of them would cost more than the
sampling did, and the file may be written for a newer Python than ours; indentation is enough to cut out the outermost
function (or the top-level statement) that holds the line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice
from typing import NamedTuple

_TOKEN = re.compile(r"""\"{3}|'{3}|["']|\#[^\n]*|\\\n|[(\[{)\]}]|\n""")
_STOPS = {
    quote: re.compile(rf"\\.|{quote}" if len(quote) == 3 else rf"\\.|{quote}|(?=\n)", re.DOTALL)
    for quote in ('"', "'", '"' * 3, "'" * 3)
}
"""What a string literal runs to next: an escape, or its end (that of the line, where its quote is missing)."""
_HEAD = re.compile(r"(?:async\s+)?(?P<kind>def|class)\s+(?P<name>\w+)")
_IMPORTS = re.compile(r"(?:import|from)\b")
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")


class Extent(NamedTuple):
    """Where a function (with its decorators) or a top-level statement stands in its file."""

    first_line: int
    last_line: int
    function: str
    """Qualified name, "Scorer.score", or "<module>"."""


class _Logical(NamedTuple):
    """One logical line: brackets, strings and backslashes joined."""

    first: int
    last: int
    indent: int
    text: str
    """From the first non-blank character to the end of the first physical line."""


def _string_end(text: str, start: int, quote: str) -> int:
    """Where a string literal ends whose content starts at `start`; the end of the text where its end is missing."""
    for stop in _STOPS[quote].finditer(text, start):
        if not stop.group().startswith("\\"):
            return stop.end()
    return len(text)


def _logical_lines(text: str) -> tuple[_Logical, ...]:
    """All logical lines, in time linear in the text, whatever it is: nothing is looked at twice."""
    lines: list[_Logical] = []
    start, depth, number, first, at = 0, 0, 1, 1, 0

    def add(end: int) -> None:
        whole = text[start:end]
        bare = whole.lstrip(" \t\f")
        if bare and not bare.startswith("#"):
            indent = len(whole[: len(whole) - len(bare)].expandtabs())
            lines.append(_Logical(first, number, indent, bare.split("\n", 1)[0]))

    while (token := _TOKEN.search(text, at)) is not None:
        at, value = token.end(), token.group()
        if value == "\n":
            if depth == 0:
                add(token.start())
                start, first = at, number + 1
            number += 1
        elif value == "\\\n":
            number += 1
        elif value in _STOPS:
            at = _string_end(text, at, value)
            number += text.count("\n", token.end(), at)
        elif value in "([{":
            depth += 1
        elif value in ")]}":
            depth = max(0, depth - 1)
    add(len(text))
    return tuple(lines)


class Outline:
    """The logical lines of one file, scanned once for all lines that are asked for."""

    def __init__(self, text: str) -> None:
        self._lines = _logical_lines(text)
        self._last = text.count("\n") + 1

    def enclosing(self, line: int) -> Extent | None:
        """The outermost function around `line` (1-based), or the top-level statement where no function is around it.

        Classes are looked through: a method is a function of its own. None where the line is beyond the text or above
        its first statement.
        """
        lines = self._lines
        at = bisect_right(lines, line, key=lambda logical: logical.first) - 1
        if at < 0 or line > self._last:
            return None
        at = _below_decorators(lines, at)  # co_firstlineno of a decorated function is its first decorator's line
        chain = [at]
        for index in range(at - 1, -1, -1):
            if lines[index].indent < lines[chain[-1]].indent:
                chain.append(index)
        names: list[str] = []
        for index in reversed(chain):
            head = _HEAD.match(lines[index].text)
            if head is None:
                if lines[index].indent == 0 and index == chain[-1] and not any(_is_def(lines[each]) for each in chain):
                    break
                continue
            names.append(head["name"])
            if head["kind"] == "def":
                first = _above_decorators(lines, index)
                return Extent(lines[first].first, _block_end(lines, index), ".".join(names))
        return Extent(*_statement(lines, chain[-1]), "<module>")

    def imports(self, most: int) -> list[tuple[int, int]]:
        """First and last line of the module's own import statements, at most so many."""
        found = ((each.first, each.last) for each in self._lines if each.indent == 0 and _IMPORTS.match(each.text))
        return list(islice(found, most))


def enclosing(text: str, line: int) -> Extent | None:
    """`Outline(text).enclosing(line)`, for one line of a text."""
    return Outline(text).enclosing(line)


def _is_def(line: _Logical) -> bool:
    head = _HEAD.match(line.text)
    return head is not None and head["kind"] == "def"


def _block_end(lines: tuple[_Logical, ...], head: int) -> int:
    end = lines[head].last
    for line in lines[head + 1 :]:
        if line.indent <= lines[head].indent:
            break
        end = line.last
    return end


def _above_decorators(lines: tuple[_Logical, ...], head: int) -> int:
    while head > 0 and lines[head - 1].indent == lines[head].indent and lines[head - 1].text.startswith("@"):
        head -= 1
    return head


def _below_decorators(lines: tuple[_Logical, ...], at: int) -> int:
    while at + 1 < len(lines) and lines[at].text.startswith("@") and lines[at + 1].indent == lines[at].indent:
        at += 1
    return at


def _statement(lines: tuple[_Logical, ...], head: int) -> tuple[int, int]:
    """First and last line of a statement, its decorators and else/except clauses included."""
    indent = lines[head].indent
    first = head
    while first > 0 and _CONTINUES.match(lines[first].text):
        first -= 1
        while first > 0 and lines[first].indent > indent:
            first -= 1
    end = _block_end(lines, head)
    for index in range(head + 1, len(lines)):
        if lines[index].indent == indent:
            if not _CONTINUES.match(lines[index].text):
                break
            end = _block_end(lines, index)
        elif lines[index].indent < indent:
            break
    return lines[_above_decorators(lines, first)].first, end
