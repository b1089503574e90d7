"""Timings taken on this machine: kept between runs, and preferred to those that a recipe ships with."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from perftools.errors import OutputUnwritable
from perftools.record import Part
from perftools.rewrite.timings import Machine, Timings

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder

_SOURCES = ("recipe.py", "before.py", "inputs.py")
_MOST_BYTES = 1 << 20


class Kept(Part, frozen=True, kw_only=True):
    """One file of the cache."""

    sources_sha256: str
    """Of the recipe that was timed: another text has other timings."""
    timings: Timings


def timings_of(folder: Folder) -> Timings | None:
    """This machine's timings of a recipe with this Python, else those that it ships with, else None."""
    return ours(folder) or folder.shipped


def ours(folder: Folder) -> Timings | None:
    """This machine's timings of a recipe as it is now, with this minor version of Python; None where there are none."""
    try:
        with _path(folder).open("rb") as stream:
            kept = msgspec.json.decode(stream.read(_MOST_BYTES), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None
    here = machine()
    there = kept.timings.machine
    same = (there.cpu, there.cpus, _minor(there.python)) == (here.cpu, here.cpus, _minor(here.python))
    return kept.timings if same and kept.sources_sha256 == _fingerprint(folder) else None


def keep(folder: Folder, taken: Timings) -> None:
    """Add timings to the cache: a size timed anew replaces what was there. Raises OutputUnwritable."""
    known = ours(folder)
    rows = {(row.variant, row.n): row for row in (*(known.rows if known else ()), *taken.rows)}
    merged = msgspec.structs.replace(taken, rows=tuple(rows.values()))
    path = _path(folder)
    content = msgspec.json.encode(Kept(sources_sha256=_fingerprint(folder), timings=merged))
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".perftools-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputUnwritable(f"cannot keep the timings in {path.parent}: {error.strerror}") from error


def machine(*texts: str) -> Machine:
    """This machine, with the versions of the packages that these modules' texts import."""
    return Machine(
        cpu=_cpu(), cpus=os.cpu_count() or 1, python=platform.python_version(), packages=_packages(texts)
    )  # fmt: skip


def _packages(texts: tuple[str, ...]) -> dict[str, str]:
    names: set[str] = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    names -= sys.stdlib_module_names
    distributions = packages_distributions() if names else {}
    found: dict[str, str] = {}
    for name in sorted(names):
        try:
            found[name] = version(next(iter(distributions.get(name, (name,)))))
        except PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _minor(python: str) -> tuple[str, ...]:
    return tuple(python.split(".")[:2])


def _path(folder: Folder) -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "perftools" / "timings" / f"{folder.id}.json"


def _fingerprint(folder: Folder) -> str:
    found = hashlib.sha256()
    for name in _SOURCES:
        found.update(folder.text(name).encode() + b"\0")
    return found.hexdigest()
