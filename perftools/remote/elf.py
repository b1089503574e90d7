"""Where CPython's runtime lies in a process: symbols of the mapped program or libpython, looked up in their files."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from perftools.remote.memory import Memory, Unreadable

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.segments import Segment

_PAGE = 4096
_MAX_SCAN = 64 << 20
_NAMES = ("_PyRuntime", "Py_Version")
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
_VERSION_TEXT = re.compile(rb"(3\.(?:8|9|10)\.\d{1,2})\+?\0")
"""PY_VERSION as Python/getversion.c compiles it in; from 3.11 on the symbol Py_Version says it."""


class Mapping(NamedTuple):
    """A file-backed line of /proc/PID/maps."""

    start: int
    end: int
    offset: int
    device: str
    inode: int
    path: str


class Image(NamedTuple):
    """What an ELF file says of CPython; addresses are the file's own, before the load bias."""

    machine: str
    segments: tuple[tuple[int, int], ...]
    """File offset and address of each loaded segment."""
    symbols: dict[str, int]
    version: str
    """A CPython's before 3.11, as "3.9.18"; "" where the file does not tell."""
    relocatable: bool


class Found(NamedTuple):
    """CPython in one process."""

    runtime: int
    """Address of `_PyRuntime`."""
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
                    mappings.append(
                        Mapping(int(start, 16), int(end, 16), int(parts[2], 16), parts[3], int(parts[4]), parts[5])
                    )
    except PermissionError as error:
        raise Unreadable("the kernel does not let us see this process's mappings", "V-NORIGHT") from error
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Unreadable("the process has ended", "V-GONE") from error
    except (OSError, ValueError) as error:
        raise Unreadable(f"/proc/{pid}/maps: {error}") from error
    return mappings


def find_runtime(memory: Memory) -> Found:
    """Find `_PyRuntime` in the program or its libpython. Raises Unreadable: no CPython, a foreign machine, no right."""
    groups: dict[tuple[str, int], list[Mapping]] = {}
    for mapping in file_mappings(memory.pid):
        groups.setdefault((mapping.device, mapping.inode), []).append(mapping)
    reasons = []
    for group in sorted(groups.values(), key=_likelihood):
        if _likelihood(group) == 2:
            break
        try:
            image = _open_image(memory, group)
            if "_PyRuntime" in image.symbols:
                bias = _load_bias(image, group)
                version = image.symbols.get("Py_Version")
                return Found(
                    image.symbols["_PyRuntime"] + bias,
                    None if version is None else version + bias,
                    image.version or _version_in_name(group[0].path),
                    group[0].path,
                )
        except Unreadable as error:
            reasons.append(f"{group[0].path}: {error.reason}")
    if not groups:
        raise Unreadable("the process has no mapped files (it is starting, or ended)", "V-GONE")
    raise Unreadable("; ".join(reasons) or "no _PyRuntime in the program or a libpython", "V-BUILD")


def _likelihood(group: list[Mapping]) -> int:
    name = os.path.basename(group[0].path)
    return 0 if name.startswith("libpython3") else 1 if not re.search(r"\.so\b", name) else 2


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
    head = memory.read(first.start, 512)
    if not head.startswith(b"\x7fELF"):
        raise Unreadable("no ELF file")
    problem = "its file cannot be opened"
    for path in _ways(memory.pid, first):
        try:
            with open(path, "rb", opener=_regular) as file:
                if file.read(len(head)) != head:
                    problem = "its file was replaced since the process started"
                    continue
                status = os.fstat(file.fileno())
                return _read_image(_Key(path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size))
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


def _regular(path: str, flags: int) -> int:
    """Open without blocking on a pipe or a device that took the file's place."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    if not os.path.isfile(f"/proc/self/fd/{descriptor}"):
        os.close(descriptor)
        raise OSError("no regular file")
    return descriptor


class _Key(NamedTuple):
    """A file's identity; the path is only the way to it."""

    path: str
    device: int
    inode: int
    mtime_ns: int
    size: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self[1:] == other[1:]

    def __hash__(self) -> int:
        return hash(self[1:])


@functools.lru_cache(maxsize=64)
def _read_image(key: _Key) -> Image:
    from elftools.elf.elffile import ELFFile

    with open(key.path, "rb", opener=_regular) as file:
        try:
            elf = ELFFile(file)
            machine = _MACHINES.get(elf["e_machine"], "")
            if not machine or elf.elfclass != 64 or not elf.little_endian:
                raise Unreadable("neither x86-64 nor aarch64, 64 bits, little-endian", "V-BUILD")
            segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
            symbols = _symbols(elf)
            before_3_11 = "_PyRuntime" in symbols and "Py_Version" not in symbols
            return Image(
                machine,
                tuple((segment["p_offset"], segment["p_vaddr"]) for segment in segments),
                symbols,
                _constant_version(file, segments) if before_3_11 else "",
                elf["e_type"] == "ET_DYN",
            )
        except Unreadable:
            raise
        except Exception as error:  # what pyelftools raises on a malformed file is not bounded
            raise Unreadable(f"the ELF file cannot be read: {type(error).__name__}: {error}") from error


def _symbols(elf: ELFFile) -> dict[str, int]:
    """The addresses of CPython's symbols: by hash where the file has one, else by a scan; stripped files keep .dynsym."""
    found = {}
    for name in _NAMES:
        for section_name in (".gnu.hash", ".hash"):
            table: Any = elf.get_section_by_name(section_name)
            symbol = table.get_symbol(name) if table is not None else None
            if symbol is not None and symbol["st_shndx"] != "SHN_UNDEF":
                found[name] = int(symbol["st_value"])
    return found if "_PyRuntime" in found else _scan_symbols(elf)


def _scan_symbols(elf: ELFFile) -> dict[str, int]:
    from elftools.elf.dynamic import DynamicSegment

    tables: list[Any] = [elf.get_section_by_name(name) for name in (".dynsym", ".symtab")]
    if elf.num_sections() == 0:  # the section table is stripped too
        tables = [segment for segment in elf.iter_segments() if isinstance(segment, DynamicSegment)]
    for table in tables:
        symbols = table.iter_symbols() if table is not None else ()
        found = {
            symbol.name: int(symbol["st_value"])
            for symbol in symbols
            if symbol.name in _NAMES and symbol["st_shndx"] != "SHN_UNDEF"
        }
        if "_PyRuntime" in found:
            return found
    return {}


def _constant_version(file: IO[bytes], segments: Iterable[Segment]) -> str:
    """The version compiled into a CPython before 3.11, "" where it cannot be told."""
    for segment in segments:
        file.seek(segment["p_offset"])
        data = file.read(min(segment["p_filesz"], _MAX_SCAN))
        found = set()
        for minor in (b"3.8.", b"3.9.", b"3.10."):
            at = data.find(minor)  # much faster than a regular expression, over megabytes
            while at >= 0:
                match = _VERSION_TEXT.match(data, at)
                # no further digit before it; the linker may have merged it with the end of a path
                if match and data[at - 1 : at] not in b".0123456789":
                    found.add(match.group(1).decode())
                at = data.find(minor, at + 1)
        if len(found) == 1:
            return found.pop()
    return ""
