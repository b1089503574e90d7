"""Where CPython's runtime lies in a process: the program or libpython that is mapped there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from perftools.remote.elf import Image, open_regular, read_image
from perftools.remote.memory import Memory, Unreadable

_PAGE = 4096
_UNLIKELY = 2
_HEAD = 512
"""Bytes of a file that are compared with what is mapped: the ELF header and its segments."""


class Mapping(NamedTuple):
    """A file-backed line of /proc/PID/maps."""

    start: int
    end: int
    offset: int
    device: str
    inode: int
    executable: bool
    path: str


class Found(NamedTuple):
    """CPython in one process."""

    runtime: int
    """Address of `_PyRuntime`."""
    runtime_bytes: int
    """Its size."""
    version_symbol: int | None
    """Address of `Py_Version` (from 3.11 on)."""
    version: str
    path: str


def file_mappings(pid: int) -> list[Mapping]:
    """The file-backed mappings of a process, by address. Raises Unreadable."""
    mappings = []
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                parts = line.rstrip("\n").split(maxsplit=5)
                if len(parts) == 6 and parts[5].startswith("/"):
                    start, _, end = parts[0].partition("-")
                    place = int(start, 16), int(end, 16), int(parts[2], 16)
                    mappings.append(Mapping(*place, parts[3], int(parts[4]), "x" in parts[1], parts[5]))
    except PermissionError as error:
        raise Unreadable("the kernel does not let us see this process's mappings", "V-NORIGHT") from error
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Unreadable("the process has ended", "V-GONE") from error
    except (OSError, ValueError) as error:
        raise Unreadable(f"/proc/{pid}/maps: {error}") from error
    return mappings


def find_runtime(memory: Memory) -> Found:
    """Find `_PyRuntime` in the program or its libpython. Raises Unreadable: no CPython, a foreign machine, no right."""
    groups = _mapped_files(memory.pid)
    reasons = []
    for group in sorted(groups, key=_likelihood):
        if _likelihood(group) == _UNLIKELY:
            break
        try:
            image = _open_image(memory, group)
            if "_PyRuntime" in image.symbols:
                bias = _load_bias(image, group)
                version = image.symbols.get("Py_Version")
                return Found(
                    image.symbols["_PyRuntime"] + bias,
                    image.sizes["_PyRuntime"],
                    None if version is None else version + bias,
                    image.version or _version_in_name(group[0].path),
                    group[0].path,
                )
        except Unreadable as error:
            if error.code in ("V-NORIGHT", "V-GONE"):
                raise
            reasons.append(f"{group[0].path}: {error.reason}")
    if not groups:
        raise Unreadable("the process has no mapped files (it is starting, or ended)", "V-GONE")
    raise Unreadable("; ".join(reasons) or "no _PyRuntime in the program or a libpython", "V-BUILD")


def find_section(memory: Memory, section: str, module: str) -> int | None:
    """Where a section lies that an extension module of CPython has, in its own file or in one it is built into.

    None where the module is not loaded. Raises Unreadable: its file cannot be read, or has no such section.
    """
    groups = _mapped_files(memory.pid)
    own = [group for group in groups if os.path.basename(group[0].path).startswith(f"{module}.")]
    for group in own or sorted(groups, key=_likelihood):
        if not own and _likelihood(group) == _UNLIKELY:
            break
        image = _open_image(memory, group)
        if section in image.sections:
            return image.sections[section] + _load_bias(image, group)
    if own:
        raise Unreadable(f"{own[0][0].path} has no section {section}", "V-BUILD")
    return None


def _mapped_files(pid: int) -> list[list[Mapping]]:
    """The mappings of each file."""
    groups: dict[tuple[str, int], list[Mapping]] = {}
    for mapping in file_mappings(pid):
        groups.setdefault((mapping.device, mapping.inode), []).append(mapping)
    return list(groups.values())


def _likelihood(group: list[Mapping]) -> int:
    """The order in which to look: a libpython, then the program; not other libraries, nor files that hold data."""
    name = os.path.basename(group[0].path)
    if not any(mapping.executable for mapping in group):
        return _UNLIKELY
    return 0 if name.startswith("libpython3") else _UNLIKELY if re.search(r"\.so\b", name) else 1


def _version_in_name(path: str) -> str:
    match = re.search(r"python(3\.\d+)", os.path.basename(path))
    return f"{match.group(1)}.0" if match else ""


def _load_bias(image: Image, group: list[Mapping]) -> int:
    if not image.relocatable:
        return 0
    for offset, address in image.segments:
        for mapping in group:
            if mapping.offset == offset - offset % _PAGE:
                return mapping.start - (address - address % _PAGE)
    raise Unreadable("its segments are not mapped as the file says", "V-BUILD")


def _open_image(memory: Memory, group: list[Mapping]) -> Image:
    """Read a mapped file. Its path may lead to another one (replaced, a mount namespace), so its start is compared."""
    first = next((mapping for mapping in group if mapping.offset == 0), None)
    if first is None:
        raise Unreadable("the start of the file is not mapped")
    head = memory.read(first.start, _HEAD)
    if not head.startswith(b"\x7fELF"):
        raise Unreadable("no ELF file")
    problem = "its file cannot be opened"
    for path in _ways(memory.pid, first):
        try:
            with open_regular(path) as file:
                if file.read(len(head)) != head:
                    problem = "its file was replaced since the process started"
                    continue
            return read_image(path)
        except OSError:
            continue
    raise Unreadable(problem)


def _ways(pid: int, mapping: Mapping) -> Iterator[str]:
    """Paths to a mapped file, most trustworthy first; map_files needs CAP_CHECKPOINT_RESTORE."""
    yield f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}"
    try:
        if os.readlink(f"/proc/{pid}/exe") == mapping.path:
            yield f"/proc/{pid}/exe"
    except OSError:
        pass
    yield f"/proc/{pid}/root{mapping.path}"
    yield mapping.path
