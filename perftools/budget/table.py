"""One table of a TOML document: its values by type, and the line of whatever is wrong with them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from perftools.budget.places import Place
from perftools.errors import FileError

LONGEST: Final = 4000
"""Characters of a text; a command line may be long."""


class Table:
    """Reads values and raises FileError ("FILE:LINE: …") for those that are not what they should be."""

    def __init__(self, path: str, lines: Mapping[Place, int], place: Place, values: object, called: str) -> None:
        """`lines`: of `places`; `place`: where this table is in the document; `called`: what messages call it."""
        self.path = path
        self._lines = lines
        self._place = place
        self._called = called
        self.values: dict[str, Any] = {}
        if not isinstance(values, dict):
            self.fail(f"{called} is to be a table")
        self.values = values

    def line(self, key: str | None = None) -> int:
        """Where `key` stands, or the table itself."""
        place = self._place if key is None else (*self._place, key)
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def fail(self, what: str, key: str | None = None) -> NoReturn:
        raise FileError(f"{self.path}:{self.line(key)}: {what}")

    def check_keys(self, known: frozenset[str]) -> None:
        for key in self.values:
            if key not in known:
                self.fail(f"unknown key {key!r} in {self._called}; known: {', '.join(sorted(known))}", key)

    def tables(self, key: str) -> list[Table]:
        """Those written under `[[key]]`."""
        values = self.values.get(key, [])
        if not isinstance(values, list):
            self.fail(f"{key} is to be written under [[{'.'.join(map(str, (*self._place, key)))}]]", key)
        return [
            Table(self.path, self._lines, (*self._place, key, index), each, f"a {key}")
            for index, each in enumerate(values)
        ]

    def text(self, key: str, default: str | None, form: re.Pattern[str] | None = None, made_of: str = "") -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
            self.fail(f"{key} is to be text in quotes", key)
        if form is not None and not form.fullmatch(value):
            self.fail(f"{key} is {value!r}, and is to be {made_of}", key)
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key, None) if key in self.values else None

    def one_of(self, key: str, default: str | None, known: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if value not in known:
            self.fail(f"unknown {key} {value!r}; known: {', '.join(known)}", key)
        return value

    def optional(self, key: str, read: Callable[[object], float]) -> float | None:
        """What `read` makes of the value; its ValueError goes on after the key's name."""
        if key not in self.values:
            return None
        try:
            return read(self.values[key])
        except ValueError as error:
            self.fail(f"{key} {error}", key)

    def integer(self, key: str) -> int:
        value = self._value(key, None)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"{key} is to be a whole number", key)
        return value

    def boolean(self, key: str) -> bool:
        value = self._value(key, default=False)
        if not isinstance(value, bool):
            self.fail(f"{key} is to be true or false", key)
        return value

    def day(self, key: str) -> datetime.date:
        value = self._value(key, None)
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            self.fail(f"{key} is to be a day without quotes, such as 2027-01-31", key)
        return value

    def _value(self, key: str, default: object) -> object:
        if key not in self.values and default is None:
            self.fail(f"{self._called} has no {key}")
        return self.values.get(key, default)
