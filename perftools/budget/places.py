"""On which line each part of a TOML document stands; `tomllib` tells values only."""

from __future__ import annotations

import re
import tomllib
from typing import Final, NamedTuple

Place = tuple[str | int, ...]
"""Keys, and indexes of arrays: ("budget", 0, "id")."""

_TOKEN: Final = re.compile(
    r'''
    (?P<blank> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string>
        """ (?: \\. | "{1,2}(?!") | [^"\\] )* "{3,5}
        | \'\'\' (?: '{1,2}(?!') | [^'] )* '{3,5}
        | " (?: \\. | [^"\\\n] )* "
        | ' [^'\n]* '
      )
    | (?P<mark> [\[\]{}=,.] )
    | (?P<bare> [^\s\[\]{}=,."'\#]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)
"""TOML 1.0 (toml.io/en/v1.0.0): what a file that `tomllib` has accepted is made of. A string of three quotes may end
in up to two quotes of its own."""


def places(text: str) -> dict[Place, int]:
    """The line, from 1, on which each table, key and element of `text` begins.

    `text` is a document that `tomllib` accepts; of any other, what can be told.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


_END: Final = _Token("end", "", 0)


class _Scanner:
    """Goes over the tokens once, in the order of the grammar."""

    def __init__(self, text: str) -> None:
        self.found: dict[Place, int] = {}
        self._tokens = _tokens(text)
        self._at = 0
        self._tables: dict[Place, int] = {}
        """How many tables `[[name]]` has so far."""

    def document(self) -> None:
        table: Place = ()
        while (token := self._peek()).kind != "end":
            if token.kind == "newline" or not self._begins_a_statement(token):
                self._at += 1
            elif token.text == "[":
                table = self._header(token.line)
            else:
                self._pair(table)

    def _begins_a_statement(self, token: _Token) -> bool:
        return token.text == "[" or token.kind in ("bare", "string")

    def _header(self, line: int) -> Place:
        """`[a.b]` or `[[a.b]]`: the place that the pairs below it belong to."""
        self._at += 1
        one_of_many = self._peek().text == "["
        self._at += one_of_many
        names = self._key()
        place: Place = ()
        for name in names[: -1 if one_of_many else None]:
            place = self._last((*place, name), line)
        if one_of_many and names:
            place = (*place, names[-1])
            self.found.setdefault(place, line)
            index = self._tables[place] = self._tables.get(place, -1) + 1
            place = (*place, index)
        self.found.setdefault(place, line)
        while self._peek().text == "]":
            self._at += 1
        return place

    def _last(self, place: Place, line: int) -> Place:
        """The table that is meant by a name: of many, the last."""
        self.found.setdefault(place, line)
        return (*place, self._tables[place]) if place in self._tables else place

    def _pair(self, table: Place) -> None:
        """`a.b = value`."""
        line = self._peek().line
        place = table
        for name in self._key():
            place = (*place, name)
            self.found.setdefault(place, line)
        if self._peek().text == "=":
            self._at += 1
            self._value(place)

    def _key(self) -> list[str]:
        names: list[str] = []
        while (token := self._peek()).kind in ("bare", "string") or token.text == ".":
            if token.text != ".":
                names.append(_unquoted(token))
            self._at += 1
        return names

    def _value(self, place: Place) -> None:
        opening = self._peek().text
        if opening == "[":
            self._elements(place)
        elif opening == "{":
            self._inline(place)
        else:
            while self._peek().kind not in ("newline", "end") and self._peek().text not in (",", "]", "}"):
                self._at += 1

    def _elements(self, place: Place) -> None:
        self._at += 1
        index = 0
        while (token := self._peek()).kind != "end" and token.text != "]":
            if token.kind == "newline" or token.text in (",", "}"):
                self._at += 1
                continue
            self.found.setdefault((*place, index), token.line)
            self._value((*place, index))
            index += 1
        self._at += 1

    def _inline(self, place: Place) -> None:
        self._at += 1
        while (token := self._peek()).kind != "end" and token.text != "}":
            if token.kind in ("bare", "string"):
                self._pair(place)
            else:
                self._at += 1
        self._at += 1

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END


def _tokens(text: str) -> list[_Token]:
    found = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(_Token(kind, match.group(), line))
        line += match.group().count("\n")
    return found


def _unquoted(token: _Token) -> str:
    if token.kind == "bare":
        return token.text
    try:
        return str(tomllib.loads(f"key = {token.text}")["key"])
    except tomllib.TOMLDecodeError:
        return token.text
