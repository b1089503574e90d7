"""Which Python a process runs, found without running anything in it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from perftools.target.proc import Proc

_NAME = re.compile(r"(?:lib)?(python|pypy|graalpy)(\d\.\d+)?")
_LIBRARY = re.compile(r"/lib(?:python\d\.\d|pypy)")
_FOLDER = re.compile(r"/(?:python|pypy|graalpy)(\d\.\d+)[a-z]?/")
_CHUNK = 1 << 20
_LARGEST = 32 << 20  # a static interpreter with its symbols has about 30 MB; the version comes before them


class Python(NamedTuple):
    """An interpreter."""

    implementation: str
    """"python" (that is CPython), "pypy", "graalpy"."""
    version: str
    """Like "3.11"; "" where it could not be had."""
    file: str
    """The libpython that holds it, as the process sees it; "" where the program itself does."""

    @property
    def minor(self) -> tuple[int, ...]:
        """(3, 11); () where it is not known."""
        return tuple(int(number) for number in self.version.split(".") if number)

    def __str__(self) -> str:
        name = {"python": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}[self.implementation]
        return f"{name} {self.version}".rstrip()


def identify(proc: Proc, pid: int) -> Python:
    """The interpreter in process `pid`, from the names of its program and of the files that it has mapped."""
    mapped = list(dict.fromkeys(mapping.path for mapping in proc.maps(pid) if mapping.path.startswith("/")))
    library = next((path for path in mapped if _LIBRARY.search(path)), "")
    implementation, version = "python", ""
    for path in (library, proc.executable(pid) or "", *proc.cmdline(pid)[:1]):
        match = _NAME.match(path.rpartition("/")[2])
        if match:
            implementation = match[1] if implementation == "python" else implementation
            version = version or match[2] or ""
    folders = (_FOLDER.search(path) for path in mapped)
    return Python(implementation, version or next((match[1] for match in folders if match), ""), library)


def full_version(proc: Proc, pid: int, python: Python) -> str:
    """The version with its patch number, like "3.11.7"; what is known without it where the file does not tell.

    It is the string PY_VERSION in the file that holds the interpreter (Include/patchlevel.h, compiled into
    Python/getversion.c). A linker may have merged it with the end of a longer one, such as the path of an
    installation, so one that stands alone is preferred.
    """
    if python.implementation != "python" or not python.version:
        return python.version
    with suppress(OSError), proc.open_inside(pid, python.file) if python.file else proc.open_executable(pid) as file:
        return _search(file, python.version) or python.version
    return python.version


def _search(file: BinaryIO, minor: str) -> str | None:
    start = f"{minor}.".encode()
    rest = re.compile(rb"\d{1,3}(?:(?:a|b|rc)\d{1,2})?\+?\0")
    merged, tail = None, b"\0"
    for _ in range(_LARGEST // _CHUNK):
        chunk = file.read(_CHUNK)
        if not chunk:
            break
        window = tail + chunk
        at = window.find(start, 1)
        while at > 0:
            match = rest.match(window, at + len(start))
            before = window[at - 1 : at]
            if match and not before.isdigit() and before != b".":
                merged = merged or window[at : match.end() - 1].decode()
                if before == b"\0":
                    return window[at : match.end() - 1].decode()
            at = window.find(start, at + 1)
        tail = window[-32:]
    return merged
