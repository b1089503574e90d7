"""The audits that were made on this machine, the last ten: they are kept without being asked for.

They stand under XDG_STATE_HOME (XDG Base Directory Specification 0.8) and only their owner may read them.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perftools.record import Audit

KEPT = 10
_NAME = re.compile(r"audit-\d{8}T\d{6}\.\d{6}Z-\d+\.json")
"""By its start and its first pid: in the order of time."""
_UNFINISHED = ".part"
_LONG_AGO_S = 3600.0


def folder() -> str:
    """Where they are kept; under sudo it is root's own, whatever the environment of the caller says. Raises OSError."""
    called_by_another = os.geteuid() == 0 and "SUDO_UID" in os.environ
    state = "" if called_by_another else os.environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):  # the specification has relative paths ignored
        home = "" if called_by_another else os.environ.get("HOME", "")
        try:
            home = home or pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "this user has no home folder", "HOME") from None
        state = os.path.join(home, ".local/state")
    return os.path.join(state, "perftools")


def keep(seen: Audit) -> str:
    """Save an audit beside those before it, of which the last ten stay, and give its path. Raises OSError."""
    from perftools.record import encode

    path = folder()
    started = datetime.fromtimestamp(seen.quality.start_unix_ns / 1e9, tz=UTC)
    name = f"audit-{started:%Y%m%dT%H%M%S.%fZ}-{seen.target.root_pid}.json"
    directory = _open(path)
    try:
        _write(directory, name, encode(seen))
        for old in _names(directory)[:-KEPT]:
            with suppress(FileNotFoundError):  # by another audit that ends now
                os.unlink(old, dir_fd=directory)
        return os.path.join(path, name)
    finally:
        os.close(directory)


def kept() -> list[str]:
    """The paths of those that are kept, the latest first. Raises OSError."""
    path = folder()
    if not os.path.lexists(path):
        return []
    directory = _open(path)
    try:
        return [os.path.join(path, name) for name in reversed(_names(directory))]
    finally:
        os.close(directory)


def _names(directory: int) -> list[str]:
    return sorted(name for name in os.listdir(directory) if _NAME.fullmatch(name))


def _write(directory: int, name: str, content: bytes) -> None:
    """In one step: what is cut short by a full disk is not there at all."""
    unfinished = f"{name}{_UNFINISHED}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    _clean_up(directory)
    try:
        with open(os.open(unfinished, flags, 0o600, dir_fd=directory), "wb") as file:
            file.write(content)
        os.replace(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=directory)
        raise


def _clean_up(directory: int) -> None:
    """Remove what an audit that was killed has left behind."""
    for name in os.listdir(directory):
        if name.endswith(_UNFINISHED):
            with suppress(FileNotFoundError):  # another one cleans up too
                if os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime < time.time() - _LONG_AGO_S:
                    os.unlink(name, dir_fd=directory)


def _open(path: str) -> int:
    """A descriptor of the folder, which is made where it is missing (0700).

    Raises OSError, also where another user could have put something in its way: each folder and link of the path must
    be ours or root's, and its folders must not let others replace what is in them.
    """
    for part in _parts(path):
        try:
            os.mkdir(part, 0o700)
        except FileExistsError:
            pass
        except OSError:  # read-only: as good where it is there
            if not os.path.lexists(part):
                raise
        _check(part)
    for part in _parts(os.path.realpath(path)):
        _check(part)
    descriptor = os.open(os.path.realpath(path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    there = os.fstat(descriptor)
    try:
        if there.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "it is another user's", path)
        if there.st_mode & 0o077:
            os.fchmod(descriptor, 0o700)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _parts(path: str) -> Iterator[Path]:
    """The path's folders, from the root on."""
    yield from reversed(Path(path).parents)
    yield Path(path)


def _check(part: Path) -> None:
    there = os.lstat(part)
    others = there.st_mode & (stat.S_IWOTH if there.st_gid in (0, os.getegid()) else stat.S_IWOTH | stat.S_IWGRP)
    replaceable = stat.S_ISDIR(there.st_mode) and others and not there.st_mode & stat.S_ISVTX
    if there.st_uid not in (0, os.geteuid()) or replaceable:
        raise PermissionError(errno.EPERM, "another user could have put it there", str(part))
