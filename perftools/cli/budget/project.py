"""The project that the commands work on: its budgets, and the folder that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from perftools.errors import FileError, UsageError

if TYPE_CHECKING:
    from perftools.budget.model import Budgets

_TABLE = "[tool.perftools.budgets"
_LARGEST_BYTES = 1 << 20


def root() -> Path:
    """The next folder from the current one upwards that holds budgets, within the repository; else the current one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "perf-budgets.toml").exists() or _in_pyproject(folder):
            return folder
        if (folder / ".git").exists():
            break
    return here


def refuse_second_file(folder: Path) -> None:
    """Raise FileError where pyproject.toml holds budgets already: two files of them would be an error."""
    if _in_pyproject(folder):
        raise FileError("pyproject.toml holds budgets already; nothing was written", commands=("perf budget check",))


def chosen(budgets: Budgets, ids: Sequence[str]) -> Budgets:
    """The budgets with these ids alone, or all. Raises UsageError for an unknown id."""
    import msgspec

    known = [budget.id for budget in budgets.budgets]
    for each in ids:
        if each not in known:
            raise UsageError(f"there is no budget {each!r} in {budgets.path}; there are: {', '.join(known)}")
    if not ids:
        return budgets
    return msgspec.structs.replace(
        budgets,
        budgets=tuple(budget for budget in budgets.budgets if budget.id in ids),
        waivers=tuple(waiver for waiver in budgets.waivers if waiver.budget in ids),
    )


def _in_pyproject(folder: Path) -> bool:
    try:
        with (folder / "pyproject.toml").open(encoding="utf-8", errors="replace") as stream:
            return _TABLE in stream.read(_LARGEST_BYTES)
    except OSError:
        return False
