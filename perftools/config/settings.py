"""How to judge: what a project's settings, and the options of a command line, come down to."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, NamedTuple

from perftools.config.near import near
from perftools.errors import UsageError

Rules = Mapping[str, Mapping[str, float]]
"""The limits of each rule, by its id."""


class Suppression(NamedTuple):
    """A finding that is known, and not to be reported until a day is over."""

    place: str
    """FILE:LINE."""
    reason: str
    until: datetime.date
    """The last day."""
    fingerprint: str = ""
    rule: str = ""
    """With `path`, where there is no fingerprint."""
    path: str = ""
    """A glob, compared with the end of a file's path where it is relative, as `pathlib.PurePath.match` does."""

    def matches(self, rule: str, fingerprint: str, file: str | None) -> bool:
        """Whether a finding of this rule, with this fingerprint and in this file, is meant."""
        if self.fingerprint:
            return self.fingerprint == fingerprint
        return self.rule == rule and file is not None and PurePosixPath(file).match(self.path)

    def __str__(self) -> str:
        return f"fingerprint {self.fingerprint}" if self.fingerprint else f"{self.rule} in {self.path}"


class Settings(NamedTuple):
    """By which rules and limits to judge, and what not to report."""

    rules: frozenset[str] | None = None
    """The ids of those that were asked for; None for all of them."""
    limits: Rules = MappingProxyType({})
    """What differs from the rules' own."""
    suppressions: tuple[Suppression, ...] = ()
    today: datetime.date = datetime.date.min
    notes: tuple[str, ...] = ()
    """What a reader of the report should know of these settings."""


DEFAULT: Final = Settings()


def choose(rules: Iterable[str], *, only: Iterable[str] = (), skip: Iterable[str] = ()) -> frozenset[str] | None:
    """The ids of the rules that are wanted; None where nothing was chosen. Raises UsageError for an unknown one."""
    known, wanted, unwanted = frozenset(rules), frozenset(only), frozenset(skip)
    for name in sorted(wanted | unwanted):
        if name not in known:
            raise UsageError(f"there is no rule {name!r}{near(name, known)}")
    return (wanted or known) - unwanted if wanted or unwanted else None
