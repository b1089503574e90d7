"""The CPythons of this machine, and copies of them without symbols."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..diagnosis.interpreters import describe

NAMED = "PERFTOOLS_GC_PYTHONS"
"""Environment variable: executables to take first, separated as in PATH."""
VERSIONS = tuple((3, minor) for minor in range(8, 16))
_WHERE = "import os, sys, sysconfig; print(os.path.realpath(sys.executable)); print(sys.base_prefix)"


class Python(NamedTuple):
    """An interpreter, and how it is started."""

    executable: str
    version: str
    environment: Mapping[str, str] = {}
    stripped: bool = False

    def __str__(self) -> str:
        return self.version + (" stripped" if self.stripped else "")


def find(named: Sequence[str] = ()) -> list[Python]:
    """The first of each version: those that are named, ours, those on PATH and under ~/.pyenv; oldest first."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    on_path = [shutil.which(f"python{major}.{minor}") for major, minor in VERSIONS]
    candidates = [*named, *os.environ.get(NAMED, "").split(os.pathsep), sys.executable, *on_path]
    candidates += map(str, sorted(pyenv.glob("*/bin/python3"), reverse=True))
    found: dict[tuple[int, int], Python] = {}
    for executable in filter(None, candidates):
        described = describe(executable)
        if described and described[0][:2] in VERSIONS:
            version = "{}.{}.{}".format(*described[0])
            found.setdefault(described[0][:2], Python(os.path.abspath(executable), version))
    return [found[version] for version in sorted(found)]


def strip(python: Python, folder: Path) -> Python | None:
    """A copy of it, and of its shared library where it has one, without symbols; None where `strip` is missing."""
    program = shutil.which("strip")
    if program is None:
        return None
    told = subprocess.run([python.executable, "-c", _WHERE], capture_output=True, text=True, check=True)
    executable, prefix = told.stdout.splitlines()
    library = _library(executable)
    for path in filter(None, [executable, library]):
        subprocess.run([program, "--strip-all", "-o", str(folder / os.path.basename(path)), path], check=True)
    environment = {**python.environment, "PYTHONHOME": prefix, "LD_LIBRARY_PATH": str(folder)}
    copy = Python(str(folder / os.path.basename(executable)), python.version, environment, stripped=True)
    works = subprocess.run(
        [copy.executable, "-c", "import ctypes"], env={**os.environ, **environment}, capture_output=True, check=False
    )
    return copy if works.returncode == 0 else None


def _library(executable: str) -> str | None:
    """The libpython that the dynamic linker loads for an executable, if it is linked to one."""
    traced = {**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"}  # ld.so(8): list, do not run
    listed = subprocess.run([executable], env=traced, capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        name, _, path = line.strip().partition(" => ")
        if name.startswith("libpython"):
            return path.split(" (")[0]
    return None
