"""The sample repository for the tests of how budgets are measured, and what they look at."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from perftools.budget.model import Budget, Metric

SAMPLE = Path(__file__).with_name("budget_repo")
TARGET = "tests/speed.py::test_score"
SLOWER = ("((user * factor) % 97) / 97 for", "round(((user * factor) % 97) / 97, 6) for")
"""What makes features.encode about twice as slow."""

_AS = ("-c", "user.name=Sample", "-c", "user.email=sample@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *_AS, *arguments],
        cwd=folder,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    """The sample in a new repository, with one commit on main, and the branch `work` checked out."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "first")
    git(folder, "checkout", "--quiet", "-b", "work")
    return folder


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def budget(target: str = TARGET, metric: Metric = "cpu_time", **more: object) -> Budget:
    limits = more or {"max_regression": 0.1}
    return Budget(id="score", target=target, metric=metric, path="pyproject.toml", line=9, **limits)  # type: ignore[arg-type]


def state(folder: Path) -> tuple[str, ...]:
    """All that a measurement must leave as it is."""
    index = (folder / ".git" / "index").read_bytes().hex()
    files = sorted(str(path) for path in folder.rglob("*") if ".git" not in path.parts)
    told = ("branch", "--all"), ("status", "--porcelain", "--ignored"), ("worktree", "list"), ("rev-parse", "HEAD")
    return index, *files, *(git(folder, "--no-optional-locks", *each) for each in told)
