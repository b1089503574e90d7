"""Paths as short as they can be and still be found: below one root that the report names once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from perftools.finding import Diagnosis, TimeTable, Where
from perftools.report.words import clean

_LIBRARY = re.compile(r"^.*/(?:site-packages|dist-packages|lib/python3\.\d+)/")


class Paths(NamedTuple):
    """How the report writes its paths."""

    root: str
    """"" where the files have too little in common."""

    def short(self, file: str) -> str:
        """The path below the root; a library's path below its site-packages; any other in full."""
        if self.root and file.startswith(self.root + "/"):
            return clean(file[len(self.root) + 1 :])
        library = _LIBRARY.match(file)
        return clean("…/" + file[library.end() :] if library else file)

    def line(self, where: Where) -> str:
        """As in scoring/features.py:90; a place without a line is its file."""
        return f"{self.short(where.file)}:{where.line}" if where.line > 0 else self.short(where.file)


def function(where: Where) -> str:
    """The function as one says it: "Scorer.score()", "<module>"."""
    name = clean(where.function)
    return name if name.startswith("<") or not name else f"{name}()"


def paths(diagnosis: Diagnosis) -> Paths:
    """The root of the user's files that the diagnosis names; every path keeps at least one directory."""
    return Paths(_root({file for file in _files(diagnosis) if file.startswith("/") and not _LIBRARY.match(file)}))


def _files(diagnosis: Diagnosis) -> Iterable[str]:
    for finding in diagnosis.findings:
        for where in (finding.where, finding.entry):
            if where:
                yield where.file
    if isinstance(diagnosis.time, TimeTable):
        for row in (*diagnosis.time.lines, *diagnosis.time.functions):
            yield row.where.file


def _root(files: set[str]) -> str:
    if not files:
        return ""
    root = posixpath.commonpath({posixpath.dirname(file) for file in files})
    if any(posixpath.dirname(file) == root for file in files):
        root = posixpath.dirname(root)
    return "" if root == "/" else root
