"""The verdicts for programs, with every sample behind them: a perftools.budget/1 JSON document."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

import msgspec

from perftools import __version__
from perftools.budget.model import Budgets, Verdict
from perftools.record import Part

SCHEMA: Final = "perftools.budget/1"


class Document(Part, frozen=True, kw_only=True):
    """What one `perf budget check` found. Units of the samples: `perftools.budget.model.UNITS`."""

    schema: str
    tool: str
    """As in "perftools 0.1.0"."""
    taken: datetime.datetime
    """In UTC."""
    file: str
    """The budget file, relative to the folder that it stands in."""
    notes: tuple[str, ...]
    """What holds for all verdicts: the commit that head was compared with, how its environment was made."""
    exit_code: int
    verdicts: tuple[Verdict, ...]


def document(
    budgets: Budgets, verdicts: Sequence[Verdict], *, exit_code: int, notes: Sequence[str], taken: datetime.datetime
) -> Document:
    return Document(
        schema=SCHEMA,
        tool=f"perftools {__version__}",
        taken=taken.astimezone(datetime.UTC),
        file=budgets.path,
        notes=tuple(notes),
        exit_code=exit_code,
        verdicts=tuple(verdicts),
    )


def render(found: Document) -> str:
    """The document, indented, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


def parse(content: bytes) -> Document:
    """A document that `render` wrote. Raises ValueError, which says what is wrong with it."""
    try:
        found = msgspec.json.decode(content, type=Document)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if found.schema != SCHEMA:
        raise ValueError(f"its schema is {found.schema!r}, and not {SCHEMA!r}")
    return found
