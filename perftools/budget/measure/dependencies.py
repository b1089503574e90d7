"""What a checkout says that it needs: compared between base and head, and installed for the base."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_REQUIREMENTS: Final = ("requirements*.txt", "requirements/*.txt")
_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_FILES: Final = (
    *_REQUIREMENTS,
    *("requirements*.in", "requirements/*.in", "constraints*.txt"),
    *("setup.py", "setup.cfg", "Pipfile", "environment.yml", "environment.yaml"),
    *_LOCKS,
)
_TABLES: Final = (
    *("project.dependencies", "project.optional-dependencies", "project.requires-python", "project.dynamic"),
    *("build-system", "dependency-groups", "tool.poetry.dependencies", "tool.poetry.dev-dependencies"),
    *("tool.poetry.group", "tool.poetry.extras", "tool.pdm.dev-dependencies", "tool.uv"),
)
"""Of pyproject.toml, which holds much else: the version, the budgets, the settings of linters."""
_WANTED: Final = frozenset("test tests testing dev develop bench benches benchmark benchmarks perf performance".split())
"""Extras, groups and requirement files that benchmarks may need."""
_COMPILED: Final = re.compile(
    r"\b(?:cython|pybind11|nanobind|maturin|setuptools[-_]rust|scikit[-_]build(?:[-_]core)?|meson[-_]python|mesonpy|cffi)\b"
    r"|\bext[-_]modules\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_MOST_BYTES: Final = 16 << 20


def declared(folder: Path) -> dict[str, object]:
    """Everything in `folder` that decides what is installed, by file or table."""
    found: dict[str, object] = {path.relative_to(folder).as_posix(): _text(path) for path in _found(folder, _FILES)}
    document = _toml(folder / "pyproject.toml")
    return found | {f"pyproject.toml, {name}": part for name in _TABLES if (part := _part(document, name)) is not None}


def differing(head: Path, base: Path) -> list[str]:
    """Where the two say that they need different things."""
    ours, theirs = declared(head), declared(base)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def compiles(folder: Path) -> bool:
    """Whether its own code is built from another language, so that its folder alone cannot be imported."""
    document = _toml(folder / "pyproject.toml")
    build = str([_part(document, "build-system"), _part(document, "tool.setuptools")])
    return any(_COMPILED.search(text) for text in (build, _text(folder / "setup.py"), _text(folder / "setup.cfg")))


def installable(folder: Path) -> bool:
    """Whether pip can install the folder itself, and not only what it needs."""
    return "build-system" in _toml(folder / "pyproject.toml") or (folder / "setup.py").exists()


def extras(folder: Path) -> list[str]:
    """Its extras that benchmarks may need."""
    return [
        name for name in _table(_toml(folder / "pyproject.toml"), "project.optional-dependencies") if name in _WANTED
    ]


def requirement_files(folder: Path) -> list[Path]:
    """requirements.txt, and those for tests and benchmarks: requirements-dev.txt, requirements/test.txt."""
    return [
        path
        for path in _found(folder, _REQUIREMENTS)
        if set(re.split(r"[^a-z]+", path.stem.lower())) <= _WANTED | {"requirements", "base", "main"}
    ]


def requirements(folder: Path) -> list[str]:
    """What pyproject.toml asks for, apart from what pip finds by itself (PEP 621, PEP 735)."""
    document = _toml(folder / "pyproject.toml")
    groups = _table(document, "dependency-groups")
    wanted = [line for name in groups if name in _WANTED for line in _group(groups, name, ())]
    if not installable(folder):
        optional = _table(document, "project.optional-dependencies")
        wanted += _list(_part(document, "project.dependencies"))
        wanted += [line for name in extras(folder) for line in _list(optional[name])]
    return [line for line in wanted if isinstance(line, str)]


def locked(folder: Path) -> dict[str, str]:
    """The versions that its lock files name, by normalised name; those of several versions are left out."""
    pins = _pipfile(folder / "Pipfile.lock")
    for name in _LOCKS:
        document = _toml(folder / name)
        pins += _pins([*_list(document.get("package")), *_list(document.get("packages"))])
    count = Counter(name for name, _ in set(pins))
    return {name: version for name, version in pins if count[name] == 1}


def asked(folder: Path) -> set[str]:
    """Every requirement as it is written, from all files: what differs between two checkouts was changed."""
    document = _toml(folder / "pyproject.toml")
    lines = [line for name in _TABLES for line in _strings(_part(document, name))]
    for path in _found(folder, (*_REQUIREMENTS, "constraints*.txt")):
        lines += _text(path).splitlines()
    return {line.strip() for line in lines if line.strip()}


def name_of(requirement: str) -> str:
    """The normalised name (PEP 503) of a requirement, "" where it has none."""
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def _found(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _group(groups: Mapping[str, Any], name: str, inside: tuple[str, ...]) -> Iterator[Any]:
    if name in inside:  # a circle
        return
    for line in _list(groups.get(name)):
        if isinstance(line, dict):
            yield from _group(groups, str(line.get("include-group")), (*inside, name))
        else:
            yield line


def _pins(packages: Iterable[Any]) -> list[tuple[str, str]]:
    return [
        (name_of(each["name"]), each["version"])
        for each in packages
        if isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("version"), str)
    ]


def _pipfile(path: Path) -> list[tuple[str, str]]:
    try:
        document = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return []
    return [
        (name_of(name), str(entry["version"]).removeprefix("=="))
        for section in ("default", "develop")
        for name, entry in _table({"": document}, f".{section}").items()
        if isinstance(entry, dict) and "version" in entry
    ]


def _strings(value: object) -> Iterator[str]:
    """All text within a part of a document; with the key before it where it is a version, as Poetry writes them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _strings(each) if isinstance(each, list) else (f"{key} {text}" for text in _strings(each))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (ValueError, RecursionError):
        return {}


def _part(document: Mapping[str, Any], name: str) -> Any:
    part: Any = document
    for key in name.split("."):
        part = part.get(key) if isinstance(part, dict) else None
    return part


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = _part(document, name)
    return part if isinstance(part, dict) else {}


def _list(part: object) -> list[Any]:
    return part if isinstance(part, list) else []


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
