"""Reading /proc, and files as another process sees them: every read is bounded and nothing found there is trusted.

`Proc(root)` reads below `root`, so that tests can point at a recorded tree. Formats: proc(5); fields of
/proc/PID/stat are counted from 1 as there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_DELETED = " (deleted)"
_SYMLINKS = 40  # as many as the kernel follows: MAXSYMLINKS, path_resolution(7)


class Stat(NamedTuple):
    """What /proc/PID/stat says that finding a service needs."""

    pid: int
    comm: str
    state: str
    parent: int
    cpu_ticks: int
    """User and system time of all its threads, those that ended too (fields 14 and 15)."""
    threads: int
    start_ticks: int
    stack_start: int
    """Bottom of the main stack (field 28). execve chooses a new one at random and fork keeps it, so equal ones mean a
    fork. 0 where we may not read it."""


class Mapping(NamedTuple):
    """One line of /proc/PID/maps."""

    start: int
    end: int
    permissions: str
    path: str
    """As the process sees it, with " (deleted)" behind it where the file is no longer there."""


@dataclass(frozen=True)
class Proc:
    """The process table of a machine, or of a recorded tree below `root`."""

    root: str = "/"

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """At most `limit` bytes of a file below the root ("proc/7/stat"). Raises OSError."""
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read(limit)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        """The same as text; "" where there is no such file or it may not be read."""
        try:
            return self.read(path, limit).decode(errors="replace")
        except OSError:
            return ""

    @property
    def own_pid(self) -> int:
        """Ours; 0 in a recorded tree."""
        try:
            return int(os.readlink(os.path.join(self.root, "proc/self")))
        except OSError:
            return 0

    def pids(self) -> list[int]:
        return sorted(int(name) for name in os.listdir(os.path.join(self.root, "proc")) if name.isdecimal())

    def stat(self, pid: int) -> Stat | None:
        """None where there is no such process (also of one that ended while it was read)."""
        head, _, tail = self.text(f"proc/{pid}/stat", 4096).rpartition(")")
        fields = tail.split()
        if len(fields) < 26:
            return None
        return Stat(
            pid=pid,
            comm=head.partition("(")[2],
            state=fields[0],
            parent=int(fields[1]),
            cpu_ticks=int(fields[11]) + int(fields[12]),
            threads=int(fields[17]),
            start_ticks=int(fields[19]),
            stack_start=int(fields[25]),
        )

    def status(self, pid: int | str) -> dict[str, str]:
        """The lines of /proc/PID/status; empty where there is no such process. Of a thread id: its own status."""
        lines = self.text(f"proc/{pid}/status", 65536).splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def cmdline(self, pid: int) -> tuple[str, ...]:
        """The arguments, or the one title that the process wrote over them; () of a kernel thread or a zombie."""
        return _strings(self.text(f"proc/{pid}/cmdline", 131072).rstrip("\0 "))

    def environ(self, pid: int) -> dict[str, str]:
        """The environment that the process was started with; empty where we may not read it."""
        pairs = _strings(self.text(f"proc/{pid}/environ", 262144))
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}

    def executable(self, pid: int) -> str | None:
        """The path of its program, as it sees it; "" where it has none (kernel thread, zombie, gone).

        None where we may not ask.
        """
        try:
            return os.readlink(os.path.join(self.root, f"proc/{pid}/exe")).removesuffix(_DELETED)
        except PermissionError:
            return None
        except OSError:
            return ""

    def link(self, pid: int, name: str) -> str:
        """What /proc/PID/NAME points at; "" where that cannot be read."""
        try:
            return os.readlink(os.path.join(self.root, f"proc/{pid}/{name}"))
        except OSError:
            return ""

    def maps(self, pid: int) -> list[Mapping]:
        """Its mappings; empty where we may not read them."""
        return list(mappings(self.text(f"proc/{pid}/maps", 4 << 20)))

    def any_thread_runs(self, pid: int) -> bool:
        """Whether one of its threads is running or runnable at this instant."""
        try:
            threads = os.listdir(os.path.join(self.root, f"proc/{pid}/task"))
        except OSError:
            return False
        stats = (self.text(f"proc/{pid}/task/{tid}/stat", 4096).rpartition(")")[2] for tid in threads)
        return any(fields.split()[:1] == ["R"] for fields in stats)

    def sockets(self, pid: int) -> set[int]:
        """Inodes of its sockets; empty where we may not look."""
        folder = os.path.join(self.root, f"proc/{pid}/fd")
        inodes = set()
        try:
            for name in os.listdir(folder):
                match = re.fullmatch(r"socket:\[(\d+)\]", self.link(pid, f"fd/{name}"))
                if match:
                    inodes.add(int(match[1]))
        except OSError:
            pass
        return inodes

    def open_inside(self, pid: int, path: str) -> BinaryIO:
        """A regular file that the process sees as `path`, open for reading. Raises OSError."""
        descriptor = self._find_inside(pid, path)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"not a regular file: {path}")
            # only found until here, not opened: a FIFO or a device behind the name was never touched
            return open(f"/proc/self/fd/{descriptor}", "rb")
        finally:
            os.close(descriptor)

    def open_executable(self, pid: int) -> BinaryIO:
        """The file of its program, also where that was deleted or replaced since. Raises OSError."""
        try:
            return open(os.path.join(self.root, f"proc/{pid}/exe"), "rb")
        except OSError:
            return self.open_inside(pid, self.executable(pid) or "")

    def read_inside(self, pid: int, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a regular file that the process sees as `path`. Raises OSError."""
        with self.open_inside(pid, path) as file:
            return file.read(limit)

    def list_inside(self, pid: int, path: str, limit: int) -> list[str]:
        """At most `limit` names in a folder that the process sees as `path`; empty where there is none."""
        try:
            descriptor = self._find_inside(pid, path)
        except OSError:
            return []
        try:
            with os.scandir(f"/proc/self/fd/{descriptor}") as entries:
                return [entry.name for entry, _ in zip(entries, range(limit), strict=False)]
        except OSError:
            return []
        finally:
            os.close(descriptor)

    def exists_inside(self, pid: int, path: str) -> bool:
        """Whether the process sees something at `path`."""
        try:
            os.close(self._find_inside(pid, path))
        except OSError:
            return False
        return True

    def _find_inside(self, pid: int, path: str) -> int:
        """An O_PATH descriptor of what the process sees as `path`.

        /proc/PID/root does not confine absolute symlinks below it: they would lead to files of our own root. So each
        component is opened by itself, and a symlink's target is walked from the target's root.
        """
        flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
        open_folders = [os.open(os.path.join(self.root, f"proc/{pid}/root"), os.O_PATH | os.O_CLOEXEC)]
        todo = [part for part in path.split("/") if part not in ("", ".")][::-1]
        links = 0
        try:
            while todo:
                part = todo.pop()
                if part == "..":
                    if len(open_folders) > 1:
                        os.close(open_folders.pop())
                    continue
                open_folders.append(os.open(part, flags, dir_fd=open_folders[-1]))
                if stat.S_ISLNK(os.fstat(open_folders[-1]).st_mode):
                    links += 1
                    if links > _SYMLINKS:
                        raise OSError(f"too many symbolic links: {path}")
                    link = open_folders.pop()
                    try:
                        aim = os.readlink("", dir_fd=link)
                    finally:
                        os.close(link)
                    if aim.startswith("/"):
                        while len(open_folders) > 1:
                            os.close(open_folders.pop())
                    todo += [piece for piece in aim.split("/") if piece not in ("", ".")][::-1]
            return open_folders.pop()
        finally:
            for descriptor in open_folders:
                os.close(descriptor)


HOST = Proc()


def _strings(text: str) -> tuple[str, ...]:
    return tuple(text.removesuffix("\0").split("\0")) if text else ()


def mappings(text: str) -> Iterator[Mapping]:
    """The lines of a maps file; those that are none are left out."""
    for line in text.splitlines():
        fields = line.split(maxsplit=5)
        start, dash, end = fields[0].partition("-") if len(fields) >= 5 else ("", "", "")
        if dash:
            yield Mapping(int(start, 16), int(end, 16), fields[1], fields[5] if len(fields) == 6 else "")
