"""The text of hot functions, read through /proc/PID/root, so that a path means what it means to the target."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from perftools.record import Source, Target
from perftools.source import enclosing
from perftools.target.proc import HOST

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
        self._pids = tuple(process.pid for process in target.processes)
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
        for pid in self._pids:
            path = file if file.startswith("/") else os.path.join(HOST.link(pid, "cwd") or "/", file)
            content = _bytes_of(pid, path)
            if content is not None:
                text = content.decode("utf-8", "replace").replace("\r\n", "\n")
                return _File(text, hashlib.sha256(content).hexdigest())
        return None


def _bytes_of(pid: int, path: str) -> bytes | None:
    """A regular file's bytes as the process sees it, or those of a member of a zip archive on the path; bounded."""
    try:
        content = HOST.read_inside(pid, path, _LARGEST + 1)
    except NotADirectoryError:
        return _zipped(pid, path)
    except (OSError, ValueError):
        return None
    return content if len(content) <= _LARGEST else None


def _zipped(pid: int, path: str) -> bytes | None:
    for archive in PurePosixPath(path).parents:
        try:
            with HOST.open_inside(pid, str(archive)) as file, zipfile.ZipFile(file) as opened:
                member = opened.getinfo(str(PurePosixPath(path).relative_to(archive)))
                return opened.open(member).read(_LARGEST)
        except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            return None
        except (OSError, ValueError):
            continue
    return None
