"""Which commit head is compared with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from perftools.budget.measure.git import GitFailed, git
from perftools.budget.model import Unmeasurable

MERGE_BASE: Final = "merge-base"

_TARGETS: Final = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""The branch that a pull request is to go into (docs.github.com, "Variables"; docs.gitlab.com, "Predefined CI/CD
variables"); empty elsewhere."""
_BRANCHES: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_DEEPEN: Final = 100


class Base(NamedTuple):
    """The commit to compare with."""

    commit: str
    """Its full id."""
    what: str
    """What it is: "the merge base with origin/main"."""


def choose(repository: Path, *, asked: str | None, baseline: str = MERGE_BASE) -> Base:
    """The base of the work in `repository`, a folder in a git checkout; head is its working tree.

    It is the merge base with `asked`, a revision; else `baseline`, a revision, as it is; else the merge base with the
    branch that a pull request goes into, with origin/HEAD, main or master. Where that is HEAD itself (CI on main), the
    parent commit; a changed working tree is compared with HEAD, and so is everything where HEAD is asked for.

    Raises Unmeasurable: "B-SHALLOW" with the command that fetches what is missing, else "B-BASE".
    """
    try:
        head = git(repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitFailed as problem:
        raise Unmeasurable("B-BASE", f"there is no commit to compare with: {problem}") from problem
    if asked is None and baseline != MERGE_BASE:
        return Base(_known(repository, baseline), baseline)
    if asked == "HEAD":
        return Base(head, "HEAD")
    branch = asked or _branch(repository)
    base = _merge_base(repository, head, _known(repository, branch), branch)
    if base != head:
        return Base(base, f"the merge base with {branch}")
    if _changed(repository):
        return Base(head, "HEAD, which the working tree differs from")
    return Base(_parent(repository), f"the parent of HEAD, as HEAD is on {branch}")


def _branch(repository: Path) -> str:
    for variable in _TARGETS:
        if target := os.environ.get(variable):
            return f"origin/{target}"
    found = next((branch for branch in _BRANCHES if _commit(repository, branch)), None)
    if found is None:
        raise Unmeasurable(
            "B-BASE", "no branch to compare with is known here (origin/HEAD, main, master): give --base REV"
        )
    return found


def _known(repository: Path, revision: str) -> str:
    commit = _commit(repository, revision)
    if commit is None:
        raise _missing(repository, revision, f"{revision} is not known in this checkout")
    return commit


def _merge_base(repository: Path, head: str, other: str, revision: str) -> str:
    try:
        return git(repository, "merge-base", head, other)
    except GitFailed as problem:
        raise _missing(repository, revision, f"HEAD and {revision} have no common commit in this checkout") from problem


def _parent(repository: Path) -> str:
    commit = _commit(repository, "HEAD^")
    if commit is None:
        if _shallow(repository):
            raise Unmeasurable("B-SHALLOW", "the parent of HEAD is not in this shallow clone: git fetch --deepen=1")
        raise Unmeasurable("B-BASE", "HEAD is the first commit: there is nothing before it to compare with")
    return commit


def _missing(repository: Path, revision: str, what: str) -> Unmeasurable:
    branch = revision.removeprefix("origin/")
    remote = f"origin +refs/heads/{branch}:refs/remotes/origin/{branch}"
    if _shallow(repository):
        fetch = f"git fetch --deepen={_DEEPEN} {remote if branch != revision else 'origin'}"
        return Unmeasurable("B-SHALLOW", f"{what}, which is a shallow clone: {fetch}")
    if branch not in (revision, "HEAD"):
        return Unmeasurable("B-BASE", f"{what}: git fetch {remote}")
    return Unmeasurable("B-BASE", f"{what}: give another --base REV")


def _commit(repository: Path, revision: str) -> str | None:
    if revision.startswith("-"):
        return None
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") or None
    except GitFailed:
        return None


def _shallow(repository: Path) -> bool:
    return git(repository, "rev-parse", "--is-shallow-repository") == "true"


def _changed(repository: Path) -> bool:
    return bool(git(repository, "status", "--porcelain", "--untracked-files=no"))
