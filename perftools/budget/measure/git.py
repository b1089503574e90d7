"""The git command: no prompt, no hook, no lock that is not needed, and none of the variables of a surrounding git."""

from __future__ import annotations

import os
from pathlib import Path

from perftools.budget.measure import process
from perftools.budget.model import Unmeasurable

_TIMEOUT_S = 120.0
_LOCAL = frozenset(
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG GIT_DIR GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE "
    "GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX "
    "GIT_QUARANTINE_PATH GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE".split()
)
"""Of `git rev-parse --local-env-vars`: set inside a hook, where they would point at the user's index."""
_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false")


class GitFailed(Exception):
    """A git command ended with an error; the text is what it said."""


def git(folder: Path, *arguments: str, timeout_s: float = _TIMEOUT_S) -> str:
    """What a git command prints, without the last newline (at most its last 64 KiB).

    Raises GitFailed, and Unmeasurable where there is no git.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _LOCAL}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        ended = process.run(["git", *_QUIET, *arguments], folder=folder, environment=environment, timeout_s=timeout_s)
    except OSError as error:
        raise Unmeasurable("B-BASE", f"the commit to compare with cannot be found: {error}") from error
    if ended.status != 0:
        raise GitFailed(_said(ended, folder))
    return ended.stdout.removesuffix("\n")


def _said(ended: process.Ended, folder: Path) -> str:
    """The first of its errors, since what follows is advice."""
    lines = [line for line in ended.stderr.splitlines() if line.startswith(("fatal: ", "error: "))]
    said = process.printable(lines[0].partition(": ")[2]) if lines else ended.last_words
    if "dubious ownership" in said:  # usual where CI runs in a container
        return f"{said}: git config --global --add safe.directory {folder}"
    return said
