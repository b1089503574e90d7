"""The text of hot functions, read through /proc/PID/root, so that a path means what it means to the target."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from perftools.record import Source, Target
from perftools.source import enclosing

_LARGEST = 4 << 20
"""Bytes: a larger file is no source that somebody wrote."""
_MOST_FILES = 400


@dataclass(frozen=True)
class _File:
    text: str
    sha256: str


class Sources:
    """Reads each file once; every function that was asked for is kept for the record."""

    def __init__(self, target: Target) -> None:
        self._roots = tuple(f"/proc/{process.pid}" for process in target.processes)
        self._files: dict[str, _File | None] = {}
        self._found: dict[tuple[str, int], Source] = {}

    def at(self, file: str, line: int) -> Source | None:
        """The outermost function (or top-level statement) around a line; None where it cannot be read."""
        read = self._file(file)
        if read is None:
            return None
        extent = enclosing(read.text, line)
        if extent is None:
            return None
        key = (file, extent.first_line)
        if key not in self._found:
            lines = read.text.split("\n")[extent.first_line - 1 : extent.last_line]
            self._found[key] = Source(
                file=file,
                first_line=extent.first_line,
                text="\n".join(lines),
                sha256=read.sha256,
                function=extent.function,
            )
        return self._found[key]

    def all(self) -> tuple[Source, ...]:
        """Every function that was found, in the order of file and line."""
        return tuple(source for _, source in sorted(self._found.items()))

    def _file(self, file: str) -> _File | None:
        if file not in self._files:
            if len(self._files) >= _MOST_FILES or file.startswith("<") or "\0" in file:
                return None
            self._files[file] = self._read(file)
        return self._files[file]

    def _read(self, file: str) -> _File | None:
        for root in self._roots:
            base = f"{root}/root" if file.startswith("/") else f"{root}/cwd/"
            content = _bytes_of(base + file)
            if content is not None:
                text = content.decode("utf-8", "replace").replace("\r\n", "\n")
                return _File(text, hashlib.sha256(content).hexdigest())
        return None


def _bytes_of(path: str) -> bytes | None:
    """A regular file's bytes, or those of a member of a zip archive on the path; bounded."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except NotADirectoryError:
        return _zipped(path)
    except (OSError, ValueError):
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
        os.close(descriptor)  # a directory cannot even be opened as a stream
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(_LARGEST)


def _zipped(path: str) -> bytes | None:
    for archive in PurePosixPath(path).parents:
        if os.path.isfile(archive):
            try:
                with zipfile.ZipFile(archive) as opened:
                    member = opened.getinfo(str(PurePosixPath(path).relative_to(archive)))
                    return opened.read(member) if member.file_size <= _LARGEST else None
            except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
                return None
    return None
