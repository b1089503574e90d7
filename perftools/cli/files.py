"""The output file: found unwritable before the window, not after it."""

from __future__ import annotations

import os
import stat
import tempfile

from perftools.errors import OutputUnwritable


def check_writable(path: str) -> None:
    """Raise OutputUnwritable unless a file can be made beside `path` and take its place. Leaves nothing behind."""
    directory = os.path.dirname(path) or os.curdir
    try:
        _make_and_forget(directory)
    except OSError as error:
        raise _unwritable(path, error.strerror or "cannot be written") from error
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error.strerror or "cannot be read") from error
    if not stat.S_ISREG(there.st_mode):  # to replace a link, a device or a pipe is never what was meant
        raise _unwritable(path, "it is there and no plain file")
    if not may_replace(there, os.stat(directory), user=os.geteuid()):
        raise _unwritable(path, "it is another user's, and the folder is sticky")


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


def _unwritable(path: str, why: str) -> OutputUnwritable:
    return OutputUnwritable(f"cannot write {path}: {why}", looked_at={"folder": os.path.dirname(path) or os.curdir})
