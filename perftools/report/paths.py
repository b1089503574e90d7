"""Paths as short as they can be and still be found: below one root that the report names once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from perftools.finding import Diagnosis, TimeTable, WaitTable, Where
from perftools.report.words import clean

_TOP = PurePosixPath("/")
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
    """Below which folder most of the user's places lie; their paths keep at least one directory."""
    files = [file for file in _files(diagnosis) if file.startswith("/") and not _LIBRARY.match(file)]
    return Paths(_root([PurePosixPath(file) for file in files]))


def _files(diagnosis: Diagnosis) -> Iterable[str]:
    for finding in diagnosis.findings:
        for where in (finding.where, finding.entry):
            if where:
                yield where.file
    if isinstance(diagnosis.time, TimeTable):
        for row in (*diagnosis.time.lines, *diagnosis.time.functions):
            yield row.where.file
    if isinstance(diagnosis.waits, WaitTable):
        for line in diagnosis.waits.lines:
            yield line.where.file


def _root(files: Sequence[PurePosixPath]) -> str:
    """The deepest folder that holds more than half of the files: a start script elsewhere does not count."""
    held = Counter(folder for file in files for folder in file.parents)
    root = max(
        (folder for folder in held if 2 * held[folder] > len(files)), key=lambda folder: len(folder.parts), default=_TOP
    )
    while root != _TOP and any(file.parent == root for file in files):
        root = root.parent
    return "" if root == _TOP else str(root)
