"""The private folder for the capture file: made where the target sees it, and gone as soon as the file is open.

The target opens the capture file by its path, once; we open it right after and unlink it and its folder. From then on
it has no name: it takes disk while one of us holds it, and nobody else can come by it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import NamedTuple, Self

CAPTURE = "capture.bin"
BASES = ("/var/tmp", "/tmp")  # noqa: S108 (a folder with a random name, 0700, is made below)
"""Where it may be made, by preference: /var/tmp is on a disk also where /tmp is in memory (FHS 3.0, 5.15)."""
MOST_BYTES = 256 << 20
"""Of a capture file: tracking ends before it is larger."""
SPARE_BYTES = 512 << 20
"""Disk that stays free: others may need some meanwhile."""


class Base(NamedTuple):
    """A folder in which it can be made."""

    path: str
    """As the target sees it."""
    free_bytes: int


def bases(pid: int, uid: int) -> list[Base]:
    """Those folders that the process of user `uid` can reach and nobody can take from it, with what is free there."""
    return [base for path in BASES if (base := _base(pid, uid, path)) is not None]


def _base(pid: int, uid: int, path: str) -> Base | None:
    try:
        descriptor = _open_base(pid, path)
    except OSError:
        return None
    try:
        status, disk = os.fstat(descriptor), os.fstatvfs(descriptor)
        shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
        safe = status.st_uid == 0 and (bool(status.st_mode & stat.S_ISVTX) or not shared)
        reachable = uid == 0 or bool(status.st_mode & stat.S_IXOTH)
        writable = os.access(f"/proc/self/fd/{descriptor}", os.W_OK) and not disk.f_flag & os.ST_RDONLY
        return Base(path, disk.f_bavail * disk.f_frsize) if safe and reachable and writable else None
    finally:
        os.close(descriptor)


def _open_base(pid: int, path: str) -> int:
    """One of ours, in the target's root; a symbolic link in its place is not followed. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.strip("/").split("/"):
            inner = os.open(part, flags, dir_fd=root)
            os.close(root)
            root = inner
    except OSError:
        os.close(root)
        raise
    return root


class Folder:
    """A folder that the target's user alone may enter (0700), until `remove`."""

    def __init__(self, base: int, name: str, inside: int, path: str) -> None:
        self._base, self._name, self._inside = base, name, inside
        self.path = path
        """Of the capture file, as the target sees it."""

    @classmethod
    def make(cls, pid: int, base: str, uid: int, gid: int) -> Self:
        """Make it in one of `BASES`. Raises OSError."""
        above = _open_base(pid, base)
        name = f"perftools-memray-{secrets.token_hex(8)}"
        try:
            os.mkdir(name, 0o700, dir_fd=above)
            inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            if os.geteuid() != uid:
                os.fchown(inside, uid, gid)
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=above)
            os.close(above)
            raise
        return cls(above, name, inside, f"{base}/{name}/{CAPTURE}")

    def open(self) -> int:
        """The capture file, for reading. Raises OSError where it is not there, or no regular file."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO in its place is not waited for
        descriptor = os.open(CAPTURE, flags, dir_fd=self._inside)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError("the capture is not a regular file")
        return descriptor

    def remove(self) -> None:
        """With all that is in it; idempotent. What the target opened stays open to it."""
        if self._inside < 0:
            return
        with contextlib.suppress(OSError):
            for name in os.listdir(self._inside):
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._inside)
        with contextlib.suppress(OSError):
            os.rmdir(self._name, dir_fd=self._base)
        os.close(self._inside)
        os.close(self._base)
        self._inside = self._base = -1
