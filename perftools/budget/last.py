"""The last verdict of each budget, kept for `perf budget explain`: one document a budget, in the user's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from perftools.budget.report import document
from perftools.budget.report.document import Document
from perftools.errors import FileError

_LARGEST_BYTES: Final = 64 << 20
"""Samples of a thousand budgets; a file that is larger is not ours."""


def keep(found: Document, root: Path) -> None:
    """Keep each verdict of `found` as the last one of its budget. Raises OSError."""
    folder = _folder(root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for verdict in found.verdicts:
        content = document.render(msgspec.structs.replace(found, verdicts=(verdict,)))
        descriptor, temporary = tempfile.mkstemp(prefix=".perftools-", dir=folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(content)
            os.replace(temporary, folder / f"{verdict.budget.id}.json")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def last(budget: str, root: Path) -> Document | None:
    """The document with this budget's last verdict; None where there is none that can be read."""
    try:
        return read(_folder(root) / f"{budget}.json")
    except FileError:
        return None


def read(path: Path) -> Document:
    """A document that `perf budget check --json` wrote. Raises FileError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > _LARGEST_BYTES:
        raise FileError(f"{path} is larger than {_LARGEST_BYTES >> 20} MiB")
    try:
        return document.parse(content)
    except ValueError as error:
        raise FileError(
            f"{path} is no result of a budget check: {error}", commands=("perf budget check --json FILE",)
        ) from error


def _folder(root: Path) -> Path:
    """Of a project, by the path of its budget file's folder; ids of budgets are file names as they are."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "perftools" / "budgets" / hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
