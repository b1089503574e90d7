"""From a file to settings: found, checked against the rules that there are, and wrong with its line."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from perftools.config.document import TABLE, Document, read
from perftools.config.near import near
from perftools.config.settings import Rules, Settings, Suppression
from perftools.errors import FileError

FILE: Final = "pyproject.toml"

_KEYS = ("suppress", "limits", "budgets")
"""`budgets` has a reader of its own."""
_SUPPRESS = ("fingerprint", "rule", "path", "reason", "until")


def load(path: str | None, rules: Rules, *, start: Path | None = None, today: datetime.date | None = None) -> Settings:
    """The settings in `path`, or in the nearest pyproject.toml from `start` (the current folder) upwards that has any.

    Of what is found so, a file of another user is left alone, but for root's and, under sudo, that of whoever called
    it. Raises FileError, which names FILE:LINE, for unknown keys, rules and limits and for values of a wrong type.
    """
    notes: list[str] = []
    if path is not None:
        document = Document(path, read(path)[0])
        if document.table is None:
            document.fail("there is no table [tool.perftools]")
    elif (nearest := _nearest(start, notes)) is not None:
        document = nearest
    else:
        return Settings(notes=tuple(notes))
    assert document.table is not None
    document.check_keys(document.table, _KEYS, *TABLE)
    limits = _limits(document, document.table, rules)
    notes += (_said(document, rule, changed, rules[rule]) for rule, changed in limits.items())
    return Settings(
        limits=limits,
        suppressions=tuple(_suppressions(document, document.table, rules)),
        today=today or datetime.datetime.now().astimezone().date(),
        notes=tuple(notes),
    )


def _limits(document: Document, table: Mapping[str, object], rules: Rules) -> dict[str, dict[str, float]]:
    keys = (*TABLE, "limits")
    found: dict[str, dict[str, float]] = {}
    for rule, limits in document.as_table(table.get("limits", {}), *keys).items():
        if rule not in rules:
            document.fail(f"unknown rule {rule!r}{near(rule, rules)}", *keys, rule)
        for name, value in document.as_table(limits, *keys, rule).items():
            if name not in rules[rule]:
                document.fail(f"{rule} has no limit {name!r}{near(name, rules[rule])}", *keys, rule, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < math.inf):
                document.fail(f"{name} must be a number from 0 on, not {value!r}", *keys, rule, name)
            found.setdefault(rule, {})[name] = value
    return found


def _said(document: Document, rule: str, limits: Mapping[str, float], own: Mapping[str, float]) -> str:
    said = ", ".join(f"{name} {value:g} instead of {own[name]:g}" for name, value in limits.items())
    return f"limits of {rule} as set in {document.place(*TABLE, 'limits', rule)}: {said}"


def _suppressions(document: Document, table: Mapping[str, object], rules: Rules) -> Iterator[Suppression]:
    keys = (*TABLE, "suppress")
    entries = table.get("suppress", [])
    if not isinstance(entries, list):
        document.fail("write [[tool.perftools.suppress]], once for each finding", *keys)
    for index, value in enumerate(entries):
        here = (*keys, index)
        entry = document.as_table(value, *here)
        document.check_keys(entry, _SUPPRESS, *here)
        for name in ("fingerprint", "rule", "path", "reason"):
            if name in entry and not (isinstance(entry[name], str) and entry[name].strip()):
                document.fail(f"{name} must be a text", *here, name)
        if [name in entry for name in ("fingerprint", "rule", "path")] not in (
            [True, False, False],
            [False, True, True],
        ):
            document.fail("a suppression names a fingerprint, or a rule and a path", *here)
        if "rule" in entry and entry["rule"] not in rules:
            document.fail(f"unknown rule {entry['rule']!r}{near(entry['rule'], rules)}", *here, "rule")
        for name in ("reason", "until"):
            if name not in entry:
                document.fail(f"a suppression needs its {name}", *here)
        until = entry["until"]
        if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
            document.fail("until must be a date, without quotes: 2027-01-31", *here, "until")
        yield Suppression(place=document.place(*here), **entry)


def _nearest(start: Path | None, notes: list[str]) -> Document | None:
    """The nearest file that has our table; one that is no TOML matters only where it means to have it."""
    try:
        here = start or Path.cwd()
    except FileNotFoundError:  # the folder was removed
        return None
    for folder in (here, *here.parents):
        path = folder / FILE
        try:
            text, owner = read(str(path))
        except FileError:
            continue
        if "perftools" not in text:
            continue
        shown = FILE if folder == here else str(path)
        if owner not in _trusted():
            notes.append(f"{shown} is another user's (uid {owner}) and was not used; --config {shown} would use it")
            continue
        document = Document(shown, text)
        if document.table is not None:
            return document
    return None


def _trusted() -> set[int]:
    """Whose settings count without being named: ours, root's, and under sudo those of whoever called it."""
    caller = os.environ.get("SUDO_UID", "")
    called = {int(caller)} if os.geteuid() == 0 and caller.isdecimal() else set()
    return {0, os.geteuid()} | called
