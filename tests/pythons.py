"""The CPythons of this machine, to run targets on: what PERFTOOLS_TEST_PYTHONS names, ours, those on PATH, pyenv's."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = tuple((3, minor) for minor in range(9, 15))


@functools.cache
def pythons() -> dict[tuple[int, int], str]:
    """The first working CPython of each version; PERFTOOLS_TEST_PYTHONS lists executables, separated as in PATH."""
    named = os.environ.get("PERFTOOLS_TEST_PYTHONS", "").split(os.pathsep)
    on_path = [shutil.which(f"python{major}.{minor}") for major, minor in VERSIONS]
    pyenv = sorted(map(str, Path.home().glob(".pyenv/versions/*/bin/python")))
    found: dict[tuple[int, int], str] = {}
    for path in filter(None, [*named, sys.executable, *on_path, *pyenv]):
        version, executable = _identity(path)
        if version in VERSIONS:
            found.setdefault(version, executable)
    return dict(sorted(found.items()))


@functools.cache
def readable_pythons() -> dict[tuple[int, int], str]:
    """As `pythons()`, and those older and newer than the services that other tests start."""
    named = os.environ.get("PERFTOOLS_TEST_PYTHONS", "").split(os.pathsep)
    found = dict(pythons())
    for path in filter(None, [*named, *map(str, Path.home().glob(".pyenv/versions/3.8.*/bin/python"))]):
        version, executable = _identity(path)
        if version >= (3, 8):
            found.setdefault(version, executable)
    return dict(sorted(found.items()))


def python_with(*modules: str) -> list[str]:
    """Those of `pythons()` that can import every one of `modules`."""
    code = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    return [path for path in pythons().values() if _run(path, code, *modules).returncode == 0]


def _identity(path: str) -> tuple[tuple[int, int], str]:
    """Version and executable of a CPython (the interpreter's, where `path` is a launcher); (0, 0) for others."""
    code = "import sys; print(*sys.version_info[:2], sys.implementation.name, sys.executable)"
    try:
        answer = _run(path, code).stdout.split(maxsplit=3)
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0), path
    if len(answer) != 4 or answer[2] != "cpython":
        return (0, 0), path
    return (int(answer[0]), int(answer[1])), answer[3].strip()


def _run(path: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([path, "-c", code, *arguments], capture_output=True, text=True, timeout=30, check=False)
