"""A rewritten file written in one step, and how to get the old one back."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final, Literal

import msgspec

from perftools.errors import FileError, OutputUnwritable
from perftools.record import Part

SCHEMA: Final = "perftools.undo/1"
KEPT = 50
"""Undo records; older ones are deleted."""


class Undo(Part, frozen=True, kw_only=True):
    """What a file was before a rewrite."""

    schema: Literal["perftools.undo/1"]
    path: str
    unix_ns: int
    before: str
    after_sha256: str


def read(path: str) -> str:
    """The text of a source file, its newlines as they are. Raises FileError where it cannot be read or is no UTF-8."""
    try:
        return Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: {error}") from error


def write(path: str, before: str, after: str, *, unix_ns: int) -> None:
    """Replace a file's text, if it is still `before`, and keep that text for `undo`.

    Links are followed, the mode and the owner are kept. Raises FileError, OutputUnwritable.
    """
    target = os.path.realpath(path)
    if read(target) != before:
        raise FileError(f"{path} was changed meanwhile; nothing was written")
    record = Undo(schema=SCHEMA, path=target, unix_ns=unix_ns, before=before, after_sha256=_sha256(after))
    kept = _folder() / f"{unix_ns}.json"
    _replace(kept, msgspec.json.encode(record), like=None)
    _replace(Path(target), after.encode(), like=target)
    for old in sorted(_folder().glob("*.json"), key=lambda each: each.name.rjust(30))[:-KEPT]:
        old.unlink(missing_ok=True)


def undo(path: str | None = None) -> str:
    """Give the file of the last rewrite (of `path`, if given) its text back; its path.

    Raises FileError where there is none, or the file was changed since.
    """
    wanted = os.path.realpath(path) if path is not None else None
    for kept in sorted(_folder().glob("*.json"), key=lambda each: each.name.rjust(30), reverse=True):
        try:
            record = msgspec.json.decode(kept.read_bytes(), type=Undo)
        except (OSError, msgspec.DecodeError) as error:
            raise FileError(f"{kept} is no undo record: {error}") from error
        if wanted is not None and record.path != wanted:
            continue
        if _sha256(read(record.path)) != record.after_sha256:
            raise FileError(f"{record.path} was changed since it was rewritten; nothing was undone")
        _replace(Path(record.path), record.before.encode(), like=record.path)
        kept.unlink()
        return record.path
    raise FileError(f"nothing to undo{f' for {path}' if path else ''}")


def _folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    folder = Path(state) / "perftools" / "undo"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"cannot keep what is needed to undo in {folder}: {error.strerror}") from error
    return folder


def _replace(path: Path, content: bytes, *, like: str | None) -> None:
    """Write a file in one step; with the mode and owner of `like`, or for ourselves alone."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".perftools-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if like is not None:
                there = os.stat(like)
                if os.geteuid() == 0:
                    os.fchown(stream.fileno(), there.st_uid, there.st_gid)
                os.fchmod(stream.fileno(), stat.S_IMODE(there.st_mode))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputUnwritable(f"cannot write {path}: {error.strerror}") from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
