"""The base checked out beside the working tree, which stays as it is, and so do its index and branches."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from perftools.budget.measure.git import GitFailed, git
from perftools.budget.measure.process import undisturbed
from perftools.budget.model import Unmeasurable

_TIMEOUT_S = 600.0
"""Large repositories, and those that fetch what they check out (partial clones, LFS)."""


@contextlib.contextmanager
def checked_out(repository: Path, commit: str, into: Path) -> Iterator[None]:
    """The files of `commit` in the new folder `into`, until the `with` ends, in whatever way.

    By `git worktree`; where we may not write into the repository, by a clone that borrows its objects. Raises
    Unmeasurable ("B-BASE").
    """
    try:
        _check_out(repository, commit, into)
        yield
    finally:
        with undisturbed():
            with contextlib.suppress(GitFailed, Unmeasurable):  # it knows nothing of a clone
                git(repository, "worktree", "remove", "--force", "--force", str(into))
            shutil.rmtree(into, ignore_errors=True)


def _check_out(repository: Path, commit: str, into: Path) -> None:
    try:
        git(repository, "worktree", "add", "--detach", "--quiet", str(into), commit, timeout_s=_TIMEOUT_S)
    except GitFailed:
        try:
            _clone(repository, commit, into)
        except (GitFailed, OSError) as problem:
            reason = f"the base {commit[:9]} cannot be checked out: {problem}"
            raise Unmeasurable("B-BASE", reason) from problem


def _clone(repository: Path, commit: str, into: Path) -> None:
    """What `git clone --shared` does, for shallow clones too: nothing but the objects is taken, and none is copied."""
    shutil.rmtree(into, ignore_errors=True)
    objects, shallow = (
        (repository / git(repository, "rev-parse", "--git-path", name)).resolve() for name in ("objects", "shallow")
    )
    git(repository, "init", "--quiet", str(into))
    (into / ".git/objects/info").mkdir(exist_ok=True)
    (into / ".git/objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
    if shallow.exists():
        shutil.copyfile(shallow, into / ".git/shallow")
    git(into, "checkout", "--detach", "--quiet", commit, timeout_s=_TIMEOUT_S)
