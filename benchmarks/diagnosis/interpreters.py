"""A Python of the version, and with the distributions, that a case asks for."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

OVERRIDE = "PERFTOOLS_DIAGNOSIS_ENVS"
"""Environment variable: folders of virtual environments to look in first, separated by commas or colons."""
REQUIREMENTS = ("numpy", "pandas", "flask", "fastapi", "uvicorn", "gunicorn")
"""All that cases may need. An environment that we make holds all of it, so there is at most one for each version."""
_DESCRIBE = """
import importlib.metadata, json, sys
names = {str(d.metadata["Name"]).lower(): d.version for d in importlib.metadata.distributions()}
print(json.dumps([list(sys.version_info[:3]), names]))
"""


class Unavailable(Exception):
    """No interpreter for a case, and why."""


def find(version: str | None, needs: Sequence[str]) -> str:
    """The interpreter to run a case with, made if need be. Raises Unavailable with the reason."""
    if unknown := set(needs) - set(REQUIREMENTS):
        raise Unavailable(f"no environment holds {', '.join(sorted(unknown))}")
    wanted = version or "{}.{}".format(*sys.version_info)
    bare = None
    for python in _installed(wanted):
        if _satisfies(python, wanted, needs):
            return python
        if bare is None and _satisfies(python, wanted, ()):
            bare = python
    if bare is None:
        raise Unavailable(f"no Python {wanted} found")
    return _environment(bare, wanted)


@functools.cache
def describe(python: str) -> tuple[tuple[int, int, int], dict[str, str]] | None:
    """Version and installed distributions (lower case) of an interpreter, None if it does not run."""
    command = [python, "-I", "-c", _DESCRIBE]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
        version, names = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return (version[0], version[1], version[2]), names


def _satisfies(python: str, wanted: str, needs: Sequence[str]) -> bool:
    found = describe(python)
    return found is not None and "{}.{}".format(*found[0]) == wanted and all(name in found[1] for name in needs)


def _installed(wanted: str) -> Iterator[str]:
    for folder in os.environ.get(OVERRIDE, "").replace(":", ",").split(","):
        if folder and os.path.exists(python := os.path.join(folder, "bin", "python")):
            yield os.path.abspath(python)
    yield sys.executable
    if on_path := shutil.which(f"python{wanted}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    for path in sorted(pyenv.glob(f"{wanted}.*/bin/python"), reverse=True):
        yield str(path)


@functools.cache
def _environment(python: str, wanted: str) -> str:
    """A cached environment with all requirements. The stamp is written last; a half-made one is made again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    folder = cache / "perftools" / "diagnosis" / f"python{wanted}"
    inside, stamp = str(folder / "bin" / "python"), folder / "complete"
    if stamp.exists() and describe(inside) is not None:
        return inside
    print(f"making an environment for Python {wanted} in {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Debian's python3 comes without ensurepip: make the environment without pip, install with our own.
    for command in (
        [python, "-m", "venv", "--without-pip", str(folder)],
        [sys.executable, "-m", "pip", "--python", inside, "install", "-q", "--only-binary", ":all:", *REQUIREMENTS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            reason = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            raise Unavailable(f"no environment for Python {wanted}: {reason}")
    stamp.touch()
    describe.cache_clear()
    return inside
