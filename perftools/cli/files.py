"""The output file: found unwritable before the window, not after it."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile

from perftools.errors import OutputUnwritable


def check_writable(path: str, *, again: str, option: str = "-o") -> None:
    """Raise OutputUnwritable unless a file can be made beside `path` and take its place. Leaves nothing behind.

    `again` is the command line without its output, for the advice of the error, and `option` the one that names it.
    """
    directory = os.path.dirname(path) or os.curdir
    elsewhere = os.path.join(tempfile.gettempdir(), os.path.basename(path) or "audit.json")
    try:
        try:
            _make_and_forget(directory)
        except FileNotFoundError:
            raise _unwritable(path, "there is no such folder", f"mkdir -p {shlex.quote(directory)}") from None
        why = _not_replaceable(path, directory)
    except OSError as error:
        why = error.strerror or "it cannot be read"
    if why:
        raise _unwritable(path, why, f"{again} {option} {shlex.quote(elsewhere)}")


def _not_replaceable(path: str, directory: str) -> str | None:
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(there.st_mode):  # to replace a link, a device or a pipe is never what was meant
        return "it is there and no plain file"
    if not may_replace(there, os.stat(directory), user=os.geteuid()):
        return "it is another user's, in a folder where only its owner may replace it"
    return None


def _make_and_forget(directory: str) -> None:
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except (IsADirectoryError, NotADirectoryError, PermissionError, FileNotFoundError):
        raise
    except OSError:  # a file system without unnamed files
        descriptor, name = tempfile.mkstemp(prefix=".perftools-", dir=directory)
        os.close(descriptor)
        os.unlink(name)


def may_replace(there: os.stat_result, directory: os.stat_result, *, user: int) -> bool:
    """Whether `user`, who may write to the directory, may rename another file over this one (unlink(2), EPERM)."""
    sticky = bool(directory.st_mode & stat.S_ISVTX)
    return not sticky or user in (0, there.st_uid, directory.st_uid)


def _unwritable(path: str, why: str, command: str) -> OutputUnwritable:
    return OutputUnwritable(
        f"cannot write {path}: {why}",
        looked_at={"folder": os.path.dirname(path) or os.curdir, "uid": os.geteuid()},
        commands=(command,),
    )
