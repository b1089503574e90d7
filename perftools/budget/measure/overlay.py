"""Head's benchmark files against both sides: what is measured differs, how it is measured does not."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePath
from typing import Final

BENCHMARK_FOLDERS: Final = frozenset("test tests testing bench benches benchmark benchmarks".split())
"""A folder of such a name holds no code that is measured, so that all of it is taken from head."""
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "*.pyc", ".git", ".venv", "node_modules", ".*_cache")


def lay_over(head: Path, base: Path, file: PurePath) -> None:
    """Give the checkout `base` the benchmark `file` (relative to both) of `head`, and what it may rest on.

    That is the outermost folder around it whose name says that it holds tests or benchmarks; without one, the file
    alone. The conftest.py files of the folders above come along. Raises OSError.
    """
    parts = file.parts[:-1]
    depth = next((at for at, part in enumerate(parts, 1) if part in BENCHMARK_FOLDERS), None)
    chosen = file if depth is None else PurePath(*parts[:depth])
    for folder in (PurePath(*parts[:at]) for at in range(len(chosen.parts))):
        if (head / folder / "conftest.py").is_file():
            _copy(head, base, folder / "conftest.py")
    _copy(head, base, chosen)


def _copy(head: Path, base: Path, what: PurePath) -> None:
    target = base
    for part in what.parts[:-1]:
        target /= part
        if target.is_symlink() or (target.exists() and not target.is_dir()):  # it may lead out of the checkout
            target.unlink()
        target.mkdir(exist_ok=True)
    target /= what.name
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    if (head / what).is_dir():
        shutil.copytree(head / what, target, symlinks=True, ignore=_LEFT_OUT)
    else:
        shutil.copy2(head / what, target)
