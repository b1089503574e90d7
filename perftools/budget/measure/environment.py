"""A virtual environment of the base's own, where it needs something else than head."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from perftools.budget.measure import dependencies, process
from perftools.budget.model import Unmeasurable

_VENV_S: Final = 120.0
_INSTALL_S: Final = 1200.0
"""Wheels of a gigabyte are common among those who serve models."""
_TOOLS: Final = ("pytest", "pyperf")
"""Head's benchmark files need these on both sides, whatever the base asks for."""
_CONFLICT: Final = re.compile(r"ResolutionImpossible|conflict|No solution found", re.IGNORECASE)
"""How pip and uv say that versions do not fit."""
_INSTALLED: Final = """
import json, sys
from importlib.metadata import distributions
print(json.dumps([sys.executable, {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}]))
"""


class _Conflict(Unmeasurable):
    """No versions fit everything that was asked for."""


def interpreter(python: str, folder: Path) -> tuple[str, dict[str, str]]:
    """The path of an interpreter behind whatever starts it, and the versions of what it has, by normalised name.

    Raises Unmeasurable ("B-PYTHON").
    """
    try:
        ended = process.run([python, "-c", _INSTALLED], folder=folder, environment=os.environ, timeout_s=_VENV_S)
    except OSError as error:
        raise Unmeasurable("B-PYTHON", f"head's interpreter cannot be run: {error}") from error
    try:
        executable, installed = json.loads(ended.stdout.splitlines()[-1])
        return str(executable), {dependencies.name_of(name): version for name, version in installed.items()}
    except (ValueError, IndexError, AttributeError) as error:
        raise Unmeasurable("B-PYTHON", f"{python} is no Python that works: {ended.last_words}") from error


def build(base: Path, head: Path, into: Path, *, python: str, title: str, say: Callable[[str], None]) -> str:
    """Make an environment in the folder `into` with what the checkout `base` asks for; gives its interpreter.

    Versions are those of base's lock files; without them head's, but for what base asks for otherwise, so that a new
    release of something else in between is no regression. Raises Unmeasurable ("B-BUILD"), whose reason begins with
    `title`.
    """
    python, installed = interpreter(python, head)
    own = str(into / "bin" / "python")
    _must([python, "-I", "-m", "venv", "--without-pip", str(into)], base, title, _VENV_S)
    pins = dependencies.locked(base) or _unchanged(installed, head, base)
    constraints = into / "constraints.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in sorted(pins.items())), encoding="utf-8")
    install = [*_installer(python, own, "pip" in installed, title), *_wanted(base, installed)]
    try:
        _must([*install, "--constraint", str(constraints)], base, title, _INSTALL_S)
    except _Conflict:
        say(f"{title}: what it needs does not fit the versions that head has; newest ones are taken")
        _must(install, base, title, _INSTALL_S)
    return own


def _unchanged(installed: Mapping[str, str], head: Path, base: Path) -> dict[str, str]:
    """What head has, without that which base asks for in other words."""
    changed = {dependencies.name_of(line) for line in dependencies.asked(head) ^ dependencies.asked(base)}
    return {name: version for name, version in installed.items() if name not in changed and "+" not in version}


def _base_of(python: str) -> str:
    """The interpreter that an environment without pip was made from, where that one has it; else ""."""
    ask = "import sys; print(sys._base_executable)"
    environment = _environment()
    try:
        told = process.run([python, "-I", "-c", ask], folder=Path("/"), environment=environment, timeout_s=_VENV_S)
        base = told.stdout.strip()
        if not os.path.isabs(base) or base == python:
            return ""
        has = process.run(
            [base, "-I", "-m", "pip", "--version"], folder=Path("/"), environment=environment, timeout_s=_VENV_S
        )
    except OSError:
        return ""
    return base if has.status == 0 else ""


def _installer(python: str, own: str, pip: bool, title: str) -> list[str]:
    if pip or (python := _base_of(python)):
        return [python, "-m", "pip", "--python", own, "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", own]
    raise Unmeasurable(
        "B-BUILD", f"{title} needs an environment of its own, and head's Python has no pip: python -m ensurepip"
    )


def _wanted(base: Path, installed: Mapping[str, str]) -> list[str]:
    wanted = [f"{tool}=={installed[tool]}" for tool in _TOOLS if tool in installed]
    wanted += [argument for path in dependencies.requirement_files(base) for argument in ("--requirement", str(path))]
    wanted += dependencies.requirements(base)
    if dependencies.installable(base):
        extras = ",".join(dependencies.extras(base))
        wanted += ["--editable", f"{base}[{extras}]" if extras else str(base)]
    return wanted


def _must(argv: list[str], folder: Path, title: str, timeout_s: float) -> None:
    try:
        ended = process.run(argv, folder=folder, environment=_environment(), timeout_s=timeout_s)
    except OSError as error:
        raise Unmeasurable("B-BUILD", f"{title} cannot be built: {error}") from error
    if ended.status != 0:
        kind = _Conflict if _CONFLICT.search(ended.stderr) else Unmeasurable
        raise kind("B-BUILD", f"{title} does not build: {_error(ended)}")


def _error(ended: process.Ended) -> str:
    """The first error that pip or uv tells of; its last line is often advice."""
    lines: Iterable[str] = (line.strip() for line in ended.stderr.splitlines())
    told = next((line for line in lines if line.lower().startswith(("error:", "× ", "× no solution"))), "")
    return ended.last_words if ended.timed_out or not told else process.printable(told.partition(" ")[2])


def _environment() -> dict[str, str]:
    """Ours, without what would lead pip into another environment."""
    without = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in without}
