"""A TOML file that a person wrote, with the line of everything that is wrong in it."""

from __future__ import annotations

import bisect
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from perftools.config.near import near
from perftools.errors import FileError

TABLE: Final = ("tool", "perftools")

_LARGEST_BYTES = 1 << 20


class Document:
    """A file's [tool.perftools], None where it has none. Raises FileError for what is no TOML."""

    def __init__(self, shown: str, text: str) -> None:
        """`shown`: the file's name, as it stands in messages."""
        self._shown = shown
        self._text = text
        try:
            found: Any = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            told = re.search(r"at line (\d+)", str(error))  # else "at end of document"
            line = told[1] if told else text.count("\n") + 1
            raise FileError(f"{shown}:{line}: {error}") from error
        for key in TABLE:
            found = found.get(key) if isinstance(found, dict) else None
        self.table: dict[str, Any] | None = None if found is None else self.as_table(found, *TABLE)

    def place(self, *keys: str | int) -> str:
        """FILE:LINE."""
        return f"{self._shown}:{line_of(self._text, keys)}"

    def fail(self, message: str, *keys: str | int) -> NoReturn:
        """Raise FileError about what stands at `keys`."""
        raise FileError(f"{self.place(*keys)}: {message}")

    def as_table(self, value: Any, *keys: str | int) -> dict[str, Any]:
        """`value`, which must be a table. Raises FileError."""
        if not isinstance(value, dict):
            self.fail(f"{'.'.join(map(str, keys))} must be a table", *keys)
        return value

    def check_keys(self, table: Mapping[str, Any], known: Iterable[str], *keys: str | int) -> None:
        """Raise FileError for a key of the table that is none of the known ones."""
        for key in table:
            if key not in known:
                self.fail(f"unknown key {key!r}{near(key, known)}", *keys, key)


def line_of(text: str, keys: Iterable[str | int]) -> int:
    """The line, from 1, of the statement that makes `keys` (with the indexes of arrays) in a TOML document.

    The first lines of a document are a document too, unless the cut goes through a value: the statement is the one by
    which `keys` come to be there.
    """
    lines, keys = text.replace("\r\n", "\n").split("\n"), tuple(keys)

    def made_by(count: int) -> bool:
        while (found := _parsed(lines[:count])) is None:
            count -= 1
        try:
            for key in keys:
                found = found[key]
        except (KeyError, IndexError, TypeError):
            return False
        return True

    line = max(bisect.bisect_left(range(len(lines)), True, key=made_by), 1)
    while line > 1 and _parsed(lines[: line - 1]) is None:
        line -= 1
    return line


def read(path: str) -> tuple[str, int]:
    """The text of a plain file of at most 1 MiB, and its owner's uid. Raises FileError."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            there = os.fstat(file.fileno())
            if not stat.S_ISREG(there.st_mode):
                raise FileError(f"{path} is no plain file")
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > _LARGEST_BYTES:
        raise FileError(f"{path} is larger than 1 MiB")
    try:
        return content.decode(), there.st_uid
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(f"{path}:{line}: this is not UTF-8") from error


def _parsed(lines: Iterable[str]) -> Any:
    """The document that these lines are; None where they are none."""
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None
