"""The text of hot functions, read through /proc/PID/root, so that a path means what it means to the target."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from perftools.record import Source, Target
from perftools.source.extent import Outline
from perftools.target.proc import HOST

_LARGEST = 4 << 20
"""Bytes: a larger file is no source that somebody wrote."""
_MOST_FILES = 400
_MOST_IMPORTS = 4
"""Of one module in one file."""
_MOST_STATEMENTS = 100
"""Import statements of one file."""
_LARGEST_DIRECTORY = 16 << 20
"""Bytes: a zip archive whose directory is longer holds more than 100 000 members."""
_IMPORTABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What `zipimport` takes. zipfile bounds what these two give; bzip2 and LZMA it unpacks in one go, whatever comes."""


class _File:
    def __init__(self, content: bytes) -> None:
        text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.lines = text.split("\n")
        self.outline = Outline(text)
        imports = self.outline.imports(_MOST_STATEMENTS)
        self.imports = "\n".join(line for first, last in imports for line in self.lines[first - 1 : last])


class Sources:
    """Reads each file once; every function that was asked for is kept for the record."""

    def __init__(self, target: Target) -> None:
        self._pids = tuple(process.pid for process in target.processes)
        self._files: dict[str, _File | None] = {}
        self._found: dict[tuple[str, int], Source] = {}
        self._imports: set[tuple[str, str]] = set()
        self._asked: dict[tuple[str, int], Source | None] = {}

    def at(self, file: str, line: int) -> Source | None:
        """The outermost function (or top-level statement) around a line; None where it cannot be read."""
        if (file, line) not in self._asked:
            self._asked[file, line] = self._find(file, line)
        return self._asked[file, line]

    def _find(self, file: str, line: int) -> Source | None:
        read = self._file(file)
        extent = read.outline.enclosing(line) if read is not None else None
        if read is None or extent is None:
            return None
        return self._found.setdefault(
            (file, extent.first_line),
            Source(
                file=file,
                first_line=extent.first_line,
                text="\n".join(read.lines[extent.first_line - 1 : extent.last_line]),
                sha256=read.sha256,
                function=extent.function,
                imports=read.imports if extent.function != "<module>" else "",
            ),
        )

    def importing(self, file: str, module: str) -> None:
        """Keep the statements of a file that import a module: they tell under which names it is called."""
        if (file, module) not in self._imports:
            self._imports.add((file, module))
            read, found = self._file(file), re.compile(rf"\s*(?:import|from)\b.*\b{re.escape(module)}\b")
            lines = (at for at, line in enumerate(read.lines if read is not None else (), 1) if found.match(line))
            for at in itertools.islice(lines, _MOST_IMPORTS):
                self.at(file, at)

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
                return _File(content)
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


class _Bounded:
    """An archive whose reads are bounded, whatever its header says of the length of its directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, _LARGEST_DIRECTORY) if size >= 0 else _LARGEST_DIRECTORY)


def _zipped(pid: int, path: str) -> bytes | None:
    for archive in PurePosixPath(path).parents:
        try:
            with HOST.open_inside(pid, str(archive)) as file, zipfile.ZipFile(_Bounded(file)) as opened:
                member = opened.getinfo(str(PurePosixPath(path).relative_to(archive)))
                if member.compress_type not in _IMPORTABLE or member.file_size > _LARGEST:
                    return None
                return opened.open(member).read(_LARGEST)
        except (OSError, ValueError):
            continue
        except Exception:  # noqa: BLE001 - whoever wrote the archive chooses: BadZipFile, zlib.error, EOFError, struct.error
            return None
    return None
